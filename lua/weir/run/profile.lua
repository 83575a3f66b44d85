--- Where the time of a run went: sources, segments and their stages, sinks, workers.
--
-- The time of a task is that of its steps. Inside a segment it is shared out by what a
-- sampler saw its code at; allocations, Lua's and the engine's, are each counted.

local cdef = require("weir.cdef")

local C = cdef.load("engine/base/mem.h", "engine/sched/flow.h", "engine/sched/profile.h",
  "engine/sched/run.h")

local M = {}

local BEHIND = {
  { mark = C.WEIR_MARK_READ, kind = "read", name = "(rows)" },
  { mark = C.WEIR_MARK_WRITE, kind = "write", name = "(write)" },
  { mark = C.WEIR_MARK_COLLECT, kind = "collect", name = "(garbage)" },
}

local function number(value)
  return tonumber(value)
end

local function time_of(time)
  return {
    wall_ms = number(time.wall_ns) / 1e6,
    cpu_ms = number(time.cpu_ns) / 1e6,
    steps = number(time.steps),
  }
end

local function part_of(flow, task, mark, kind, name)
  local seen = C.weir_flow_mark(flow, task.number, mark)
  return {
    name = name,
    kind = kind,
    samples = number(seen.samples),
    allocations = number(seen.allocations),
    allocated_bytes = number(seen.bytes),
  }
end

local function add_parts(entry, flow, task, received)
  entry.parts = {}
  local samples = 0
  local function add(mark, kind, name)
    local part = part_of(flow, task, mark, kind, name)
    part.records = received[name]
    samples = samples + part.samples
    entry.allocations = entry.allocations + part.allocations
    entry.allocated_bytes = entry.allocated_bytes + part.allocated_bytes
    table.insert(entry.parts, part)
  end
  for _, stage in ipairs(task.stages) do
    if not stage.node.made then
      add(stage.index + 1, stage.node.kind, stage.node.name)
    end
  end
  for _, what in ipairs(BEHIND) do
    add(#task.stages + what.mark, what.kind, what.name)
  end
  for _, part in ipairs(entry.parts) do
    part.wall_ms = samples > 0 and entry.wall_ms * part.samples / samples or 0
  end
end

local function entry_of(flow, task, received)
  local entry = time_of(C.weir_flow_task_time(flow, task.number))
  entry.name, entry.kind = task.name, task.kind
  entry.records = number(C.weir_flow_task_count(flow, task.number).received)
  entry.allocations, entry.allocated_bytes = 0, 0
  if task.kind == "segment" then
    add_parts(entry, flow, task, received)
  end
  return entry
end

-- What stages received, by their names, as the ledger has it.
local function received_of(ledger)
  local received = {}
  for _, stage in ipairs(ledger.stages) do
    received[stage.name] = stage.received
  end
  return received
end

-- Those that had something to do.
local function workers_of(flow)
  local workers = {}
  for worker = 0, C.WEIR_FLOW_LANES_MAX - 1 do
    local time = time_of(C.weir_flow_worker_time(flow, worker))
    if time.steps > 0 then
      workers[#workers + 1] = time
    end
  end
  return workers
end

-- What the process held in memory at most, as the system says.
local function peak_bytes()
  local file = io.open("/proc/self/status")
  local text = file and file:read("*a") or ""
  if file then
    file:close()
  end
  local kib = text:match("VmHWM:%s*(%d+)")
  return kib and tonumber(kib) * 1024 or number(C.weir_mem_peak())
end

--- Before the first step, when the flow has all its tasks.
function M.begin(flow)
  C.weir_flow_profile(flow)
end

--- After the end.
---@param flow ffi.cdata*
---@param plan table        of weir.plan.cut
---@param ledger table      of weir.run.ledger
function M.of(flow, plan, ledger)
  local received, tasks = received_of(ledger), {}
  for _, task in ipairs(plan.tasks) do
    local entry = entry_of(flow, task, received)
    if not (task.node.default_dead and entry.records == 0) then
      tasks[#tasks + 1] = entry
    end
  end
  return { tasks = tasks, workers = workers_of(flow), peak_bytes = peak_bytes() }
end

return M
