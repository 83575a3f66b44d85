--- top: the first n records of an order, of the whole stream or of each key.

local model = require("weir.op.model")
local sort = require("weir.op.sort")

local M = {
  kind = "top",
  usage = ':top{ n = 10, by = "-hits" }',
  arguments = {},
  options = {
    n = { kind = "integer", min = 1, required = true, usage = ':top{ n = 10, by = "-hits" }' },
    by = { kind = "order", required = true, usage = ':top{ n = 10, by = "-hits" }' },
    key = { kind = "key" },
    ties = { kind = "boolean", default = false },
    into = { kind = "field", default = "rank" },
  },
  sides = { "dead" },
  stateful = true,
  subject = sort.subject,
}

-- Ranks sorted items from 1; equal ones share a rank only where ties are kept.
local function emit_best(node, items, out)
  model.sort(node.by, items)
  local rank = 0
  for i, item in ipairs(items) do
    local is_tie = node.ties and i > 1
      and model.compare(node.by, item.values, items[i - 1].values) == 0
    rank = is_tie and rank or i
    if rank > node.n then
      return
    end
    item.row[node.into] = rank
    out[#out + 1] = item.row
  end
end

function M.reference(rows, node)
  local groups, by_key = {}, {}
  local out = model.each(rows, node, function(row)
    local item = { values = model.order_values(node.by, row), row = row }
    local key = model.key(node.key or {}, row)
    if not by_key[key] then
      by_key[key] = {}
      groups[#groups + 1] = by_key[key]
    end
    table.insert(by_key[key], item)
  end)
  for _, items in ipairs(groups) do
    emit_best(node, items, out.out)
  end
  return out
end

M.doc = {
  name = "top",
  group = "operators",
  signature = ':top{ n!, by!, key, ties = false, into = "rank" }',
  summary = "The first n records in the order of `by`, so `\"-hits\"` gives the most hits; with"
    .. " key the first n of each key, keys in the order of their first records. The place is"
    .. " written into `into`, from 1. With ties, all that equal the nth come too, and equal"
    .. " records share a place. The input must end.",
  shape = "records -> at most n records a key, with their place",
  errors = "As in sort.",
  cost = "n records a key are held, with ties those that equal the nth too.",
  example = [[
weir.from "areas.jsonl" :top{ n = 2, by = "-hits" } :to "best.jsonl"]],
  input = { { area = "/x", hits = 3 }, { area = "/y", hits = 9 }, { area = "/z", hits = 1 } },
  output = { { area = "/y", hits = 9, rank = 1 }, { area = "/x", hits = 3, rank = 2 } },
}

return M
