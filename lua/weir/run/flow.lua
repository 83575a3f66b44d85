--- The flow of a planned pipeline: its tasks in the engine, and the edges between them.

local cdef = require("weir.cdef")
local columns = require("weir.plan.columns")
local connectors = require("weir.run.connectors")
local ffi = require("ffi")
local priority = require("weir.lib.priority")
local state_dir = require("weir.run.state_dir")

local C = cdef.load("engine/base/clock.h", "engine/data/batch.h", "engine/ring/spill.h",
  "engine/sched/flow.h", "engine/sched/measure.h")

local M = {}

local HANDS_ON = { merge = true, take = true, skip = true, publish = true, subscribe = true }
local GATHERS = { aggregate = true, sort = true, top = true }

--- The default sink of dead letters: a file that appears when there is something in it.
---@param self table  an engine
function M.dead_letters(self)
  if self.request.chain then
    return { kind = "discard" }
  end
  return {
    kind = "file",
    path = self.graph.pipeline .. ".dead.jsonl",
    append = true,
    lazy = true,
    codec = { kind = "json" },
  }
end

-- Whether a segment has nothing to do but to hand on batches as they are.
local function passes(task)
  return task.kind == "segment" and #task.stages == 1 and task.stages[1].node.kind == "subscribe"
end

-- Whether a segment looks for fields of its records, or only hands them on. What is in a
-- buffer, or goes on as it is, is looked into behind it.
local function reads(self, task)
  if task.kind == "buffer" or passes(task) then
    for _, edge in ipairs(self.plan.edges) do
      if edge.from == task and reads(self, edge.to) then
        return true
      end
    end
  end
  for _, stage in ipairs(task.stages or {}) do
    if not HANDS_ON[stage.node.kind] or stage.node.groups then
      return true
    end
  end
  return false
end

