--- buffer: records wait before what follows, up to a limit.
--
-- `queue` of such a node is what the engine's queue is told: engine/ring/queue.h.

local overflow = require("weir.lib.overflow")

local M = {
  kind = "buffer",
  usage = ':buffer{ max_records = 10000, overflow = "drop_oldest" }',
  arguments = {},
  options = overflow.OPTIONS,
  sides = { "dropped" },
}

function M.complete(node, refuse)
  node.queue = overflow.queue(node, refuse)
  node.stateful = node.overflow == "spill"
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
    .. ' comes on top waits outside ("block": pressure reaches the source, which reads no further),'
    .. ' is left out ("drop_newest"), pushes out what has waited longest ("drop_oldest"), or is'
    .. ' thinned from half of the limit on ("sample": a share of keep, which must be said, goes in,'
    .. ' evenly; at the limit it blocks), or goes to disk ("spill": to max_disk, 1 GiB if none is'
    .. " given, under state_dir). What lies on disk goes on in its order, after a restart too; a"
    .. " run that is stopped leaves it there. Where records have classes (see priority) the more"
    .. " urgent ones go on first, whenever they came, and what is dropped is of the least urgent"
    .. " class; to block, to sample and to spill each class has the limits to itself. Nobody waits"
    .. " for the disk, unless 64 MiB of memory, or an eighth of max_memory, hold what of a class is"
    .. " not yet safe there: that class then waits outside.",
  shape = "record -> the same record, later; or in the side \"dropped\"",
  units = "max_records: records that wait; max_bytes: of their JSON, with newlines; max_disk: of"
    .. " the files.",
  errors = "None. What is dropped is counted by reason, and is in :side \"dropped\" if that is"
    .. " taken, many at once, 20 ms later at most; where 1 MiB of it waits, the buffer waits too."
    .. " A full disk blocks until there is room; records that cannot be read back are counted as"
    .. " lost. After a kill -9 what was not delivered comes again, and what was in the last 0.1"
    .. " s; after a failure of the machine, what was in 0.5 s.",
  cost = "A few hundred nanoseconds a batch; copies a record only where a limit cuts a batch.",
  example = [[
local s = weir.from "access.jsonl" :buffer{ max_records = 50000, overflow = "drop_oldest" }
s:to "slow.jsonl"
s:side "dropped" :to "dropped.jsonl"]],
  input = { { n = 1 }, { n = 2 } },
  output = { { n = 1 }, { n = 2 } },
}

return M
