--- buffer: records wait before what follows, up to a limit.
--
-- `queue` of such a node is what the engine's queue is told: engine/ring/queue.h.

local MAX_BYTES = 64 * 2 ^ 20 -- if the script gives no limit

local M = {
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
}

function M.complete(node, refuse)
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

--- What waits goes on as it came; what is dropped depends on time.
function M.reference(rows)
  return { out = rows }
end

M.doc = {
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

return M
