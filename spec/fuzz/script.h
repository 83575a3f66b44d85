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

struct script_input {
  const char *program;
  const uint8_t *data;
  size_t size;
};

static int script_run(lua_State *state, void *context)
{
  struct script_input *input = context;
  if (lua_gettop(state) == 0) {
    script_expect(state, luaL_dostring(state, script_start));
    script_expect(state, luaL_loadstring(state, input->program));
    script_expect(state, lua_pcall(state, 0, 1, 0));
  }
  lua_pushvalue(state, -1);
  lua_pushlstring(state, (const char *)input->data, input->size);
  script_expect(state, lua_pcall(state, 1, 0, 0));
  return WEIR_OK;
}

// Calls what the program returned, the first time it ran, with these bytes. A state
// that had to be abandoned is followed by another.
static void script_call(const char *program, size_t memory_max, const uint8_t *data,
                        size_t size)
{
  static weir_host *host;
  if (host == NULL) {
    int rc = weir_host_new(&host, memory_max, NULL);
    WEIR_ASSERT(rc == WEIR_OK);
  }
  struct script_input input = {program, data, size};
  if (weir_host_enter(host, script_run, &input) != WEIR_OK) {
    weir_host_free(host);
    host = NULL;
  }
}
