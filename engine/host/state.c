// state.c -- makes Lua states, and lets the main one loose.
//
// Everything that can raise runs inside lua_cpcall or lua_pcall: an error outside
// would be a panic.

#include "engine/host/state.h"

#include <lauxlib.h>
#include <lua.h>
#include <luajit.h>
#include <lualib.h>
#include <stdio.h>

#include "engine/base/err.h"
#include "engine/base/mem.h"
#include "engine/host/heap.h"
#include "engine/host/modules.h"
#include "engine/host/next.h"
#include "engine/host/plain.h"

struct weir_host {
  lua_State *state;
  weir_heap *heap;
  weir_host_opener lpeg;
};

// require("weir.starve")(cell, limit): sets cell.left to -inf whenever memory is above
// its limit, which stays as it is without `limit`, in bytes.
static int set_starver(lua_State *state)
{
  weir_heap *heap = lua_touserdata(state, lua_upvalueindex(1));
  luaL_checktype(state, 1, LUA_TTABLE);
  lua_Number max = luaL_optnumber(state, 2, (lua_Number)weir_heap_max(heap));
  weir_heap_limit(heap, (size_t)max);
  if (weir_heap_starver(heap) != NULL)
    return 0;
  lua_settop(state, 1);
  lua_pushliteral(state, "left");
  lua_State *starver = lua_newthread(state);
  lua_setfield(state, LUA_REGISTRYINDEX, "weir.starve");
  lua_xmove(state, starver, 2);  // the table and its key
  weir_heap_starve(heap, starver);
  return 0;
}

static int open_starve(lua_State *state)
{
  lua_pushvalue(state, lua_upvalueindex(1));
  lua_pushcclosure(state, set_starver, 1);
  return 1;
}

static int furnish(lua_State *state)
{
  weir_host *host = lua_touserdata(state, 1);
  luaL_openlibs(state);
  // Loading makes little garbage, and loops too little to be compiled; weir.run.script
  // starts the collector, weir.run.worker the compiler.
  lua_gc(state, LUA_GCSTOP, 0);
  luaJIT_setmode(state, 0, LUAJIT_MODE_ENGINE | LUAJIT_MODE_OFF);
  weir_host_replace_next(state);
  weir_modules_add(state);
  weir_modules_preload(state, "weir.plain", weir_plain_open, NULL);
  weir_modules_preload(state, "weir.starve", open_starve, host->heap);
  if (host->lpeg != NULL)
    weir_modules_preload(state, "lpeg", host->lpeg, NULL);
  return 0;
}

int weir_host_new(weir_host **out, size_t memory_max, weir_host_opener lpeg)
{
  weir_host *host = weir_mem_new(sizeof *host);
  *host = (weir_host){.state = luaL_newstate(), .lpeg = lpeg};
  if (host->state != NULL)
    host->heap = weir_heap_new(host->state, memory_max);
  if (host->state == NULL || lua_cpcall(host->state, furnish, host) != 0) {
    weir_host_free(host);
    return WEIR_ENOMEM;
  }
  *out = host;
  return WEIR_OK;
}

void weir_host_free(weir_host *host)
{
  if (host == NULL)
    return;
  // Finalisers get what they need, and Lua knows that all it holds goes at once.
  weir_heap_free(host->heap);
  if (host->state != NULL)
    lua_close(host->state);
  weir_mem_free(host);
}

size_t weir_host_memory(const weir_host *host) { return weir_heap_memory(host->heap); }

int weir_host_enter(weir_host *host, weir_host_body body, void *context)
{
  return weir_heap_enter(host->heap, body, context);
}

void weir_host_charge(weir_host *host, weir_run *run)
{
  weir_heap_charge(host->heap, run);
}

void weir_host_limit(weir_host *host, size_t memory_max)
{
  weir_heap_limit(host->heap, memory_max);
}

void weir_host_share(weir_host *host) { weir_heap_share(host->heap); }

struct arguments {
  int count;
  char **texts;
  int exit_code;
};

static int trace(lua_State *state)
{
  const char *message = lua_tostring(state, 1);
  luaL_traceback(state, state, message != NULL ? message : "an error without text", 1);
  return 1;
}

static int call_main(lua_State *state)
{
  struct arguments *arguments = lua_touserdata(state, 1);
  lua_pushcfunction(state, trace);
  lua_getglobal(state, "require");
  lua_pushliteral(state, "weir.cli.main");
  if (lua_pcall(state, 1, 1, 2) != 0)
    return lua_error(state);
  lua_getfield(state, -1, "main");
  lua_createtable(state, arguments->count, 0);
  for (int i = 0; i < arguments->count; i++) {
    lua_pushstring(state, arguments->texts[i]);
    lua_rawseti(state, -2, i);  // 0 is the program itself
  }
  if (lua_pcall(state, 1, 1, 2) != 0)
    return lua_error(state);
  arguments->exit_code = (int)lua_tointeger(state, -1);
  return 0;
}

static int run_main(lua_State *state, void *arguments)
{
  if (lua_cpcall(state, call_main, arguments) != 0) {
    fprintf(stderr, "weir: %s\n", lua_tostring(state, -1));
    lua_pop(state, 1);
  }
  return WEIR_OK;
}

int weir_host_main(weir_host *host, int argc, char **argv)
{
  struct arguments arguments = {argc, argv, 1};
  // This state reads a script once; what runs a million times runs in the workers'.
  luaJIT_setmode(host->state, 0, LUAJIT_MODE_ENGINE | LUAJIT_MODE_OFF);
  int rc = weir_host_enter(host, run_main, &arguments);
  if (rc != WEIR_OK)
    fprintf(stderr, "weir: %s\n", weir_err_text(rc));
  return arguments.exit_code;
}
