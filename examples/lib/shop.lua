--- What the pipelines of this shop share: functions of streams.

local M = {}

--- The requests that took at least so long.
function M.slow(stream, least_ms)
  return stream:filter(function(r) return r.ms >= least_ms end):name "slow"
end

return M
