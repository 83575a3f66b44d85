--- buffer, delay, throttle: records wait between two stages.
--
-- `queue` of such a node is what the engine's queue is told: engine/ring/queue.h.

local MAX_BYTES = 64 * 2 ^ 20

-- A throttled stream is held back before it, not in it.
local THROTTLE_RECORDS = 1024

local function as_it_came(rows)
  return { out = rows }
end

local buffer = {
  kind = "buffer",
  usage = ':buffer{ max_records = 10000, overflow = "drop_oldest" }',
  arguments = {},
  options = {
    max_records = { kind = "integer", min = 1 },
    max_bytes = { kind = "size" },
    overflow = {
      kind = "enum",
      values = { "block", "drop_newest", "drop_oldest", "sample" },
      default = "block",
    },
    keep = { kind = "share", usage = "keep = 0.1" },
  },
  sides = { "dropped" },
  reference = as_it_came,
}

function buffer.complete(node, refuse)
  local samples = node.overflow == "sample"
  if samples and not (node.keep and node.keep > 0) then
    refuse('overflow = "sample" needs the share that is kept, such as keep = 0.1')
  elseif node.keep and not samples then
    refuse('keep is the share that overflow = "sample" keeps; here overflow is "%s"', node.overflow)
  end
  local has_limit = node.max_records or node.max_bytes_bytes
  node.queue = {
    max_records = node.max_records or 0,
    max_bytes = node.max_bytes_bytes or (has_limit and 0 or MAX_BYTES),
    overflow = node.overflow,
    keep = node.keep or 0,
  }
end

buffer.doc = {
  name = "buffer",
  group = "operators",
  signature = ':buffer{ max_records, max_bytes, overflow = "block", keep }',
  summary = "Lets records wait before what follows, up to a limit, 64 MiB if none is given. What"
    .. ' comes on top waits outside ("block": pressure reaches the source, which reads no'
    .. ' further), is left out ("drop_newest"), pushes out what has waited longest'
    .. ' ("drop_oldest"), or is thinned from half of the limit on ("sample": a share of keep'
    .. " goes in, evenly; at the limit it blocks).",
  shape = "record -> the same record, later; or in the side \"dropped\"",
  units = "max_records: records that wait; max_bytes: of their JSON, with newlines.",
  errors = "None. What is dropped is counted by reason, and is in :side \"dropped\" if that is"
    .. " taken; the buffer then waits where that cannot go on.",
  cost = "A few hundred nanoseconds a batch; copies a record only where a limit cuts a batch.",
  example = [[
local s = weir.from "access.jsonl" :buffer{ max_records = 50000, overflow = "drop_oldest" }
s:to "slow.jsonl"
s:side "dropped" :to "dropped.jsonl"]],
  input = { { n = 1 }, { n = 2 } },
  output = { { n = 1 }, { n = 2 } },
}

local delay = {
  kind = "delay",
  usage = ':delay "5s"',
  arguments = { { name = "delay_ns", kind = "duration" } },
  sides = {},
  reference = as_it_came,
}

function delay.complete(node, refuse)
  if node.delay_ns <= 0 then
    refuse('a delay is longer than nothing, such as :delay "5s"')
  end
  node.queue = { max_bytes = MAX_BYTES, overflow = "block", delay_ns = node.delay_ns }
end

delay.doc = {
  name = "delay",
  group = "operators",
  signature = ":delay(duration)",
  summary = "Lets each record go on so long after it came. At most 64 MiB wait; what comes on top"
    .. " waits outside. When the run is stopped, what waits goes on at once.",
  shape = "record -> the same record, later",
  errors = "None.",
  cost = "As buffer.",
  example = [[
weir.from "access.jsonl" :delay "50ms" :to "later.jsonl"]],
  input = { { n = 1 } },
  output = { { n = 1 } },
}

local throttle = {
  kind = "throttle",
  usage = ':throttle{ rate = "100/s" }',
  arguments = {},
  options = {
    rate = { kind = "rate", required = true, usage = ':throttle{ rate = "100/s" }' },
    burst = { kind = "integer", min = 1 },
    overflow = { kind = "enum", values = { "block", "drop_newest" }, default = "block" },
  },
  sides = { "dropped" },
  reference = as_it_came,
}

function throttle.complete(node)
  node.burst = node.burst or math.max(1, math.ceil(node.rate_per_s))
  node.queue = {
    max_records = math.max(node.burst, THROTTLE_RECORDS),
    overflow = node.overflow,
    rate_per_s = node.rate_per_s,
    burst = node.burst,
  }
end

throttle.doc = {
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

return { buffer, delay, throttle }
