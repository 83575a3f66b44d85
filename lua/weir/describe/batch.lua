--- `batch`, the same for every sink: how much it is given at a time.
--
--     batch = { records = 1000, bytes = "1MiB", every = "1s" }
--
-- A described one is `{ records, bytes_bytes, every_ns }`; every_ns is absent where nothing
-- waits for company.

local options = require("weir.lib.options")

local M = {}

local RECORDS_MAX = 2 ^ 20

--- An option of this kind has `usual = { records, bytes, every }`, and `cuts` where the sink
-- keeps to records and bytes by itself.
options.define("batch", function(value, option, where)
  if type(value) ~= "table" or getmetatable(value) ~= nil then
    return nil, 'limits such as { records = 1000, bytes = "1MiB", every = "1s" }'
  end
  local usual = option.usual or {}
  local batch = options.check({
    records = { kind = "integer", min = 1, max = RECORDS_MAX, default = usual.records or 10000 },
    bytes = { kind = "size", default = usual.bytes or "1MiB" },
    every = { kind = "duration", default = usual.every },
  }, value, { subject = "batch", where = where })
  if not (batch.every_ns or option.cuts) then
    return nil, 'told how long it may wait for company, such as { every = "1s" }'
  end
  return batch
end)

--- What a queue is told (engine/ring/queue.h) that gathers what goes to a sink, or nil.
---@param batch table?  described
function M.queue(batch)
  if not (batch and batch.every_ns and batch.every_ns > 0) then
    return nil
  end
  return {
    max_records = batch.records,
    max_bytes = batch.bytes_bytes,
    delay_ns = batch.every_ns,
    overflow = "block",
    gathers = 1,
    joins = 1,
  }
end

--- What a reference entry says of it.
M.doc = [[
batch = { records, bytes, every }: records wait for company, `every` at most, in a buffer
before the sink, and go on sooner when there are so many records or bytes. What waits is
written when the run ends, and counted as held until then.]]

return M
