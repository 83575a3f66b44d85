// text_expr.c -- any text is an expression or gets a message; none raises or
// hangs. Compiled ones are called with a record that has most fields.

#include "spec/fuzz/script.h"

static const char program[] =
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

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
  script_call(program, 0, data, size);
  return 0;
}
