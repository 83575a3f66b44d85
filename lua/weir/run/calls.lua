--- The calls of a map_async that are under way: begun, gone on with, tried again, ended.
--
--     local calls = calls.new(node, flights, clock, done)
--     calls:begin(call)                   -- runs until it waits, or is done: done(call)
--     calls:arrive(), calls:expire()      -- goes on with those that can go on
--     calls:room(class)                   -- how many more there may be of a class
--
--     call = { place, class, row,   -- of its record, in a batch that stays until it is written
--              co, record,       -- of the try at hand
--              landing, ticket, cancel, wake_ns,   -- while it waits: weir.run.await
--              deadline_ns, backoff, failed,
--              done, result | text | problem }     -- weir.run.fate

local alarms = require("weir.run.alarms")
local await = require("weir.run.await")
local cdef = require("weir.cdef")
local fuel = require("weir.expr.fuel")
local fate = require("weir.run.fate")
local problems = require("weir.run.problems")
local record = require("weir.native.record")
local tries = require("weir.run.tries")

local C = cdef.load("engine/base/counter.h", "engine/data/batch.h", "engine/op/record.h",
  "engine/op/rows.h", "engine/sched/run.h")

local M = {}

local FUEL_PER_TURN = 1e7 -- as weir.run.bind gives a call
local NEVER = math.huge
local ETIMEDOUT = -110

-- Of the calls at a time, so large a share is for what is more urgent, should there be any.
local KEPT_SHARE = 8

local WAITS, TIMEOUTS, RETRIES, PAUSES = 0, 1, 2, 3

local rows = record.rows

local Calls = {}
Calls.__index = Calls

---@param node table  of the map_async
---@param flights ffi.cdata*  weir_flights
---@param clock ffi.cdata*
---@param done fun(call: table)
function M.new(node, flights, clock, done)
  local function now_ns()
    return tonumber(clock.monotonic_ns(clock.context))
  end
  return setmetatable({
    node = node,
    fn = node.expr.fn,
    timeout_ns = node.timeout_ns or NEVER,
    flights = flights,
    now_ns = now_ns,
    done = done,
    tries = tries.new(node.retries, now_ns),
    waiting = {}, -- begun and not done
    count = 0, -- begun and not written
    busy = 0, -- begun and not done
    held = {}, -- begun and not written, of each class
    most_urgent = C.WEIR_CLASSES, -- class that there ever was
    alarms = alarms.new(), -- of those that wait for a time
    paused_ns = NEVER, -- until then none may begin
  }, Calls)
end

function Calls:_add(what)
  C.weir_counter_add(self.flights.counters[what], 1)
end

-- It is to be looked at when it has waited for long enough, or for too long.
function Calls:_wait(call)
  local at_ns = math.min(call.deadline_ns, call.wake_ns or NEVER)
  if at_ns < NEVER then
    self.alarms:set(call, at_ns)
  else
    self.alarms:clear(call)
  end
end

-- --- the end of a call

function Calls:_settle(call)
  call.done, call.co, call.wake_ns = true, nil, nil
  self.waiting[call] = nil
  self.alarms:clear(call)
  self.busy = self.busy - 1
  self.done(call)
end

function Calls:_bury(call, problem)
  fate.bury(call, problem, self.node.where)
  self:_settle(call)
end

