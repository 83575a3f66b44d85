// text_expr.c -- any text is an expression or gets a message; none raises or
// hangs. Compiled ones are called with a record that has most fields.

#include <lauxlib.h>
#include <lua.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>

#include "engine/base/check.h"
#include "engine/base/err.h"
#include "engine/host/state.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);
const char *__asan_default_options(void);

// LuaJIT keeps pointers with tags in them, which the leak checker cannot follow.
const char *__asan_default_options(void) { return "detect_leaks=0"; }

static const char program[] =
    "collectgarbage('restart', -1)\n"
    "package.path = './lua/?.lua;./lua/?/init.lua;' .. package.path\n"
    "local text = require('weir.expr.text')\n"
    "local record = { a = 1, b = { c = 'x' }, tags = { 't' }, s = 'text', n = -0.5 }\n"
    "return function(bytes)\n"
    "  local compiled, message = text.try(bytes, 'fuzz:1')\n"
    "  if not compiled then assert(type(message) == 'string', 'no message') return "
    "end\n"
    "  local ok, raised = pcall(compiled.fn, record)\n"
    "  assert(ok or type(raised) == 'string' or type(raised) == 'table', 'no "
    "message')\n"
    "end\n";

static void expect(lua_State *state, int rc)
{
  if (rc != 0)
    fprintf(stderr, "%s\n", lua_tostring(state, -1));
  WEIR_ASSERT(rc == 0);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
  static weir_host *host;
  if (host == NULL) {
    int rc = weir_host_new(&host, 0, NULL);
    WEIR_ASSERT(rc == WEIR_OK);
    lua_State *fresh = weir_host_state(host);
    expect(fresh, luaL_loadstring(fresh, program));
    expect(fresh, lua_pcall(fresh, 0, 1, 0));
  }
  lua_State *state = weir_host_state(host);
  lua_pushvalue(state, -1);
  lua_pushlstring(state, (const char *)data, size);
  expect(state, lua_pcall(state, 1, 0, 0));
  return 0;
}