-- The stage that makes the records of a segment, and not of others one by one, or nil.
local function maker(task)
  local last = task.stages[#task.stages]
  if task.node.source then
    return task.node
  end
  return last and GATHERS[last.node.kind] and last.node
end

-- By kind of task: adds it to the flow and gives its number.
local add = {}

function add.source(self, task, context)
  local sampled = (self.request.options or {}).sample
  context.state = not sampled and state_dir.of(self, task.name) .. ".positions" or nil
  local source = connectors.source(task.node.source, context)
  context.bounded = context.bounded and source.bounded ~= 0
  return C.weir_flow_add_source(self.flow, task.name, source)
end

function add.segment(self, task, context)
  local source = task.node.source
  context.bounded = context.bounded and not (source and source.rate_per_s and not source.count)
  local number = C.weir_flow_add_segment(self.flow, task.name, #task.ports, #task.stages)
  local flights = task.node.flights
  if flights then
    C.weir_flow_set_flights(self.flow, number, flights.rows, task.node.ordered and 1 or 0)
  end
  local last = task.stages[#task.stages]
  local label = last and last.node.label
  if label then
    C.weir_flow_set_topic(self.flow, number, label, #label)
  end
  if maker(task) then
    C.weir_flow_set_origin(self.flow, number, maker(task).name)
  end
  return number
end

-- What an earlier process left there goes first. A damaged end is told, not refused.
local function open_spill(self, path, max_disk)
  local out, message = ffi.new("weir_spill *[1]"), ffi.new("char[?]", C.WEIR_SPILL_MESSAGE)
  local pool = C.weir_flow_pool(self.flow)
  local rc = C.weir_spill_open(out, path, max_disk, pool, message)
  if rc ~= 0 then
    error(ffi.string(message), 0)
  elseif message[0] ~= 0 then
    table.insert(self.warnings, ffi.string(message))
  end
  return out[0]
end

local function exists(path)
  local file = io.open(path)
  return file ~= nil and file:close()
end

local function has_classes(plan)
  for _, task in ipairs(plan.tasks) do
    for _, port in ipairs(task.ports) do
      if port.class then
        return true
      end
    end
  end
  return false
end

-- Each class that may come, or that an earlier process has left, has a log of its own: or
-- what is urgent would wait on disk behind what is not.
local function open_spills(self, task, options)
  local path = state_dir.of(self, task.name)
  for class = 0, C.WEIR_CLASSES - 1 do
    local usual = class == C.WEIR_CLASS_NORMAL
    local of_class = usual and path or ("%s.%s"):format(path, priority.NAMES[class + 1])
    if usual or has_classes(self.plan) or exists(of_class) then
      options.spills[class] = open_spill(self, of_class, task.node.queue.max_disk)
    end
  end
end

function add.buffer(self, task)
  local options, queue = ffi.new("weir_queue_options"), task.node.queue
  for name, value in pairs(queue) do
    if name ~= "max_disk" then
      options[name] = name == "overflow" and C["WEIR_OVERFLOW_" .. value:upper()] or value
    end
  end
  local ok, problem = true, nil
  if queue.max_disk then
    ok, problem = pcall(open_spills, self, task, options)
  end
  local number = C.weir_flow_add_buffer(self.flow, task.name, options)
  if not ok then
    error(problem, 0) -- those that were opened are the flow's
  end
  return number
end

function add.relay(self, task, context)
  if (self.request.options or {}).sample then
    error(task.name .. ": no programs are run here", 0)
  end
  return C.weir_flow_add_relay(self.flow, task.name, connectors.relay(task.node, context))
end

function add.sink(self, task, context)
  local described = task.node.default_dead and M.dead_letters(self)
    or context.bounded and columns.sink(task.node) or task.node.sink
  if (self.request.options or {}).sample then
    described = { kind = "discard" }
  end
  return C.weir_flow_add_sink(self.flow, task.name, connectors.sink(described, context))
end

-- Several workers compute what may be computed apart, and read what may be read apart;
-- the first one does the rest.
local function share_task(self, task)
  if task.kind == "source" then
    C.weir_flow_set_lanes(self.flow, task.number, self.options.workers)
  elseif task.kind == "segment" then
    if passes(task) then
      C.weir_flow_set_passes(self.flow, task.number)
      C.weir_flow_pin(self.flow, task.number, task.number % self.options.workers)
      return
    elseif not task.parallel then
      C.weir_flow_pin(self.flow, task.number, 0)
      return
    end
    C.weir_flow_set_lanes(self.flow, task.number, self.options.workers)
    if C.weir_flow_lanes(self.flow, task.number) == 1 then
      C.weir_flow_pin(self.flow, task.number, task.number % self.options.workers)
    end
    local last = task.stages[#task.stages]
    if last and last.node.kind == "aggregate" then
      local aggregate = require("weir.run.aggregate") -- most pipelines have none
      C.weir_flow_set_merger(self.flow, task.number, aggregate.merger(last.node))
    end
  end
end

local function add_tasks(self, context)
  for _, task in ipairs(self.plan.tasks) do
    local number = add[task.kind](self, task, context)
    assert(number == task.number, "tasks are numbered in their order")
    for _, port in ipairs(task.ports) do
      if port.class then
        C.weir_flow_set_class(self.flow, number, port.number, port.class)
        C.weir_flow_set_deadline(self.flow, number, port.number, port.deadline_ns or 0)
      end
      if port.side then
        C.weir_flow_set_aside(self.flow, number, port.number)
      end
    end
  end
end

-- What was asked for before it begins.
local function watch(self, given)
  if given.measured then
    C.weir_flow_measure(self.flow, 1)
  end
  if self:is_profiled() then
    self.profile = require("weir.run.profile") -- few ask for it
    self.profile.begin(self.flow)
  end
end

-- Behind all others, which have the numbers that the plan gave them.
local function add_disks(self)
  for _, task in ipairs(self.plan.tasks) do
    if task.kind == "buffer" and task.node.queue.max_disk then
      C.weir_flow_add_disks(self.flow, task.number)
    end
  end
end

--- Builds `engine.flow`, its `edges`, and what watches it if it is profiled.
---@param self table  an engine
function M.build(self)
  local given = self.request.options or {}
  local context = { bounded = true, secrets = given.secrets, block_size = given.block_size,
    clock = given.clock }
  self.flow = C.weir_flow_new(given.clock or C.weir_clock_real())
  if given.limits then
    C.weir_flow_limit(self.flow, given.limits)
  end
  if not self.options.ordered then
    C.weir_flow_set_unordered(self.flow)
  end
  add_tasks(self, context)
  add_disks(self)
  for _, task in ipairs(self.plan.tasks) do
    if reads(self, task) then
      C.weir_flow_set_reads(self.flow, task.number)
    end
    share_task(self, task)
  end
  self.edges = {}
  for i, edge in ipairs(self.plan.edges) do
    if edge.apart then
      C.weir_flow_set_apart(self.flow, edge.to.number)
    end
    self.edges[i] = C.weir_flow_connect(self.flow, edge.from.number, edge.port, edge.to.number,
      edge.unordered and 1 or 0)
  end
  C.weir_flow_set_starvation(self.flow, self.options.max_starvation_ns)
  local limit = self.options.max_errors or {}
  C.weir_flow_limit_dead(self.flow, limit.count or -1, limit.share or -1)
  watch(self, given)
end

return M
