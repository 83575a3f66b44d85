// modules.h -- where a state finds weir's modules: in the files that the binary
// carries, before it looks at the disk.
//
// Owns     nothing.
// Threads  that of the state.
// Errors   Lua's, so it is called in protected mode.

#pragma once

struct lua_State;

// Adds a searcher, and weir.embedded; not in the library that specs load, which carries
// nothing: the tree is read instead.
void weir_modules_add(struct lua_State *state);

// require(name) calls opener, which finds `given` as its upvalue.
void weir_modules_preload(struct lua_State *state, const char *name,
                          int (*opener)(struct lua_State *state), void *given);
