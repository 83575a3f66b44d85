--- How often calls of map_async are tried, and when nobody is to be asked for a while.
--
--     local tries = tries.new(node.retries, now_ns)
--     tries:fail()                         --> whether a pause begins with it
--     local at_ns = tries:again_ns(call)   -- when to try anew; nil: not any more
--     tries:succeed()
--     tries:limit(rows)                    -- how many may be under way now

local cdef = require("weir.cdef")
local ffi = require("ffi")
local retries = require("weir.run.retries")

local C = cdef.load("engine/base/backoff.h")

local M = {}

local Tries = {}
Tries.__index = Tries

---@param described table?  retries, as described
---@param now_ns fun(): number
function M.new(described, now_ns)
  return setmetatable({
    described = described,
    breaker = described and described.breaker,
    now_ns = now_ns,
    failures = 0, -- in a row
    paused_ns = 0, -- until then
  }, Tries)
end

--- With the last of so many the peers are down: nobody is asked for a while, and then by
-- one call alone.
function Tries:fail()
  self.failures = self.failures + 1
  local now = self.now_ns()
  if not self.breaker or self.failures < self.breaker.failures or now < self.paused_ns then
    return false
  end
  self.paused_ns = now + self.breaker.pause_ns
  return true
end

function Tries:succeed()
  self.failures = 0
end

local function new_backoff(described, seed)
  local options, backoff = ffi.new("weir_retries"), ffi.new("weir_backoff")
  retries.fill(options, described)
  options.breaker_failures = 0 -- that is ours, for all calls together
  C.weir_backoff_init(backoff, options, seed)
  return backoff
end

function Tries:again_ns(call)
  if not self.described or not call.failed.again then
    return nil
  end
  local now = self.now_ns()
  call.backoff = call.backoff or new_backoff(self.described, now + call.row)
  local wait_ns = tonumber(C.weir_backoff_next(call.backoff))
  if wait_ns < 0 then
    return nil
  end
  local asked_ns = math.min(call.failed.after_ns, tonumber(call.backoff.retries.max_backoff_ns))
  return math.max(now + wait_ns, now + asked_ns, self.paused_ns)
end

function Tries:limit(rows)
  if self.paused_ns == 0 or self.failures == 0 then
    return rows
  end
  return self.now_ns() < self.paused_ns and 0 or 1
end

return M
