--- Waiting without blocking: how the functions of :map_async let go of their worker.
--
--     local call = await.here("weir.http_get")   -- the call of such a function, or raises
--     start(..., await.ticket(call))             -- what arrives at call.landing has the ticket
--     local arrival = await.pause()              -- others go on until then
--
-- A call that waits has in `cancel` what lets go of what it waits for, called with it, and in
-- `wake_ns` the time when it goes on by itself.

local cdef = require("weir.cdef")

local C = cdef.load("engine/base/landing.h")

local M = {}

-- What a call yields; whatever else is yielded is the script's mistake.
M.WAITS = {}

local at_work

local waiting, last_ticket = {}, 0

local function leave(...)
  at_work = nil
  return ...
end

--- Goes on with a call: what its coroutine yields or gives.
function M.resume(call, ...)
  at_work, call.cancel, call.wake_ns = call, nil, nil
  return leave(coroutine.resume(call.co, ...))
end

--- The call at work, which is about to wait. Raises at the script's line where none can.
---@param name string  of who waits
function M.here(name)
  if not at_work then
    error(name .. " waits, so it belongs in the function of :map_async; here it would block", 3)
  elseif coroutine.running() ~= at_work.co then
    error(name .. " cannot wait in a coroutine of the script's own: call it in the function of"
      .. " :map_async itself", 3)
  end
  return at_work
end

--- A number for what the call is about to ask for.
function M.ticket(call)
  last_ticket = last_ticket + 1
  waiting[last_ticket], call.ticket = call, last_ticket
  return last_ticket
end

--- Lets others go on until what was asked for has arrived, or the time has come.
---@return ffi.cdata*? arrival
function M.pause()
  return coroutine.yield(M.WAITS)
end

--- Who waits for an arrival; nil: nobody any more, and it is gone.
function M.taker(arrival)
  local ticket = tonumber(arrival.ticket)
  local call = waiting[ticket]
  waiting[ticket] = nil
  if not call then
    arrival.drop(arrival)
    return nil
  end
  call.ticket = nil
  return call
end

--- The call waits no more.
function M.forget(call)
  if call.ticket then
    waiting[call.ticket], call.ticket = nil, nil
  end
  if call.cancel then
    call.cancel(call)
    call.cancel = nil
  end
end

--- What has arrived, one after the other.
function M.arrivals(landing)
  return function()
    local arrival = C.weir_landing_take(landing)
    return arrival ~= nil and arrival or nil
  end
end

return M
