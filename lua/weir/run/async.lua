--- A segment whose function may wait: each record in a coroutine of its own.
--
-- Entered by the scheduler (engine/sched/flight.c) when there is a record to take on, when
-- something has arrived, or when it is time, it goes on with whoever has got what it waited
-- for, takes on records as long as there is room, and writes those that are done: in the
-- order in which they came, or as they are done.
--
--     call = { place, row,       -- of its record, in a batch that stays until it is written
--              co, record,       -- of the try at hand
--              landing, ticket, cancel, wake_ns,   -- while it waits: weir.run.await
--              deadline_ns, backoff, failed,
--              done, result | text | problem }

local await = require("weir.run.await")
local cdef = require("weir.cdef")
local ffi = require("ffi")
local fuel = require("weir.expr.fuel")
local lambda = require("weir.run.lambda")
local problems = require("weir.run.problems")
local record = require("weir.native.record")
local retries = require("weir.run.retries")
local segment = require("weir.run.segment")

local C = cdef.load("engine/base/backoff.h", "engine/base/counter.h", "engine/op/record.h",
  "engine/op/rows.h", "engine/sched/run.h")

local M = {}

local FUEL_PER_TURN = 1e7 -- as weir.run.bind gives a call
local ROWS_PER_ENTRY = 256
local NEVER = math.huge
local ETIMEDOUT = -110

local DONE, MORE, FULL, TURN, LANDED = 0, 1, 2, 5, 6
local NONE = C.WEIR_FLIGHT_NONE
local WAITS, TIMEOUTS, RETRIES, PAUSES = 0, 1, 2, 3

local rows = record.rows
local buf = ffi.gc(ffi.new("weir_buf"), C.weir_buf_fini)

local Async = {}
Async.__index = Async

---@param task table  of weir.plan.cut, whose one stage is a map_async
---@param plan table
---@param parts { flow: ffi.cdata*, run: ffi.cdata*, clock: ffi.cdata* }
function M.new(task, plan, parts)
  local node = task.stages[1].node
  parts.rows, parts.keep = rows, record.detach
  function parts.replace(slot, value)
    lambda.become(slot, value)
    C.weir_rows_write(rows, slot, parts.run.out[0])
  end
  return setmetatable({
    segment = segment.new(task, plan, parts),
    run = parts.run,
    flights = parts.run.flights,
    clock = parts.clock,
    node = node,
    fn = node.expr.fn,
    timeout_ns = node.timeout_ns or NEVER,
    breaker = node.retries and node.retries.breaker,
    queue = {}, -- ordered: of all calls; else of those that are done
    first = 1,
    last = 0,
    calls = {}, -- under way
    count = 0,
    next_ns = NEVER, -- some call may have to be looked at then
    failures = 0, -- in a row
    paused_ns = 0, -- until then
  }, Async)
end

function Async:_now_ns()
  return tonumber(self.clock.monotonic_ns(self.clock.context))
end

function Async:_add(what)
  C.weir_counter_add(self.flights.counters[what], 1)
end

function Async:_note(at_ns)
  self.next_ns = math.min(self.next_ns, at_ns)
end

-- --- the end of a call

function Async:_enqueue(call)
  self.last = self.last + 1
  self.queue[self.last] = call
end

function Async:_settle(call)
  call.done, call.co, call.wake_ns = true, nil, nil
  self.calls[call] = nil
  if not self.node.ordered then
    self:_enqueue(call)
  end
end

-- Where C stands between the function and its coroutine, LuaJIT cannot leave it.
local ACROSS_C = "attempt to yield across C-call boundary"
local IN_BETWEEN = "weir.http_get and weir.sleep cannot wait inside table.sort and the like"

-- Words and code are those of now: fuel and memory may be others' later.
function Async:_bury(call, problem)
  if problem.message and problem.message:find(ACROSS_C, 1, true) then
    problem.message = IN_BETWEEN
  end
  problem.message = problems.words(problem, self.node.where)
  problem.code = problem.code or problems.code(problem)
  call.problem, call.record = problem, nil
  self:_settle(call)
end

