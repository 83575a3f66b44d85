--- A segment whose function may wait: each record in a call of its own.
--
-- Entered by the scheduler (engine/sched/flight.c) when there is a record to take on, when
-- something has arrived, or when it is time, it goes on with the calls that can go on
-- (weir.run.calls), takes on records as long as there is room, and writes those that are
-- done: in the order in which they came, or as they are done.

local cdef = require("weir.cdef")
local fate = require("weir.run.fate")
local lambda = require("weir.run.lambda")
local record = require("weir.native.record")
local segment = require("weir.run.segment")
local under_way = require("weir.run.calls")

local C = cdef.load("engine/op/rows.h", "engine/sched/run.h")

local M = {}

local ROWS_PER_ENTRY = 256
local NEVER = math.huge

local DONE, MORE, FULL, TURN, LANDED = 0, 1, 2, 5, 6
local NONE = C.WEIR_FLIGHT_NONE

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
    queue = {}, -- ordered: of all calls; else of those that are done
    first = 1,
    last = 0,
  }, Async)
  self.calls = under_way.new(node, self.flights, parts.clock, function(call)
    if not self.ordered then
      self:_enqueue(call)
    end
  end)
  return self
end

function Async:_enqueue(call)
  self.last = self.last + 1
  self.queue[self.last] = call
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
    and self.calls:room() > 0
  do
    local call = { place = self.place, row = run.row }
    taken, run.row = taken + 1, run.row + 1
    if self.ordered then
      self:_enqueue(call)
    end
    self.calls:begin(call)
  end
  return run.batch ~= nil and run.row < run.row_end and self.calls:room() > 0
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
  self.calls:leave()
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
  self.calls:give_up()
  self.queue = {}
  return DONE
end

--- Does what there is to do; gives a weir_run_reason.
function Async:enter()
  local run, flights, calls = self.run, self.flights, self.calls
  if run.finishing ~= 0 then
    return self:_give_up()
  end
  run.stage, run.mark = 0, 1 -- for errors and profiles: the only stage
  calls:arrive()
  calls:expire()
  local more = self:_launch()
  local reason = self:_land()
  flights.under_way, flights.room = calls.count, calls:room()
  reason = reason or (more and MORE or DONE)
  run.resume_ns = reason == DONE and (calls.next_ns < NEVER and calls.next_ns or 0) or 1
  return reason
end

return M
