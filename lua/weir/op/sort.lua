--- sort: orders the records of a stream that ends.

local model = require("weir.op.model")

local M = {
  kind = "sort",
  usage = ':sort{ by = "-price" }',
  arguments = {},
  options = {
    by = { kind = "order", required = true, usage = ':sort{ by = "-price" }' },
    max_records = { kind = "integer", min = 1 },
  },
  sides = { "dead" },
  stateful = true,
}

--- What a list of orders is called in a name: "day,-price"; nil if it holds a function.
function M.subject(node)
  local out = {}
  for i, order in ipairs(node.by) do
    local text = order.expr.text or order.expr.name
    if not text then
      return nil
    end
    out[i] = (order.descends and "-" or "") .. text
  end
  return table.concat(out, ",")
end

function M.reference(rows, node)
  local items = {}
  local out = model.each(rows, node, function(row)
    items[#items + 1] = { values = model.order_values(node.by, row), row = row }
  end)
  model.sort(node.by, items)
  for _, item in ipairs(items) do
    out.out[#out.out + 1] = item.row
  end
  return out
end

M.doc = {
  name = "sort",
  group = "operators",
  signature = ":sort{ by!, max_records }",
  summary = "Orders the records by an expression or a list of them; `\"-price\"` descends. Equal"
    .. " records keep their order; missing values and null come last, both ways. Booleans come"
    .. " before numbers, numbers before texts, texts in byte order. The input must end.",
  shape = "records -> the same records",
  errors = "A list or table cannot be ordered, and its record is set aside. Above max_records the"
    .. " run stops and says so.",
  cost = "All records are held until the end, within max_memory.",
  example = [[
weir.from "shop.jsonl" :sort{ by = { "day", "-price" } } :to "sorted.jsonl"]],
  input = { { day = 2, price = 1 }, { day = 1, price = 3 }, { day = 1, price = 5 } },
  output = { { day = 1, price = 5 }, { day = 1, price = 3 }, { day = 2, price = 1 } },
}

return M