-- A table is written down at once, since the script may go on to change it.
local function keep_result(call, result)
  if result == nil then
    result = call.record
  end
  call.record = nil
  if record.is(result) then
    call.result = result
    return
  elseif type(result) ~= "table" then
    error("map_async must return nothing or a table, not a " .. record.type(result), 0)
  end
  buf.size = 0
  record.encode(result, buf)
  if buf.bytes[0] ~= 0x7b then
    error("a record must be a table of fields, not a list", 0)
  end
  call.text = ffi.string(buf.bytes, buf.size)
end

-- --- retries

-- The peers are down: nobody is asked for a while, and then by one call alone.
function Async:_count_failure()
  self.failures = self.failures + 1
  local now = self:_now_ns()
  if self.breaker and self.failures >= self.breaker.failures and now >= self.paused_ns then
    self.paused_ns = now + self.breaker.pause_ns
    self:_add(PAUSES)
    self:_note(self.paused_ns)
  end
end

-- How long until the next try; nil: there is none.
function Async:_wait_ns(call)
  if not self.node.retries then
    return nil
  end
  if not call.backoff then
    local described = ffi.new("weir_retries")
    retries.fill(described, self.node.retries)
    described.breaker_failures = 0 -- that is ours, for all calls together
    call.backoff = ffi.new("weir_backoff")
    C.weir_backoff_init(call.backoff, described, self:_now_ns() + call.row)
  end
  local wait_ns = tonumber(C.weir_backoff_next(call.backoff))
  if wait_ns < 0 then
    return nil
  end
  local asked_ns = math.min(call.failed.after_ns, tonumber(call.backoff.retries.max_backoff_ns))
  return math.max(wait_ns, asked_ns)
end

