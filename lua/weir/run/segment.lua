--- A segment at work: enters its function, and answers what fails in it.
--
-- An error ends the record at hand, or the element of a flat_map, and nothing else:
-- the record becomes a dead letter (or what on_error says), and the next entry goes on
-- behind it.

local cdef = require("weir.cdef")
local ffi = require("ffi")
local problems = require("weir.run.problems")
local record = require("weir.native.record")

local C = cdef.load(
  "engine/base/clock.h",
  "engine/base/err.h",
  "engine/data/dead.h",
  "engine/op/rows.h",
  "engine/sched/flow.h",
  "engine/sched/run.h",
  "engine/sched/tally.h"
)

local M = {}

local Segment = {}
Segment.__index = Segment

local DONE, MORE, FULL, FAILED = 0, 1, 2, 4
local KINDS, DROPPED, DEAD = 6, 3, 4

local origin = ffi.new("weir_origin")

---@param task table  a task of kind "segment" from weir.plan.cut
---@param plan table
---@param parts { flow: ffi.cdata*, rows: ffi.cdata*, run: ffi.cdata*, body: function,
---   finish: function, pending: table, settle: function }
function M.new(task, plan, parts)
  local self = setmetatable(parts, Segment)
  self.task, self.plan, self.clock = task, plan, C.weir_flow_clock(parts.flow)
  return self
end

function Segment:_count(stage, kind, by)
  local at = stage.index * KINDS + kind
  self.run.counts[at] = self.run.counts[at] + (by or 1)
end

-- Who sent the record that `origin` tells of, or which file or source it is from.
function Segment:_source()
  return origin.peer ~= nil and origin.peer
    or C.weir_flow_path(self.flow, origin.source, origin.partition)
end

-- Where the record at hand came from, in words. Also fills `origin`.
function Segment:_place()
  local run = self.run
  -- Between two elements of a flat_map other segments may have had the slot.
  C.weir_rows_open(self.rows, 0, run.batch, run.row)
  C.weir_rows_source(self.rows, 0, origin)
  local path = ffi.string(self:_source())
  local number = tonumber(origin.number)
  return number > 0 and ("%s, record %d"):format(path, number) or path
end

function Segment:_write_dead(stage, problem)
  local run = self.run
  -- Between two elements of a flat_map other segments may have had the slot.
  C.weir_rows_open(self.rows, 0, run.batch, run.row)
  C.weir_rows_source(self.rows, 0, origin)
  local source = self:_source()
  local code = problems.code(problem)
  local dead = ffi.new("weir_dead")
  dead.wall_ns = self.clock.wall_ns(self.clock.context)
  dead.stage = stage.node.name
  dead.code = code
  dead.column = problem.column or 0
  dead.reason = problem.message
  dead.traceback = problem.traceback
  dead.source = source
  dead.position = origin.position
  dead.number = origin.number
  dead.raw = origin.raw
  C.weir_dead_write(run.out[stage.dead_port], dead)
  C.weir_tally_add(C.weir_flow_tally(self.flow), stage.node.name, code, problem.message, source,
    origin.number)
  run.dead = run.dead + 1
  self:_count(stage, DEAD)
end

-- on_error = fn: its result goes on in the place of the record, behind the stage.
function Segment:_replace(stage, problem)
  local run, rows = self.run, self.rows
  C.weir_rows_open(rows, 0, run.batch, run.row)
  C.weir_rows_enter(rows, 0, 0)
  local ok, result = pcall(stage.on_error.fn, problem.message or "", self.keep(0))
  if ok and (type(result) == "table" or record.is(result)) then
    ok, result = pcall(self.replace, 0, result)
  elseif ok then
    ok, result = false, "it gave no record"
  end
  if not ok then
    result = type(result) == "table" and (result.message or problems.code(result)) or result
    problem.message = ("%s; and on_error failed: %s"):format(problem.message, tostring(result))
  end
  return ok
end

-- Gives a reason to leave with, or nil to go on.
function Segment:answer(problem)
  local run = self.run
  local stage = self.task.stages[run.stage + 1]
  local on_error = stage.on_error
  problem.code, problem.message = problems.code(problem), problems.words(problem, stage.node.where)
  if on_error == "stop" then
    self:_count(stage, DROPPED)
    return self:fail({
      code = C.WEIR_EERRORS,
      message = ('%s: %s, in %s (on_error = "stop")'):format(stage.node.name, problem.message,
        self:_place()),
    })
  elseif problem.code == C.WEIR_EFULL and (on_error or "dead_letter") == "dead_letter" then
    -- What is missing in a group or an order makes the rest of it wrong.
    self:_count(stage, DROPPED)
    return self:fail({ code = problem.code, message = stage.node.name .. ": " .. problem.message })
  elseif on_error == "skip" then
    self:_count(stage, DROPPED)
  elseif type(on_error) ~= "table" or not self:_replace(stage, problem) then
    self:_write_dead(stage, problem)
  end
end

function Segment:fail(problem)
  local message = problem.message or ffi.string(C.weir_err_text(problem.code))
  self.run.code = problems.code(problem)
  ffi.copy(self.run.message, message:sub(1, C.WEIR_RUN_MESSAGE - 1))
  return FAILED
end

local function is_full(run)
  for port = 0, run.port_count - 1 do
    if run.out[port].bytes.size >= run.limits.out_bytes then
      return true
    end
  end
  return false
end

-- What to enter by where somebody has looked inside, or this entry weighs. Then counts of
-- both are brought up to date in time, since the strip has one for all.
function Segment:_look()
  if not self.looking then
    self.looking = require("weir.run.look").new(self, self.plan) -- few are
  end
  local body, settle = self.looking:take()
  return body or self.body, settle or self.settle
end

function Segment:_rows()
  local run, pending = self.run, self.pending
  if pending.list_1 then
    -- Its elements keep the source of slot 0, which other segments have had meanwhile.
    C.weir_rows_open(self.rows, 0, run.batch, run.row)
  end
  local body, settle = self.body, self.settle
  if run.taps ~= nil or run.weighs ~= 0 then
    body, settle = self:_look()
  end
  local ok, reason = xpcall(body, problems.catch)
  settle()
  if ok then
    return reason
  end
  -- It is left after each error, so that max_errors, a stop and the memory held are
  -- looked at before the next.
  local leave = self:answer(problems.caught(reason))
  if not pending.list_1 then
    run.row = run.row + 1
  end
  return leave or (is_full(run) and FULL) or (run.row < run.batch.row_count and MORE or DONE)
end

-- What is left of the lists under way counts as dropped while the segment is not at
-- work, since it may never be entered again.
function Segment:_count_left(sign)
  local run, pending, depth = self.run, self.pending, 0
  for _, stage in ipairs(self.task.stages) do
    if stage.node.kind == "flat_map" then
      depth = depth + 1
      local list = pending["list_" .. depth]
      if list then
        local left = #list - pending["at_" .. depth] + 1
        self:_count(stage, DROPPED, sign * left)
      end
    end
  end
  run.begun = sign > 0 and 1 or 0
end

--- Does what `run` asks for; gives a weir_run_reason.
function Segment:enter()
  if self.run.finishing == 0 then
    if self.run.begun ~= 0 then
      self:_count_left(-1)
    end
    local reason = self:_rows()
    if self.pending.list_1 then
      self:_count_left(1)
    end
    return reason
  end
  local ok, reason = xpcall(self.finish, problems.catch)
  return ok and reason or self:fail(problems.caught(reason))
end

return M
