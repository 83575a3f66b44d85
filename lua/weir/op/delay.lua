--- delay: records go on later.

local MAX_BYTES = 64 * 2 ^ 20

local M = {
  kind = "delay",
  usage = ':delay "5s"',
  arguments = { { name = "delay_ns", kind = "duration" } },
  sides = {},
}

function M.complete(node, refuse)
  if node.delay_ns <= 0 then
    refuse('a delay is longer than nothing, such as :delay "5s"')
  end
  node.queue = { max_bytes = MAX_BYTES, overflow = "block", delay_ns = node.delay_ns }
end

--- Records go on as they came.
function M.reference(rows)
  return { out = rows }
end

M.doc = {
  name = "delay",
  group = "operators",
  signature = ":delay(duration)",
  summary = "Lets each record go on so long after it came. At most 64 MiB wait; what comes on top"
    .. " waits outside. When the run is stopped, what waits goes on at once.",
  shape = "record -> the same record, later",
  units = "duration: such as \"50ms\", from when the record came to this stage.",
  errors = "None.",
  cost = "As buffer.",
  example = [[
weir.from "access.jsonl" :delay "50ms" :to "later.jsonl"]],
  input = { { n = 1 } },
  output = { { n = 1 } },
}

return M