-- Whether the function ended with what a wait of its own had raised.
local function is_of_wait(call, problem)
  local words = call.failed and call.failed.words
  return words and problem.message and problem.message:sub(-#words) == words
end

function Async:_fail(call, problem)
  if not is_of_wait(call, problem) then
    return self:_bury(call, problem)
  end
  self:_count_failure()
  local wait_ns = call.failed.again and self:_wait_ns(call)
  if wait_ns then
    self:_add(RETRIES)
    call.retry, call.wake_ns = true, math.max(self:_now_ns() + wait_ns, self.paused_ns)
    return self:_note(call.wake_ns)
  end
  problem.message = problems.words(problem, self.node.where)
  problem.code = call.failed.code
  self:_bury(call, problem)
end

-- --- one turn of a call

local function body(fn, r)
  return xpcall(fn, problems.catch, r)
end

local YIELDED = "coroutine.yield: there is nothing to yield to; weir.sleep waits"

function Async:_turn(call, ...)
  fuel.refill(FUEL_PER_TURN)
  local resumed, ok, result = await.resume(call, ...)
  if coroutine.status(call.co) == "suspended" then
    if ok ~= await.WAITS then
      return self:_bury(call, { message = YIELDED })
    end
    self:_add(WAITS)
    self.flights.awaited = self.flights.awaited + (call.ticket and 1 or 0)
    return call.wake_ns and self:_note(call.wake_ns)
  end
  if not resumed then
    return self:_fail(call, problems.caught(ok))
  elseif not ok then
    return self:_fail(call, problems.caught(result))
  end
  self.failures = call.failed and self.failures or 0
  ok, result = xpcall(keep_result, problems.catch, call, result)
  if ok then
    self:_settle(call)
  else
    self:_bury(call, problems.caught(result))
  end
end

-- A try begins with the record as it came.
function Async:_try(call)
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

-- --- what an entry does

function Async:_time_out(call)
  self:_add(TIMEOUTS)
  self.flights.awaited = self.flights.awaited - (call.ticket and 1 or 0)
  await.forget(call)
  self:_bury(call, {
    code = ETIMEDOUT,
    message = ("%s: map_async: not done within its timeout of %g s"):format(self.node.where,
      self.timeout_ns / 1e9),
  })
end

local function next_of(call)
  return math.min(call.deadline_ns, call.wake_ns or NEVER)
end

function Async:_expire()
  local now = self:_now_ns()
  if now < self.next_ns then
    return
  end
  self.next_ns = NEVER
  local due = {}
  for call in pairs(self.calls) do
    if next_of(call) <= now then
      due[#due + 1] = call
    else
      self:_note(next_of(call))
    end
  end
  table.sort(due, function(a, b)
    return next_of(a) < next_of(b)
  end)
  for _, call in ipairs(due) do
    self:_note(call.deadline_ns > now and call.deadline_ns or NEVER)
    if call.deadline_ns <= now then
      self:_time_out(call)
    elseif call.retry then
      self:_try(call)
    else
      self:_turn(call)
    end
  end
end

function Async:_arrive()
  for arrival in await.arrivals(self.flights.landing) do
    local call = await.taker(arrival)
    if call then
      self.flights.awaited = self.flights.awaited - 1
      self:_turn(call, arrival)
    end
  end
end

-- How many more records there is room for.
function Async:_room()
  local limit = self.node.flights.rows
  if self.paused_ns > 0 and self.failures > 0 then
    limit = self:_now_ns() < self.paused_ns and 0 or 1
    if limit == 0 then
      self:_note(self.paused_ns)
    end
  end
  return math.max(0, limit - self.count)
end

-- A batch without records is over as soon as its turn comes.
function Async:_board()
  local flights = self.flights
  if flights.launching == NONE then
    return
  end
  self.place = flights.launching
  flights.launching = NONE
  if self.run.row == self.run.row_end then
    self:_enqueue({ place = self.place, done = true, over = true })
  end
end

function Async:_launch()
  local run, taken = self.run, 0
  self:_board()
  while run.batch ~= nil and run.row < run.row_end and taken < ROWS_PER_ENTRY
    and self:_room() > 0
  do
    local call = { place = self.place, row = run.row, landing = self.flights.landing }
    call.deadline_ns = self.timeout_ns < NEVER and self:_now_ns() + self.timeout_ns or NEVER
    self:_note(call.deadline_ns)
    self.calls[call] = true
    self.count, taken, run.row = self.count + 1, taken + 1, run.row + 1
    if self.node.ordered then
      self:_enqueue(call)
    end
    self:_try(call)
  end
  return run.batch ~= nil and run.row < run.row_end and self:_room() > 0
end

function Async:_write(call)
  local run, flight = self.run, self.flights.places[call.place]
  local batch, row = run.batch, run.row
  local problem, reason = call.problem, nil
  if not problem then
    C.weir_rows_open(rows, 0, flight.batch, call.row)
    local code = call.text and C.weir_rows_assign_text(rows, 0, call.text, #call.text)
      or C.weir_rows_adopt(rows, 0, call.result)
    code = code == 0 and C.weir_rows_write(rows, 0, run.out[0]) or code
    problem = code ~= 0 and { code = code } or nil
  end
  if problem then
    run.batch, run.row, run.stage = flight.batch, call.row, 0
    reason = self.segment:answer(problem)
    run.batch, run.row = batch, row
  end
  flight.left, self.flights.done = flight.left - 1, self.flights.done + 1
  self.count = self.count - 1
  return reason
end

-- Writes what is done and may go on. Gives why it stops: a weir_run_reason, or nil.
function Async:_land()
  local flights, queue, run = self.flights, self.queue, self.run
  while self.first <= self.last and queue[self.first].done do
    local call = queue[self.first]
    if flights.at ~= call.place then
      flights.at = call.place
      return TURN
    end
    queue[self.first], self.first = nil, self.first + 1
    local reason = not call.over and self:_write(call) or nil
    if reason then
      return reason
    elseif flights.places[call.place].left == 0 then
      return LANDED
    elseif run.out[0].bytes.size >= run.limits.out_bytes then
      return FULL
    end
  end
end

function Async:_give_up()
  for call in pairs(self.calls) do
    await.forget(call)
  end
  self.calls, self.queue, self.count = {}, {}, 0
  return DONE
end

--- Does what there is to do; gives a weir_run_reason.
function Async:enter()
  local run, flights = self.run, self.flights
  if run.finishing ~= 0 then
    return self:_give_up()
  end
  run.stage, run.mark = 0, 1 -- for errors and profiles: the only stage
  self:_arrive()
  self:_expire()
  local more = self:_launch()
  local reason = self:_land()
  flights.under_way, flights.room = self.count, self:_room()
  reason = reason or (more and MORE or DONE)
  run.resume_ns = reason == DONE and (self.next_ns < NEVER and self.next_ns or 0) or 1
  return reason
end

return M
