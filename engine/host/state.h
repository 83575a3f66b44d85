// state.h -- a Lua state that knows where weir's modules are and how much it holds.
//
// Every state, the main one and each worker's, is made here: `require` finds what
// the binary carries before it looks at the disk, lpeg needs no file, and what the
// state allocates is counted against a limit: its own, or once weir_mem_limit is set,
// that of the process for those that share it. Near it the script runs out of fuel
// (weir.expr.fuel), with "not enough memory". A tenth above it the state that grew is
// abandoned wherever it is, and can only be freed.
//
// Owns     the Lua state and everything in it.
// Threads  one at a time; memory counters: any, and slightly stale.
// Errors   ENOMEM when the state itself does not fit.

#pragma once

#include <stddef.h>

typedef struct weir_host weir_host;
struct lua_State;

// Opens a module written in C, as luaopen_lpeg does.
typedef int (*weir_host_opener)(struct lua_State *state);

// memory_max in bytes, 0 for none. lpeg may be NULL: then it comes from the disk.
int weir_host_new(weir_host **out, size_t memory_max, weir_host_opener lpeg);
void weir_host_free(weir_host *host);  // NULL is a no-op

// Calls body with the state. EMEMORY if the state was abandoned, now or before; what
// body gives otherwise. A body owns nothing that it would have to give back.
typedef int (*weir_host_body)(struct lua_State *state, void *context);
int weir_host_enter(weir_host *host, weir_host_body body, void *context);

// Charges what the state allocates, and the engine in this thread, to the mark that
// stands in the run; NULL: no more.
struct weir_run;
void weir_host_charge(weir_host *host, struct weir_run *run);

void weir_host_limit(weir_host *host, size_t memory_max);  // another limit of its own

// From now on the state answers to the limit of the process, if there is one.
void weir_host_share(weir_host *host);

size_t weir_host_memory(const weir_host *host);  // bytes held now

// Calls require("weir.cli.main").main(arguments) and returns its exit code, or 1
// after a traceback on standard error if it raises.
int weir_host_main(weir_host *host, int argc, char **argv);
