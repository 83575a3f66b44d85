--- What stages inside a segment let go, for whoever looks at one of them, or wants to know
-- what records weigh there.
--
-- The function of a segment has no place where it could be seen, and gets none. While a
-- tap wants records, the segment is entered by another function, made from the same plan
-- with one thing more in it, which works with the same closures and state: it may take
-- over at any entry and give back at the next. So what a stage remembers is as it was,
-- nothing is computed twice, and where nobody looks nothing is there.
--
--     local looking = look.new(segment)
--     local body, settle = looking:take()     -- or nil: no tap wants any, nothing is weighed

local cdef = require("weir.cdef")
local emit = require("weir.plan.emit")
local ffi = require("ffi")
local lifted = require("weir.run.lifted")
local lifts = require("weir.plan.lifts")

local C = cdef.load("engine/base/buf.h", "engine/op/rows.h", "engine/sched/run.h",
  "engine/sched/tap.h")

local M = {}

-- The first entry is short, since most stages let many records go; where it shows none,
-- the next is longer.
local ROWS_FIRST, ROWS_MAX = 32, 1024

local buf = ffi.gc(ffi.new("weir_buf"), C.weir_buf_fini)

local Look = {}
Look.__index = Look

---@param segment table  of weir.run.segment
---@param plan table     that it is part of
function M.new(segment, plan)
  return setmetatable({
    segment = segment, lifting = plan.lifting, made = {}, last = 0, rows = ROWS_FIRST,
  }, Look)
end

-- Adds the record in a slot to the tap. What cannot be written is told of elsewhere.
local function adder(rows, run)
  return function(slot, stage)
    local tap = run.taps[stage]
    if C.weir_tap_wants(tap) ~= 0 then
      buf.size = 0
      if C.weir_rows_text(rows, slot, buf) == 0 then
        C.weir_tap_add(tap, buf.bytes, buf.size)
      end
    end
  end
end

-- Adds to what records of a stage weigh, with the end of their lines.
local function weigher(rows, run)
  return function(slot, stage)
    buf.size = 0
    if C.weir_rows_text(rows, slot, buf) == 0 then
      local weight, times = run.weights[stage], run.weighs
      weight.records = weight.records + times
      weight.bytes = weight.bytes + times * (tonumber(buf.size) + 1)
    end
  end
end

-- A segment whose function shows what a stage lets go, or "all". A program does stages up
-- to that one.
function Look:_make(at)
  local segment = self.segment
  local task, rows, run = segment.task, segment.rows, segment.run
  local is_all = at == "all"
  local prefix = task.lifted and not is_all and lifts.of(task.stages, at + 1, self.lifting) or nil
  local shown = setmetatable({
    looked = is_all and at or task.stages[at + 1], lifted = prefix or false,
  }, { __index = task })
  local walk, settle = lifted.bind(shown, run, segment.data)
  local data = setmetatable({
    walk = walk, look = is_all and weigher(rows, run) or adder(rows, run),
  }, { __index = segment.data })
  local source = emit.emit(shown)
  local body = assert(loadstring(source, "=segment:" .. task.name))(data)
  return { body = body, settle = settle }
end

-- Where there is no memory for one, nothing is seen, and the run goes on.
function Look:_made(at)
  if self.made[at] == nil then
    local ok, made = pcall(self._make, self, at)
    self.made[at] = ok and made
  end
  local made = self.made[at]
  if made then
    return made.body, made.settle
  end
end

-- The stage that is looked at this time, or nil: no tap wants records.
function Look:_wanted()
  local run = self.segment.run
  local index = run.taps ~= nil and C.weir_tap_wanting(run.taps, run.stage_count, self.last) or -1
  if index < 0 then
    self.rows = ROWS_FIRST
    return nil
  end
  self.last = index + 1 -- another one, if there is one, next time
  return index
end

--- What to enter the segment by this time, and what brings its counts up to date; nil
-- where no tap wants records and nothing is weighed. Makes the entry short for a tap.
function Look:take()
  local run = self.segment.run
  local index = self:_wanted()
  if not index and run.weighs ~= 0 then
    return self:_made("all")
  elseif not index then
    return nil
  end
  run.row_end = math.min(run.row_end, run.row + self.rows)
  self.rows = math.min(self.rows * 2, ROWS_MAX)
  return self:_made(index)
end

return M
