// script.h -- hands any bytes to a function of Lua, in a state of the engine.

#pragma once

#include <lauxlib.h>
#include <lua.h>
#include <stdint.h>
#include <stdio.h>

#include "engine/base/check.h"
#include "engine/base/err.h"
#include "engine/host/state.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);
const char *__asan_default_options(void);

// LuaJIT keeps pointers with tags in them, which the leak checker cannot follow.
const char *__asan_default_options(void) { return "detect_leaks=0"; }

static const char script_start[] =
    "collectgarbage('restart', -1)\n"
    "package.path = './lua/?.lua;./lua/?/init.lua;' .. package.path\n";

static void script_expect(lua_State *state, int rc)
{
  if (rc != 0)
    fprintf(stderr, "%s\n", lua_tostring(state, -1));
  WEIR_ASSERT(rc == 0);
}

// Calls what the program returned, the first time it ran, with these bytes.
static lua_State *script_call(const char *program, size_t memory_max,
                              const uint8_t *data, size_t size)
{
  static weir_host *host;
  if (host == NULL) {
    int rc = weir_host_new(&host, memory_max, NULL);
    WEIR_ASSERT(rc == WEIR_OK);
    lua_State *fresh = weir_host_state(host);
    script_expect(fresh, luaL_dostring(fresh, script_start));
    script_expect(fresh, luaL_loadstring(fresh, program));
    script_expect(fresh, lua_pcall(fresh, 0, 1, 0));
  }
  lua_State *state = weir_host_state(host);
  lua_pushvalue(state, -1);
  lua_pushlstring(state, (const char *)data, size);
  script_expect(state, lua_pcall(state, 1, 0, 0));
  return state;
}
