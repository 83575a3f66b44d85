--- throttle: no more records go on than a rate allows.

-- A stream is held back before the throttle, not in it.
local WAITING_MAX = 1024

local M = {
  kind = "throttle",
  usage = ':throttle{ rate = "100/s" }',
  arguments = {},
  options = {
    rate = { kind = "rate", required = true, usage = ':throttle{ rate = "100/s" }' },
    burst = { kind = "integer", min = 1 },
    overflow = { kind = "enum", values = { "block", "drop_newest" }, default = "block" },
  },
  sides = { "dropped" },
}

function M.complete(node)
  node.burst = node.burst or math.max(1, math.ceil(node.rate_per_s))
  node.queue = {
    max_records = math.max(node.burst, WAITING_MAX),
    overflow = node.overflow,
    rate_per_s = node.rate_per_s,
    burst = node.burst,
  }
end

--- What waits goes on as it came; what is dropped depends on time.
function M.reference(rows)
  return { out = rows }
end

M.doc = {
  name = "throttle",
  group = "operators",
  signature = ':throttle{ rate!, burst, overflow = "block" }',
  summary = "Lets no more records go on than the rate allows (token bucket): after silence burst"
    .. " at once, by default those of a second. The rest waits (\"block\": the source is read"
    .. " as slowly), or is left out (\"drop_newest\").",
  shape = "record -> the same record, later; or in the side \"dropped\"",
  units = "rate: records a time, such as \"100/s\", \"5/m\"; burst: records.",
  errors = "None. What is left out is counted as over_rate, and is in :side \"dropped\".",
  cost = "As buffer.",
  example = [[
weir.from "access.jsonl" :throttle{ rate = "1000/s", overflow = "drop_newest" } :to "some.jsonl"]],
  input = { { n = 1 }, { n = 2 } },
  output = { { n = 1 }, { n = 2 } },
}

return M