-- Whether the function ended with what a wait of its own had raised.
local function is_of_wait(call, problem)
  local words = call.failed and call.failed.words
  return words and problem.message and problem.message:sub(-#words) == words
end

function Calls:_fail(call, problem)
  if not is_of_wait(call, problem) then
    return self:_bury(call, problem)
  end
  if self.tries:fail() then
    self:_add(PAUSES)
  end
  call.wake_ns = self.tries:again_ns(call)
  if call.wake_ns then
    self:_add(RETRIES)
    call.retry = true
    return self:_wait(call)
  end
  problem.code = call.failed.code
  self:_bury(call, problem)
end

-- --- one turn of a call

local function body(fn, r)
  return xpcall(fn, problems.catch, r)
end

local YIELDED = "coroutine.yield: there is nothing to yield to; weir.sleep waits"

function Calls:_turn(call, ...)
  fuel.refill(FUEL_PER_TURN)
  local resumed, ok, result = await.resume(call, ...)
  if coroutine.status(call.co) == "suspended" then
    if ok ~= await.WAITS then
      return self:_bury(call, { message = YIELDED })
    end
    self:_add(WAITS)
    self.flights.awaited = self.flights.awaited + (call.ticket and 1 or 0)
    return self:_wait(call)
  end
  if not resumed then
    return self:_fail(call, problems.caught(ok))
  elseif not ok then
    return self:_fail(call, problems.caught(result))
  end
  if not call.failed then
    self.tries:succeed()
  end
  ok, result = pcall(fate.keep, call, result)
  if ok then
    self:_settle(call)
  else
    self:_bury(call, problems.caught(result))
  end
end

-- A try begins with the record as it came.
function Calls:_try(call)
  local flight = self.flights.places[call.place]
  C.weir_rows_open(rows, 0, flight.batch, call.row)
  C.weir_rows_enter(rows, 0, 0)
  local ok, handle = pcall(record.detach, 0)
  if not ok then
    return self:_bury(call, { code = C.WEIR_ENOMEM })
  end
  call.record, call.failed, call.retry = handle, nil, nil
  call.co = coroutine.create(body)
  self:_turn(call, self.fn, handle)
end

-- --- what others see

function Calls:_time_out(call)
  self:_add(TIMEOUTS)
  self.flights.awaited = self.flights.awaited - (call.ticket and 1 or 0)
  await.forget(call)
  self:_bury(call, {
    code = ETIMEDOUT,
    message = ("%s: map_async: not done within its timeout of %g s"):format(self.node.where,
      self.timeout_ns / 1e9),
  })
end

--- When there will be something to do, whatever arrives; math.huge: never.
function Calls:next_ns()
  return math.min(self.alarms:first_ns(), self.paused_ns)
end

--- Goes on with those whose time has come.
function Calls:expire()
  local now = self.now_ns()
  for _, call in ipairs(self.alarms:ring(now)) do
    if call.deadline_ns <= now then
      self:_time_out(call)
    elseif call.retry then
      self:_try(call)
    else
      self:_turn(call)
    end
  end
end

--- Goes on with those for whom something has arrived.
function Calls:arrive()
  for arrival in await.arrivals(self.flights.landing) do
    local call = await.taker(arrival)
    if call then
      self.flights.awaited = self.flights.awaited - 1
      self:_turn(call, arrival)
    end
  end
end

--- Begins one, of whom place and row are known.
function Calls:begin(call)
  call.landing = self.flights.landing
  call.deadline_ns = self.timeout_ns < NEVER and self.now_ns() + self.timeout_ns or NEVER
  self.waiting[call] = true
  self.count, self.busy = self.count + 1, self.busy + 1
  self.held[call.class] = (self.held[call.class] or 0) + 1
  self.most_urgent = math.min(self.most_urgent, call.class)
  self:_try(call)
end

--- One is written.
function Calls:leave(call)
  self.count = self.count - 1
  self.held[call.class] = self.held[call.class] - 1
end

-- What is less urgent than others may not have all of the calls, or these would wait for as
-- long as the slowest takes. What is done and cannot be written is in the way of its class alone.
function Calls:room(class)
  local limit = self.tries:limit(self.node.flights.rows)
  self.paused_ns = limit == 0 and self.tries.paused_ns or NEVER
  local kept = class > self.most_urgent and limit > 1 and math.ceil(limit / KEPT_SHARE) or 0
  return math.max(0, math.min(limit - kept - self.busy, limit - (self.held[class] or 0)))
end

--- Nobody waits any more.
function Calls:give_up()
  for call in pairs(self.waiting) do
    await.forget(call)
  end
  self.waiting, self.alarms = {}, alarms.new()
  self.count, self.busy, self.held = 0, 0, {}
end

return M
