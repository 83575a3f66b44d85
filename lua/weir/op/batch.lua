--- batch: many records become one.

local MAX_BYTES = 16 * 2 ^ 20 -- if the script gives no limit in bytes

local M = {
  kind = "batch",
  usage = ':batch{ records = 100, every = "1s" }',
  arguments = {},
  options = {
    records = { kind = "integer", min = 1, max = 2 ^ 24 },
    bytes = { kind = "size" },
    every = { kind = "duration" },
  },
  sides = {},
}

function M.complete(node, refuse)
  if not (node.records or node.bytes_bytes or node.every_ns) then
    refuse('needs a limit: records, bytes or every, as in :batch{ records = 100, every = "1s" }')
  elseif node.every_ns and node.every_ns <= 0 then
    refuse('every is longer than nothing, such as every = "1s"')
  end
  node.queue = {
    max_records = node.records or 0,
    max_bytes = node.bytes_bytes or MAX_BYTES,
    delay_ns = node.every_ns,
    overflow = "block",
    gathers = 1,
  }
end

--- Of a run that is over before the time is; bytes depend on how records are written.
function M.reference(rows, node)
  local out, size = {}, node.records or math.max(1, #rows)
  for first = 1, #rows, size do
    local last = math.min(#rows, first + size - 1)
    local records = { unpack(rows, first, last) }
    out[#out + 1] = { records = records, count = #records }
  end
  return { out = out }
end

M.doc = {
  name = "batch",
  group = "operators",
  signature = ":batch{ records, bytes, every }",
  summary = "Makes one record of many: { records = list, count = n }. One goes on when it has so"
    .. " many records or bytes, or at the latest so long after its first record came, also if"
    .. " nothing follows; at the end the rest. At least one of the limits is needed; 16 MiB holds"
    .. " where bytes is not given.",
  shape = "record... -> { records, count }",
  units = "bytes: of the records' JSON; the record that reaches it is the last one.",
  errors = "None.",
  cost = "A copy of each record.",
  example = [[
weir.from "access.jsonl" :batch{ records = 2 } :to "pairs.jsonl"]],
  input = { { n = 1 }, { n = 2 }, { n = 3 } },
  output = {
    { records = { { n = 1 }, { n = 2 } }, count = 2 },
    { records = { { n = 3 } }, count = 1 },
  },
}

return M
