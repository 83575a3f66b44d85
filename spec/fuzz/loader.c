// loader.c -- any source loads or gets a message, as in plain Lua: what the loader
// takes plain Lua takes too, and what it made ends, by itself or out of fuel.

#include <lauxlib.h>
#include <lua.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>

#include "engine/base/check.h"
#include "engine/base/err.h"
#include "engine/host/state.h"

enum { MEMORY_MAX = 256 << 20 };

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);
const char *__asan_default_options(void);

// LuaJIT keeps pointers with tags in them, which the leak checker cannot follow.
const char *__asan_default_options(void) { return "detect_leaks=0"; }

// What is not taken is refused in words that the loader knows, or Lua refuses it too.
static const char program[] =
    "package.path = './lua/?.lua;./lua/?/init.lua;' .. package.path\n"
    "local loader = require('weir.expr.loader')\n"
    "local sandbox = require('weir.expr.sandbox')\n"
    "collectgarbage('restart', -1)\n"
    "jit.off()\n"  // what is tried here is the loader, not the compiler of traces
    "local record = { type = type, pairs = pairs, ipairs = ipairs }\n"
    "local refusals = { 'belong to weir', 'not part of weir', 'is bytecode',\n"
    "  'cannot be a name', 'too many', 'overflow', 'not enough memory' }\n"
    "local function is_refusal(message)\n"
    "  for _, words in ipairs(refusals) do\n"
    "    if message:find(words, 1, true) then return true end\n"
    "  end\n"
    "end\n"
    "return function(bytes)\n"
    "  collectgarbage()\n"
    "  local env = sandbox.new{ record = record, read = function() end }\n"
    "  local plain = load(bytes, '@fuzz', 't', {})\n"
    "  local fn, message = loader.load(bytes, '@fuzz', env)\n"
    "  assert(not fn or plain, 'plain Lua refuses this')\n"
    "  if not fn then\n"
    "    assert(message:find('^fuzz:%d+: '), message)\n"
    "    assert(not plain or is_refusal(message), message)\n"
    "    return\n"
    "  end\n"
    "  loader.refill(2000)\n"
    "  local ok = pcall(fn)\n"
    "  assert(not ok or not loader.spent(), 'it went on without fuel')\n"
    "  loader.refill(math.huge)\n"
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
    int rc = weir_host_new(&host, MEMORY_MAX, NULL);
    WEIR_ASSERT(rc == WEIR_OK);
    lua_State *fresh = weir_host_state(host);
    expect(fresh, luaL_loadstring(fresh, program));
    expect(fresh, lua_pcall(fresh, 0, 1, 0));
  }
  lua_State *state = weir_host_state(host);
  lua_pushvalue(state, -1);
  lua_pushlstring(state, (const char *)data, size);
  expect(state, lua_pcall(state, 1, 0, 0));
  lua_gc(state, LUA_GCSTEP, 200);  // the host has stopped the collector
  return 0;
}
