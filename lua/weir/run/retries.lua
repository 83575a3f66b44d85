--- How often something is tried again: from what a script described to base/backoff.h.

local ffi = require("ffi")

local M = {}

local FOR_EVER = ffi.cast("uint64_t", -1) -- UINT64_MAX

-- Before it has worked once, a mistake is more likely than a peer that is away.
local FIRST_TRIES = 10

--- Fills weir_retries; whether, once it has worked, it is tried for ever.
---@param out ffi.cdata*  weir_retries
---@param described table?  retries, as described
---@param max (number|ffi.cdata*)?  if nothing was said of how often
function M.fill(out, described, max)
  local retries = described or {}
  out.max = retries.max or max or FIRST_TRIES
  out.backoff_ns = retries.backoff_ns or 1e8
  out.max_backoff_ns = retries.max_backoff_ns or 3e10
  out.jitter = retries.jitter or 0.2
  local breaker = retries.breaker
  out.breaker_failures = breaker and breaker.failures or 0
  out.breaker_pause_ns = breaker and breaker.pause_ns or 0
  return retries.max == nil
end

--- Likewise for what passes by itself, as where a disk is full: that is waited for, unless
-- somebody waits for the end of the run.
---@param bounded boolean  every input ends by itself
function M.fill_patient(out, described, bounded)
  M.fill(out, described or { max_backoff_ns = 5e9 },
    bounded and described == nil and 0 or FOR_EVER)
end

return M
