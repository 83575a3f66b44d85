--- A segment whose function may wait: each record in a call of its own.
--
-- Entered by the scheduler (engine/sched/flight.c) when there is a record to take on, when
-- something has arrived, or when it is time, it goes on with the calls that can go on
-- (weir.run.calls), takes on records as long as there is room, and writes those that are
-- done: in the order in which they came, or as they are done. Each class of priority has an
-- order of its own, and waits for room by itself; what is urgent is written first.

local cdef = require("weir.cdef")
local fate = require("weir.run.fate")
local lambda = require("weir.run.lambda")
local record = require("weir.native.record")
local segment = require("weir.run.segment")
local under_way = require("weir.run.calls")

local C = cdef.load("engine/data/batch.h", "engine/op/rows.h", "engine/sched/run.h")

local M = {}

local ROWS_PER_ENTRY = 256
local NEVER = math.huge

local DONE, MORE, FULL, TURN, LANDED = 0, 1, 2, 5, 6
local NONE, CLASSES = C.WEIR_FLIGHT_NONE, C.WEIR_CLASSES

local rows = record.rows

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
  local self = setmetatable({
    segment = segment.new(task, plan, parts),
    run = parts.run,
    flights = parts.run.flights,
    ordered = node.ordered,
    queues = {}, -- of each class; ordered: of all calls, else of those that are done
  }, Async)
  self:_clear()
  self.calls = under_way.new(node, self.flights, parts.clock, function(call)
    if not self.ordered then
      self:_enqueue(call)
    end
  end)
  return self
end

function Async:_clear()
  for class = 0, CLASSES - 1 do
    self.queues[class] = { first = 1, last = 0 }
  end
end

function Async:_enqueue(call)
  local queue = self.queues[call.class]
  queue.last = queue.last + 1
  queue[queue.last] = call
end

-- A batch without records is over as soon as its turn comes.
function Async:_board()
  local flights = self.flights
  if flights.launching == NONE then
    return
  end
  self.place, self.class = flights.launching, flights.priority
  flights.launching = NONE
  if self.run.row == self.run.row_end then
    self:_enqueue({ place = self.place, class = self.class, done = true, over = true })
  end
end

function Async:_launch()
  local run, taken = self.run, 0
  self:_board()
  while run.batch ~= nil and run.row < run.row_end and taken < ROWS_PER_ENTRY
    and self.calls:room(self.class) > 0
  do
    local call = { place = self.place, class = self.class, row = run.row }
    taken, run.row = taken + 1, run.row + 1
    if self.ordered then
      self:_enqueue(call)
    end
    self.calls:begin(call)
  end
  return run.batch ~= nil and run.row < run.row_end and self.calls:room(self.class) > 0
end

function Async:_write(call)
  local run, flight = self.run, self.flights.places[call.place]
  local batch, row = run.batch, run.row
  local problem, reason = fate.write(call, flight.batch, run.out[0]), nil
  if problem then
    run.batch, run.row, run.stage = flight.batch, call.row, 0
    reason = self.segment:answer(problem)
    run.batch, run.row = batch, row
  end
  flight.left, self.flights.done = flight.left - 1, self.flights.done + 1
  self.calls:leave(call)
  return reason
end

local function head_of(queue)
  local call = queue[queue.first]
  return call and call.done and call or nil
end

-- Writes what is done of a class. Gives why it stops: a weir_run_reason, or nil.
function Async:_land(queue)
  local flights, run = self.flights, self.run
  local call = head_of(queue)
  while call do
    if flights.at ~= call.place then
      flights.at = call.place
      return TURN
    end
    queue[queue.first], queue.first = nil, queue.first + 1
    local reason = not call.over and self:_write(call) or nil
    if reason then
      return reason
    elseif flights.places[call.place].left == 0 then
      return LANDED
    elseif run.out[0].bytes.size >= run.limits.out_bytes then
      return FULL
    end
    call = head_of(queue)
  end
end

-- Writes what is done where there is room for it.
function Async:_land_all()
  for class = 0, CLASSES - 1 do
    local roomy = bit.band(self.flights.roomy, bit.lshift(1, class)) ~= 0
    local reason = roomy and self:_land(self.queues[class]) or nil
    if reason then
      return reason
    end
  end
end

-- What waits for room, and which classes may begin more.
function Async:_tell()
  local flights, landable, rooms = self.flights, 0, 0
  for class = 0, CLASSES - 1 do
    local is = bit.lshift(1, class)
    landable = landable + (head_of(self.queues[class]) and is or 0)
    rooms = rooms + (self.calls:room(class) > 0 and is or 0)
  end
  flights.under_way, flights.landable, flights.rooms = self.calls.count, landable, rooms
end

function Async:_give_up()
  self.calls:give_up()
  self:_clear()
  return DONE
end

--- Does what there is to do; gives a weir_run_reason.
function Async:enter()
  local run, calls = self.run, self.calls
  if run.finishing ~= 0 then
    return self:_give_up()
  end
  run.stage, run.mark = 0, 1 -- for errors and profiles: the only stage
  calls:arrive()
  calls:expire()
  local more = self:_launch()
  local reason = self:_land_all()
  self:_tell()
  reason = reason or (more and MORE or DONE)
  local next_ns = calls:next_ns()
  run.resume_ns = reason == DONE and (next_ns < NEVER and next_ns or 0) or 1
  return reason
end

return M
