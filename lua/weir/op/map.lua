--- map: changes a record in place, or replaces it.

local model = require("weir.op.model")

local M = {
  kind = "map",
  usage = ":map(function(r) r.slow = r.ms > 250 end)",
  arguments = { { name = "expr", kind = "lambda" } },
  sides = { "dead" },
}

function M.reference(rows, node)
  return model.each(rows, node, function(row, emit)
    local result = node.expr.fn(row)
    if result ~= nil and type(result) ~= "table" then
      error("map must return nothing or a table, not a " .. type(result), 0)
    end
    if result and result[1] ~= nil then
      error("a record must be a table of fields, not a list", 0)
    end
    emit(result or row)
  end)
end

M.doc = {
  name = "map",
  group = "operators",
  signature = ":map(fn)",
  summary = "Calls fn(r). If it returns nothing, r goes on as fn left it; a table that it returns"
    .. " replaces r, its keys in byte order.",
  shape = "record -> record",
  errors = "Whatever else fn returns is an error that names its line. An error sets the record"
    .. " aside as it came, without what fn had changed.",
  cost = "Fields that fn does not touch are written back as the bytes they came in.",
  example = [[
weir.from "access.jsonl" :map(function(r) r.slow = r.ms > 250 end):to "marked.jsonl"]],
  input = { { ms = 300 }, { ms = 20 } },
  output = { { ms = 300, slow = true }, { ms = 20, slow = false } },
}

return M
