--- Which sources are live: they speak when others send, and may be silent for long.

local M = {}

--- By kind: sources that others send to.
M.KINDS = { tcp = true, udp = true, unix = true, syslog = true }

local WAITING = { interval = true, tail = true, exec = true, http = true }

--- Whether a described source may have nothing to give for long, with no end in sight.
---@param source table
function M.is(source)
  local waits = WAITING[source.kind] or (source.rate_per_s and not source.count)
  return M.KINDS[source.kind] or waits or false
end

return M
