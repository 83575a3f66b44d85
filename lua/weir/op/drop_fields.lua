--- drop_fields: removes fields.

local model = require("weir.op.model")

local M = {
  kind = "drop_fields",
  usage = ':drop_fields("password", "token")',
  arguments = { { name = "fields", kind = "top_fields", variadic = true } },
  sides = {},
}

function M.reference(rows, node)
  return model.each(rows, node, function(row, emit)
    for _, name in ipairs(node.fields) do
      row[name] = nil
    end
    emit(row)
  end)
end

M.doc = {
  name = "drop_fields",
  group = "operators",
  signature = ":drop_fields(name, ...)",
  summary = "Removes fields of the record itself; the others stay as they are, in their"
    .. " order. A name with a dot is written \"['a.b']\".",
  shape = "record -> the same record without the fields",
  errors = "A missing field is no error.",
  cost = "Values are not read.",
  example = [[
weir.from "users.jsonl" :drop_fields("password", "token"):to "safe.jsonl"]],
  input = { { id = 1, password = "x" }, { id = 2 } },
  output = { { id = 1 }, { id = 2 } },
}

return M
