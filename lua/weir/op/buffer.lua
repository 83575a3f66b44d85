--- buffer: records wait before what follows, up to a limit.
--
-- `queue` of such a node is what the engine's queue is told: engine/ring/queue.h.

-- If the script gives no limit.
local MAX_BYTES = 64 * 2 ^ 20
local MAX_DISK = 2 ^ 30

local M = {
  kind = "buffer",
  usage = ':buffer{ max_records = 10000, overflow = "drop_oldest" }',
  arguments = {},
  options = {
    max_records = { kind = "integer", min = 1 },
    max_bytes = { kind = "size" },
    overflow = {
      kind = "enum",
      values = { "block", "drop_newest", "drop_oldest", "sample", "spill" },
      default = "block",
    },
    keep = { kind = "share", usage = "keep = 0.1" },
    max_disk = { kind = "size" },
  },
  sides = { "dropped" },
}

-- Options of one policy, and how a message calls them.
local OWN = {
  keep = { of = "sample", is = "the share that is kept" },
  max_disk_bytes = { of = "spill", is = "what may lie on disk" },
}

local function refuse_misplaced(node, refuse)
  for name, own in pairs(OWN) do
    if node[name] and node.overflow ~= own.of then
      refuse('%s is %s with overflow = "%s"; here overflow is "%s"', (name:gsub("_bytes", "")),
        own.is, own.of, node.overflow)
    end
  end
end

function M.complete(node, refuse)
  refuse_misplaced(node, refuse)
  if node.overflow == "sample" and not (node.keep and node.keep > 0) then
    refuse('overflow = "sample" needs the share that is kept, such as keep = 0.1')
  end
  node.stateful = node.overflow == "spill"
  local has_limit = node.max_records or node.max_bytes_bytes
  node.queue = {
    max_records = node.max_records or 0,
    max_bytes = node.max_bytes_bytes or (has_limit and 0 or MAX_BYTES),
    overflow = node.overflow,
    keep = node.keep or 0,
    max_disk = node.stateful and (node.max_disk_bytes or MAX_DISK) or nil,
  }
end

--- What waits goes on as it came; what is dropped depends on time.
function M.reference(rows)
  return { out = rows }
end

M.doc = {
  name = "buffer",
  group = "operators",
  signature = ':buffer{ max_records, max_bytes, overflow = "block", keep, max_disk }',
  summary = "Lets records wait before what follows, up to a limit, 64 MiB if none is given. What"
    .. ' comes on top waits outside ("block": pressure reaches the source, which reads no'
    .. ' further), is left out ("drop_newest"), pushes out what has waited longest'
    .. ' ("drop_oldest"), or is thinned from half of the limit on ("sample": a share of keep'
    .. " goes in, evenly; at the limit it blocks), or goes to disk (\"spill\": to max_disk, 1 GiB"
    .. " if none is given, under state_dir). What lies on disk goes on in its order, after a"
    .. " restart too; a run that is stopped leaves it there. Where records have classes (see"
    .. " priority) the more urgent ones go on first, whenever they came, and what is dropped is of"
    .. " the least urgent class; to block, to sample and to spill each class has the limits to"
    .. " itself.",
  shape = "record -> the same record, later; or in the side \"dropped\"",
  units = "max_records: records that wait; max_bytes: of their JSON, with newlines; max_disk: of"
    .. " the files.",
  errors = "None. What is dropped is counted by reason, and is in :side \"dropped\" if that is"
    .. " taken; the buffer then waits where that cannot go on. A full disk blocks until there is"
    .. " room; records that cannot be read back are counted as lost.",
  cost = "A few hundred nanoseconds a batch; copies a record only where a limit cuts a batch.",
  example = [[
local s = weir.from "access.jsonl" :buffer{ max_records = 50000, overflow = "drop_oldest" }
s:to "slow.jsonl"
s:side "dropped" :to "dropped.jsonl"]],
  input = { { n = 1 }, { n = 2 } },
  output = { { n = 1 }, { n = 2 } },
}

return M
