--- throttle: no more records go on than a rate allows.

local dedup = require("weir.op.dedup")
local options = require("weir.lib.options")
local rate = require("weir.lib.rate")

-- A stream is held back before the throttle, not in it.
local WAITING_MAX = 1024

local MAX_KEYS = 1e6

local M = {
  kind = "throttle",
  usage = ':throttle{ rate = "100/s" }',
  arguments = {},
  options = {
    rate = { kind = "rate_of", required = true, usage = ':throttle{ rate = "100/s" }' },
    burst = { kind = "integer", min = 1 },
    key = { kind = "key" },
    max_keys = { kind = "integer", min = 2, max = 2 ^ 30 },
    overflow = { kind = "enum", values = { "block", "drop_newest" }, default = "block" },
  },
  sides = { "dropped" },
}

options.define("rate_of", function(value, _, where)
  if type(value) == "function" then
    return { expr = options.read(value, { kind = "expr" }, "throttle: its rate", where) }
  end
  local per_s, expected = rate.parse_per_s(value)
  if not per_s then
    return nil, expected .. ", or a function of the record"
  end
  return { per_s = per_s }
end)

M.subject = dedup.subject

-- One that knows keys is a stage like any other, and nothing waits in it.
local function complete_stage(node, refuse)
  if node.overflow == "block" then
    refuse('with %s nothing can wait: say overflow = "drop_newest"',
      node.key and "a key" or "a rate that is a function")
  end
  node.max_keys = node.max_keys or MAX_KEYS
  node.stateful, node.sides = true, { "dead", "dropped" }
end

function M.complete(node, refuse)
  node.rate_per_s, node.expr, node.rate = node.rate.per_s, node.rate.expr, nil
  if node.key or node.expr then
    return complete_stage(node, refuse)
  elseif node.max_keys then
    refuse('option "max_keys" belongs to a throttle with a key')
  end
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
  signature = ':throttle{ rate!, burst, key, overflow = "block", max_keys = 1000000 }',
  summary = "Lets no more records go on than the rate allows (token bucket): after silence burst"
    .. " at once, by default those of a second. The rest waits (\"block\": the source is read"
    .. " as slowly), or is left out (\"drop_newest\"). With key each key has the rate to itself;"
    .. " rate may also be a function of the record that gives a number a second, or a text. In"
    .. " both cases nothing can wait: overflow = \"drop_newest\" must be said.",
  shape = "record -> the same record, later; or in the side \"dropped\"",
  units = "rate: records a time, such as \"100/s\", \"5/m\"; burst: records. max_keys: those asked"
    .. " for last; others begin with a full burst again, counted (keys_forgotten) if they had"
    .. " less.",
  errors = "An error in the key or the rate sets the record aside. What is left out is counted as"
    .. " over_rate, and is in :side \"dropped\".",
  cost = "As buffer; with key some 100 bytes a key, and one worker.",
  example = [[
weir.from "access.jsonl" :throttle{ rate = "1000/s", overflow = "drop_newest" } :to "some.jsonl"]],
  input = { { n = 1 }, { n = 2 } },
  output = { { n = 1 }, { n = 2 } },
}

return M
