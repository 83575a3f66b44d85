// loader.c -- any source loads or gets a message, as in plain Lua: what the loader
// takes plain Lua takes too, and what it made ends, by itself or out of fuel.

#include "spec/fuzz/script.h"

enum { MEMORY_MAX = 64 << 20 };

// What is not taken is refused in words that the loader knows, or Lua refuses it too.
static const char program[] =
    "local loader = require('weir.expr.loader')\n"
    "local sandbox = require('weir.expr.sandbox')\n"
    "local fuel = require('weir.expr.fuel')\n"
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
    "  assert(not ok or not loader.spent() or fuel.starved(), 'it went on without "
    "fuel')\n"
    "  loader.refill(math.huge)\n"
    "end\n";

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
  script_call(program, MEMORY_MAX, data, size);
  return 0;
}
