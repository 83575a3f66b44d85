--- flat_map: makes any number of records of one.

local model = require("weir.op.model")

local M = {
  kind = "flat_map",
  usage = ':flat_map "items"',
  arguments = { { name = "expr", kind = "expr" } },
  sides = { "dead" },
}

function M.reference(rows, node)
  return model.each(rows, node, function(row, emit)
    local list = node.expr.fn(row)
    if type(list) ~= "table" then
      error("flat_map must give a list, not a " .. type(list), 0)
    end
    if #list == 0 and next(list) ~= nil then
      error("flat_map must give a list, not a table of fields", 0)
    end
    for _, item in ipairs(list) do
      if type(item) ~= "table" or item[1] ~= nil then
        error("flat_map must give a list of records", 0)
      end
      emit(item)
    end
  end)
end

M.doc = {
  name = "flat_map",
  group = "operators",
  signature = ":flat_map(expr)",
  summary = "Replaces each record by the records in the list that expr gives; an empty list"
    .. " drops it.",
  shape = "record -> 0 or more records",
  errors = "What is no list of tables is an error that names the line; the whole record is then"
    .. " set aside, and none of its list passes.",
  cost = "One record is written for each item.",
  example = [[
weir.from "orders.jsonl" :flat_map "items" :to "items.jsonl"]],
  input = { { items = { { sku = "a" }, { sku = "b" } } }, { items = {} } },
  output = { { sku = "a" }, { sku = "b" } },
}

return M
