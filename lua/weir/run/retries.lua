--- How often something is tried again: from what a script described to base/backoff.h.

local M = {}

-- Before it has worked once, a mistake is more likely than a peer that is away.
local FIRST_TRIES = 10

--- Fills weir_retries; whether, once it has worked, it is tried for ever.
---@param out ffi.cdata*  weir_retries
---@param described table?  retries, as described
function M.fill(out, described)
  local retries = described or {}
  out.max = retries.max or FIRST_TRIES
  out.backoff_ns = retries.backoff_ns or 1e8
  out.max_backoff_ns = retries.max_backoff_ns or 3e10
  out.jitter = retries.jitter or 0.2
  local breaker = retries.breaker
  out.breaker_failures = breaker and breaker.failures or 0
  out.breaker_pause_ns = breaker and breaker.pause_ns or 0
  return retries.max == nil
end

return M
