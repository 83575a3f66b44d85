--- filter: passes the records for which an expression holds.

local model = require("weir.op.model")

local M = {
  kind = "filter",
  usage = ':filter "status >= 500"',
  arguments = { { name = "expr", kind = "expr" } },
  sides = { "dead" },
}

function M.reference(rows, node)
  return model.each(rows, node, function(row, emit)
    if model.holds(node.expr.fn(row)) then
      emit(row)
    end
  end)
end

M.doc = {
  name = "filter",
  group = "operators",
  signature = ":filter(expr)",
  summary = "Passes the records for which expr holds, unchanged. nil, false and null do not hold.",
  shape = "record -> the same record, or nothing",
  errors = "An error in expr sets the record aside as a dead letter; it never passes unfiltered."
    .. " In a text, comparing a missing field is false; in a function it is Lua's error.",
  cost = "The fields that expr reads are found; a record that passes is not copied.",
  example = [[
weir.from "access.jsonl" :filter "status >= 500" :to "errors.jsonl"]],
  input = { { status = 200 }, { status = 503 }, { path = "/" } },
  output = { { status = 503 } },
}

return M
