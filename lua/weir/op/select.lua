--- select: makes a record of the named columns alone.

local model = require("weir.op.model")

local M = {
  kind = "select",
  usage = ':select("ts", "host")',
  arguments = { { name = "columns", kind = "columns", variadic = true } },
  sides = { "dead" },
}

function M.reference(rows, node)
  return model.each(rows, node, function(row, emit)
    local out = {}
    for _, column in ipairs(node.columns) do
      out[column.name] = column.expr.fn(row)
    end
    emit(out)
  end)
end

M.doc = {
  name = "select",
  group = "operators",
  signature = ":select(columns)",
  summary = "Makes a record of these columns alone, in this order: as listed, then the named ones"
    .. " by name. A bare name is a field; left of `=` is the new name.",
  shape = "record -> record of the columns",
  errors = "A column whose value is missing is left out; null stays null. An error in a column"
    .. " sets the record aside.",
  cost = "One record is written; values that are fields are copied as the bytes they came in.",
  example = [[
weir.from "access.jsonl" :select{ "host", kb = "bytes / 1024" } :to "sizes.jsonl"]],
  input = { { host = "a", bytes = 2048, path = "/" } },
  output = { { host = "a", kb = 2 } },
}

return M
