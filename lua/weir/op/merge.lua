--- merge: joins streams into one.

local M = {
  kind = "merge",
  usage = "a:merge(b, c)",
  arguments = { { name = "streams", kind = "streams", variadic = true } },
  sides = {},
}

--- The model of one order: the rows of all inputs as they came, already joined.
function M.reference(rows)
  return { out = rows }
end

M.doc = {
  name = "merge",
  group = "operators",
  signature = ":merge(stream, ...)",
  summary = "Joins streams into one. Each keeps its own order. What comes of files is taken in"
    .. " turns that are the same each time; a live source, which may be silent, is taken from as it"
    .. " comes, and nothing waits for it. What was parted from one stream comes together in its"
    .. " order.",
  shape = "records of several streams -> the same records",
  errors = "None.",
  cost = "None.",
  example = [[
local a, b = weir.from "a.jsonl", weir.from "b.jsonl"
a:merge(b:filter "status >= 500"):to "all.jsonl"]],
}

return M
