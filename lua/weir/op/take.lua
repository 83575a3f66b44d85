--- take: passes the first records.

local M = {
  kind = "take",
  usage = ":take(10)",
  arguments = { { name = "count", kind = "integer", min = 0 } },
  sides = {},
}

function M.reference(rows, node)
  local out = {}
  for i = 1, math.min(node.count, #rows) do
    out[i] = rows[i]
  end
  return { out = out }
end

M.doc = {
  name = "take",
  group = "operators",
  signature = ":take(n)",
  summary = "Passes the first n records and drops the rest. Once every stream that its sources"
    .. " feed has enough, they are read no further.",
  shape = "record -> the same record, or nothing",
  errors = "None.",
  cost = "None.",
  example = [[
weir.from "access.jsonl" :take(2):to "head.jsonl"]],
  input = { { n = 1 }, { n = 2 }, { n = 3 } },
  output = { { n = 1 }, { n = 2 } },
}

return M
