--- How the time of a segment is shared among its stages, by looking at what it is at.
--
--     local busy = busy.new(engine)
--     busy:look()             -- twenty times a second; false where all rest
--     busy:add("p/1", 0.25)   -- so long has it been at work since the last time
--     busy:of("parse")        --> 0.2: what of that a stage took in all, or nil
--     busy:share("parse")     --> 0.8: of what it takes of late
--
-- The code at work says only what it is at (engine/sched/run.h), which costs it next to
-- nothing. Reading is the first stage's, writing the last one's.

local cdef = require("weir.cdef")

local C = cdef.load("engine/sched/flow.h", "engine/sched/profile.h", "engine/sched/run.h")

local M = {}

local FADES = 0.6 -- of what was seen before, each time that a snapshot is taken

local Busy = {}
Busy.__index = Busy

local function runs_of(flow, task)
  local runs = {}
  for lane = 0, C.weir_flow_lanes(flow, task.number) - 1 do
    runs[#runs + 1] = C.weir_flow_run_of(flow, task.number, lane)
  end
  return runs
end

-- By mark, the stage that it means, from 1; collecting garbage is no stage's.
local function stage_of(mark, count)
  if mark <= count then
    return mark
  end
  return mark == count + C.WEIR_MARK_READ and 1 or mark == count + C.WEIR_MARK_WRITE and count
    or nil
end

---@param engine table  of weir.run.engine; it may be started later
function M.new(engine)
  local self = setmetatable({ engine = engine, segments = {}, of_task = {}, of_stage = {},
    seconds = {}, steps = 0 }, Busy)
  for _, task in ipairs(engine.plan.tasks) do
    if task.kind == "segment" and #task.stages > 1 then
      local segment = { task = task, count = #task.stages, seen = {}, all = 0, late = {},
        late_all = 0, owed = 0, names = {} }
      for i, stage in ipairs(task.stages) do
        segment.seen[i], segment.late[i] = 0, 0
        segment.names[i] = stage.node.name
        self.of_stage[stage.node.name] = { segment = segment, at = i }
      end
      self.segments[#self.segments + 1], self.of_task[task.name] = segment, segment
    end
  end
  return self
end

-- How many steps they have taken in all.
local function steps_of(self)
  local steps = 0
  for _, segment in ipairs(self.segments) do
    steps = steps + tonumber(C.weir_flow_task_time(self.engine.flow, segment.task.number).steps)
  end
  return steps
end

--- Sees what segments are at, once it has started; whether any has been at work since the
-- last time.
function Busy:look()
  local any = false
  for _, segment in ipairs(self.segments) do
    segment.runs = segment.runs or runs_of(self.engine.flow, segment.task)
    for _, run in ipairs(segment.runs) do
      local mark = run.mark
      if mark ~= 0 then
        any = true
        local stage = stage_of(mark, segment.count)
        if stage then
          segment.seen[stage], segment.all = segment.seen[stage] + 1, segment.all + 1
        end
      end
    end
  end
  local steps = steps_of(self)
  any, self.steps = any or steps ~= self.steps, steps
  return any
end

--- Shares out what a segment took since the last time, and before while nobody looked.
function Busy:add(task, seconds)
  local segment = self.of_task[task]
  if not segment then
    return
  end
  segment.owed = segment.owed + seconds
  if segment.all == 0 then
    return
  end
  for i, name in ipairs(segment.names) do
    self.seconds[name] = (self.seconds[name] or 0) + segment.owed * segment.seen[i] / segment.all
    segment.late[i] = segment.late[i] * FADES + segment.seen[i]
    segment.seen[i] = 0
  end
  segment.late_all = segment.late_all * FADES + segment.all
  segment.all, segment.owed = 0, 0
end

--- What a stage that shares a segment took, in seconds; nil where it is not known.
function Busy:of(name)
  return self.seconds[name]
end

--- Its share of what its segment takes of late.
function Busy:share(name)
  local stage = self.of_stage[name]
  return stage and stage.segment.late[stage.at] / math.max(1, stage.segment.late_all)
end

return M
