--- Bytes that the stages inside a segment let go. No record is written there, so they are
-- as many as its records times what those weigh that were looked at of late.
--
--     local weights = weights.new(engine)
--     weights:of(task, stage, 1000)     --> 52000, or nil while nothing is known

local cdef = require("weir.cdef")

local C = cdef.load("engine/sched/measure.h")

local M = {}

local FADES = 0.6 -- of what was looked at before, each time that more was

local Weights = {}
Weights.__index = Weights

---@param engine table  of weir.run.engine; it may be started later
function M.new(engine)
  return setmetatable({ engine = engine, stages = {} }, Weights)
end

-- What a record weighs by now, or nil.
local function mean(of, weight)
  local records, bytes = tonumber(weight.records), tonumber(weight.bytes)
  if records > of.seen_records then
    of.records = of.records * FADES + records - of.seen_records
    of.bytes = of.bytes * FADES + bytes - of.seen_bytes
    of.seen_records, of.seen_bytes = records, bytes
  end
  return of.records > 0 and of.bytes / of.records or nil
end

--- The bytes of all records that a stage has sent. They never get fewer.
---@param task table   a segment
---@param stage table  of it
---@param sent number  records
function Weights:of(task, stage, sent)
  local name = stage.node.name
  local of = self.stages[name]
  if not of then
    of = { records = 0, bytes = 0, seen_records = 0, seen_bytes = 0, sent = 0, total = 0 }
    self.stages[name] = of
  end
  local each = mean(of, C.weir_flow_weight(self.engine.flow, task.number, stage.index))
  if not each then
    return nil
  end
  of.total = of.total + math.max(0, sent - of.sent) * each
  of.sent = sent
  return math.floor(of.total + 0.5)
end

return M
