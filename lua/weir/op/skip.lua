--- skip: drops the first records.

local M = {
  kind = "skip",
  usage = ":skip(10)",
  arguments = { { name = "count", kind = "integer", min = 0 } },
  sides = {},
}

function M.reference(rows, node)
  local out = {}
  for i = node.count + 1, #rows do
    out[#out + 1] = rows[i]
  end
  return { out = out }
end

M.doc = {
  name = "skip",
  group = "operators",
  signature = ":skip(n)",
  summary = "Drops the first n records and passes the rest.",
  shape = "record -> the same record, or nothing",
  errors = "None.",
  cost = "None.",
  example = [[
weir.from "access.jsonl" :skip(1):to "tail.jsonl"]],
  input = { { n = 1 }, { n = 2 }, { n = 3 } },
  output = { { n = 2 }, { n = 3 } },
}

return M
