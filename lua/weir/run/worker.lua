--- What a worker's Lua state does: loads the script, binds every segment, runs them.
--
-- The state is alone: all it shares with others are the weir_run structures of its
-- segments, whose rows it reads and whose output it writes.

local ambient = require("weir.run.ambient")
local bind = require("weir.run.bind")
local cdef = require("weir.cdef")
local content = require("weir.describe.content")
local cut = require("weir.plan.cut")
local emit = require("weir.plan.emit")
local ffi = require("ffi")
local lifts = require("weir.plan.lifts")
local script = require("weir.run.script")
local segment = require("weir.run.segment")
local text = require("weir.expr.text")
local weir = require("weir")

local C = cdef.load("engine/sched/flow.h")

local M = {}

-- The defaults flush the code of some hundred small pipelines again and again.
local JIT_LIMITS = {
  "maxtrace=20000",
  "maxrecord=20000",
  "maxside=2000",
  "maxmcode=65536",
  "sizemcode=256",
}

local function describe(setup, number)
  local graph = script.describe(setup.request, number, setup.recording)
  for i, node in ipairs(graph.nodes) do
    local described = content.text(node)
    if described ~= setup.content[i] then
      error(("%s: the script describes another pipeline when it is loaded again:\n%s\nwas\n%s")
        :format(node.where, described, setup.content[i] or "nothing"), 0)
    end
  end
  return graph
end

-- The lane of a segment that is this worker's, or nil.
local function lane_of(flow, task, number)
  local lane = C.weir_flow_lane_of(flow, task.number, number - 1)
  return lane >= 0 and lane or nil
end

local function load_segment(task, plan, parts)
  if task.node.flights then
    return require("weir.run.async").new(task, plan, parts) -- few pipelines have one
  end
  local bound = bind.bind(task, parts.run, emit.emit(task), parts.clock)
  bound.flow = parts.flow
  return segment.new(task, plan, bound)
end

--- Called by engine/host: prepares every segment of a flow that the worker computes.
---@param flow userdata
---@param setup string  Lua source of { request =, recording =, trees =, starts =,
---   content =, on_error =, lift = }
---@param number integer  of the worker, from 1
---@return fun(task: integer): integer enter
function M.prepare(flow, setup, number)
  jit.off() -- what is done once is not worth compiling
  require("jit.opt").start(unpack(JIT_LIMITS))
  flow = ffi.cast("weir_flow *", flow)
  setup = assert(loadstring("return " .. setup, "=setup"))()
  text.know(setup.trees)
  local graph = describe(setup, number)
  graph.options.on_error = setup.on_error or graph.options.on_error
  local plan = cut.cut(graph, setup.starts)
  if setup.lift then
    lifts.mark(plan)
  end
  local segments = {}
  ambient.install(weir, flow, setup.secrets)
  local clock = C.weir_flow_clock(flow)
  for _, task in ipairs(plan.tasks) do
    local lane = task.kind == "segment" and lane_of(flow, task, number)
    if lane then
      local run = C.weir_flow_run_of(flow, task.number, lane)
      segments[task.number] = load_segment(task, plan, { flow = flow, run = run, clock = clock })
    end
  end
  jit.on()
  return function(task)
    return segments[task]:enter()
  end
end

return M
