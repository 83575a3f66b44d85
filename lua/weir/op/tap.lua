--- tap: looks at records as they pass.

local model = require("weir.op.model")

local M = {
  kind = "tap",
  usage = ":tap(function(r) print(r.status) end)",
  arguments = { { name = "expr", kind = "lambda" } },
  sides = { "dead" },
}

function M.reference(rows, node)
  return model.each(rows, node, function(row, emit)
    node.expr.fn(model.copy(row))
    emit(row)
  end)
end

M.doc = {
  name = "tap",
  group = "operators",
  signature = ":tap(fn)",
  summary = "Calls fn(r) and passes the record as it came: what fn returns and what it changes in"
    .. " r are ignored. For a look, not for work.",
  shape = "record -> the same record",
  errors = "An error in fn sets the record aside.",
  cost = "One call a record.",
  example = [[
weir.from "access.jsonl" :tap(function(r) weir.log("info", r.path) end):to "copy.jsonl"]],
}

return M
