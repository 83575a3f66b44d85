// control.c -- any line that a control socket is sent gets an answer, or none: one line
// of JSON that says 2.0, or an array of those.

#include "spec/fuzz/script.h"

static const char program[] =
    "local json, rpc = require('weir.native.json'), require('weir.serve.rpc')\n"
    "local methods = {\n"
    "  echo = function(params) return params end,\n"
    "  nothing = function() end,\n"
    "  refuse = function(params) rpc.refuse(rpc.PARAMS, 'no %q', "
    "tostring(params.name)) end,\n"
    "  raise = function(params) error(params) end,\n"
    "}\n"
    "local function check(answer)\n"
    "  assert(answer.jsonrpc == '2.0' and answer.id ~= nil, 'no answer')\n"
    "  assert((answer.result == nil) ~= (answer.error == nil), 'neither or both')\n"
    "end\n"
    "return function(bytes)\n"
    "  local text = rpc.answer(bytes, methods)\n"
    "  if not text then return end\n"
    "  assert(not text:find('[\\r\\n]'), 'more than a line')\n"
    "  local answer, message = json.decode(text, { null = json.null })\n"
    "  assert(answer, message)\n"
    "  for _, each in ipairs(json.is_array(answer) and answer or { answer }) do\n"
    "    check(each)\n"
    "  end\n"
    "end\n";

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
  script_call(program, 0, data, size);
  return 0;
}
