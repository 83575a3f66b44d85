--- What waits, and what becomes of more: the options of a queue, wherever one stands.
--
--     local queue = overflow.queue(options, refuse)   -- as engine/ring/queue.h is told

local M = {}

-- If the script gives no limit.
local MAX_BYTES = 64 * 2 ^ 20
local MAX_DISK = 2 ^ 30

M.OPTIONS = {
  max_records = { kind = "integer", min = 1 },
  max_bytes = { kind = "size" },
  overflow = {
    kind = "enum",
    values = { "block", "drop_newest", "drop_oldest", "sample", "spill" },
    default = "block",
  },
  keep = { kind = "share", usage = "keep = 0.1" },
  max_disk = { kind = "size" },
}

-- Options of one policy, and how a message calls them.
local OWN = {
  keep = { of = "sample", is = "the share that is kept" },
  max_disk_bytes = { of = "spill", is = "what may lie on disk" },
}

local function refuse_misfits(given, refuse)
  for name, own in pairs(OWN) do
    if given[name] and given.overflow ~= own.of then
      refuse('%s is %s with overflow = "%s"; here overflow is "%s"', (name:gsub("_bytes", "")),
        own.is, own.of, given.overflow)
    end
  end
  if given.overflow == "sample" and not (given.keep and given.keep > 0) then
    refuse('overflow = "sample" needs the share that is kept, such as keep = 0.1')
  end
end

--- The queue of options that were read; what does not fit together goes to `refuse`.
---@param given table  max_records, max_bytes_bytes, overflow, keep, max_disk_bytes
---@param refuse fun(message: string, ...)
function M.queue(given, refuse)
  refuse_misfits(given, refuse)
  local has_limit = given.max_records or given.max_bytes_bytes
  return {
    max_records = given.max_records or 0,
    max_bytes = given.max_bytes_bytes or (has_limit and 0 or MAX_BYTES),
    overflow = given.overflow,
    keep = given.keep or 0,
    max_disk = given.overflow == "spill" and (given.max_disk_bytes or MAX_DISK) or nil,
  }
end

return M
