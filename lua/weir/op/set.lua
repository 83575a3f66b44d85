--- set: writes columns into a record.

local model = require("weir.op.model")

local M = {
  kind = "set",
  usage = ':set{ share = "failed / total" }',
  arguments = { { name = "columns", kind = "named_columns" } },
  sides = { "dead" },
}

function M.reference(rows, node)
  return model.each(rows, node, function(row, emit)
    local values = {}
    for i, column in ipairs(node.columns) do
      values[i] = column.expr.fn(model.copy(row))
    end
    for i, column in ipairs(node.columns) do
      row[column.name] = values[i]
    end
    emit(row)
  end)
end

M.doc = {
  name = "set",
  group = "operators",
  signature = ":set{ name = expr, ... }",
  summary = "Writes columns into the record. All expressions see the record as it came, so their"
    .. " order does not matter; new fields come last, by name. A bare name copies that field's"
    .. " bytes: 1.0 stays 1.0, and no digit of a long number is lost.",
  shape = "record -> the same record with the columns",
  errors = "nil removes the field, null writes null. An error in one column sets the record"
    .. " aside as it came.",
  cost = "Other fields are written back as the bytes they came in.",
  example = [[
weir.from "rates.jsonl" :set{ share = "failed / total" } :to "shares.jsonl"]],
  input = { { failed = 1, total = 4 } },
  output = { { failed = 1, total = 4, share = 0.25 } },
}

return M
