// next.h -- `next` and `pairs` for weir's Lua states.
//
// The LuaJIT of Debian 12 (2.1, March 2022) may crash in compiled loops over a table:
// where the register allocator swaps the two results of its own `next`, it does so
// with a 32-bit exchange, and the pointer among them loses its upper half. A C
// function is never compiled into a trace, which goes on behind the call.
//
// Owns     nothing.
// Threads  the state's.

#pragma once

struct lua_State;

// Puts functions of our own in the place of the globals `next` and `pairs`.
void weir_host_replace_next(struct lua_State *state);
