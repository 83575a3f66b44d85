--- What a snapshot says of nodes (sources, stages, buffers, sinks) and of the tasks that do
-- them: what each has counted, took, and has waiting.
--
--     local of = nodes.show(snapshot, ledger.stages, meter)     -- by name
--     edges.show(snapshot, ledger.edges, meter, of)
--     nodes.add_bytes(snapshot, meter, of)

local cdef = require("weir.cdef")
local edges = require("weir.run.edges")
local ffi = require("ffi")
local latency = require("weir.run.latency")

local C = cdef.load("engine/base/clock.h", "engine/base/counter.h", "engine/sched/flow.h",
  "engine/sched/measure.h", "engine/sched/profile.h")

local M = {}

local STEADY = { "received", "made", "sent", "filtered", "absorbed", "dead" }
local KEEPS_KEYS = { dedup = true, throttle = true }

local function number(value)
  return tonumber(value)
end

-- --- what a ledger has of a node

local function of_ledger(stage, book)
  local node = { name = stage.name, kind = stage.kind, held = stage.held, dropped = {} }
  for _, count in ipairs(STEADY) do
    node[count] = book:steady(count .. " " .. stage.name, math.max(0, stage[count]))
  end
  if KEEPS_KEYS[stage.kind] then
    node.forgotten = book:steady("forgotten " .. stage.name, stage.forgotten)
  end
  for reason, count in pairs(stage.dropped) do
    node.dropped[reason] = book:steady(reason .. " of " .. stage.name, count)
  end
  local taken = stage.kind == "source" and node.made or node.received
  node.in_rate = book:rate("in " .. stage.name, taken)
  node.out_rate = book:rate("out " .. stage.name, node.sent)
  return node
end

-- --- what its task has on top

-- What it has counted, and how things stand.
local function add_counters(node, flow, task)
  local count = ffi.new("uint32_t[1]")
  local list = C.weir_flow_counters(flow, task.number, count)
  node.events, node.levels = {}, {}
  for i = 0, count[0] - 1 do
    local to = list[i].is_level ~= 0 and node.levels or node.events
    to[ffi.string(list[i].name)] = number(C.weir_counter_value(list[i]))
  end
end

local function buffer_of(flow, task)
  local queue = C.weir_flow_buffer_count(flow, task.number)
  return {
    records = number(queue.records),
    records_max = number(queue.records_max),
    bytes = number(queue.bytes),
    disk_records = number(queue.spill.records),
    disk_bytes = number(queue.spill.disk_bytes),
    spilled = number(queue.spill.spilled),
  }
end

local function set_bytes(node, bytes, book)
  node.bytes = book:steady("bytes of " .. node.name, bytes)
  node.byte_rate = book:rate("bytes of " .. node.name, node.bytes)
end

-- What a source or a sink, as the end of the flow that it is, counts on top.
local function add_end(node, task, meter)
  local stats = C.weir_flow_task_count(meter.engine.flow, task.number)
  set_bytes(node, number(stats.bytes), meter.book)
  add_counters(node, meter.engine.flow, task)
  local behind = node.levels.bytes_behind
  if not behind and stats.bytes_total > 0 then
    behind = math.max(0, number(stats.bytes_total) - number(stats.bytes))
  end
  if behind then
    node.lag = { bytes = behind }
  end
end

-- A clock may have been set back meanwhile.
local function waits_s(flow, task)
  local clock = C.weir_flow_clock(flow)
  local oldest_ns = C.weir_flow_oldest_ns(flow, task.number)
  return oldest_ns == 0 and 0
    or math.max(0, number(clock.wall_ns(clock.context) - oldest_ns) / 1e9)
end

-- Its own time, or that of the segment that it shares with others, as far as known.
local function add_busy(node, entry, alone, busy)
  node.busy_s = alone and entry.busy_s or busy:of(node.name)
  node.busy_share = alone and entry.busy_share
    or node.busy_s and entry.busy_share * busy:share(node.name)
end

local function task_of(task, meter)
  local time = C.weir_flow_task_time(meter.engine.flow, task.number)
  local busy_s = number(time.wall_ns) / 1e9
  meter.busy:add(task.name, busy_s - (meter.busy_s[task.name] or 0))
  meter.busy_s[task.name] = busy_s
  return {
    name = task.name,
    kind = task.kind,
    busy_s = busy_s,
    steps = number(time.steps),
    busy_share = meter.book:rate("busy " .. task.name, busy_s).s,
  }
end

-- The nodes that a task is made of, in their order: { node, stage? }.
local function parts_of(task, of)
  local parts = {}
  local function add(name, stage)
    if of[name] then
      parts[#parts + 1] = { node = of[name], stage = stage }
    end
  end
  if task.kind ~= "segment" then
    add(task.kind == "buffer" and task.node.name or task.name)
  else
    for _, stage in ipairs(task.stages) do
      add(stage.node.name, stage)
    end
  end
  return parts
end

-- How old what a task handed on was: of its last node, with which the others hand on.
local function add_latency(parts, task, meter)
  local times = #parts > 0 and meter.latency:of(task.name, meter.now_ms, function(histogram)
    return C.weir_flow_add_latency(meter.engine.flow, task.number, histogram) ~= 0
  end)
  if not times then
    return
  end
  local last = parts[#parts].node
  for i = 1, #parts - 1 do
    local same = { with = last.name }
    for name, value in pairs(times) do
      same[name] = value
    end
    parts[i].node.latency = same
  end
  times.buckets = latency.buckets()
  last.latency = times
end

-- What kinds of tasks have of their own.
local function add_own(node, task, meter, hindrances)
  local flow = meter.engine.flow
  if task.kind == "source" or task.kind == "sink" then
    add_end(node, task, meter)
  end
  if task.node.flights or task.kind == "relay" then
    add_counters(node, flow, task)
  end
  node.hindrance = hindrances[task.name]
  if task.kind == "buffer" then
    node.buffer = buffer_of(flow, task)
  end
end

local function add_tasks(snapshot, meter, of)
  local hindrances = meter.engine:hindrances()
  for i, task in ipairs(meter.engine.plan.tasks) do
    local entry, parts = task_of(task, meter), parts_of(task, of)
    snapshot.tasks[i] = entry
    for k, part in ipairs(parts) do
      local node = part.node
      node.task = task.name
      add_busy(node, entry, #(task.stages or {}) < 2, meter.busy)
      if k == 1 and node.kind ~= "source" then
        node.lag = { seconds = waits_s(meter.engine.flow, task) }
      end
      add_own(node, task, meter, hindrances)
    end
    add_latency(parts, task, meter)
  end
end

--- Adds nodes and tasks to a snapshot.
---@param snapshot table
---@param stages table[]  of a ledger
---@param meter table     of weir.run.metrics
---@return table<string, table>  the nodes by name
function M.show(snapshot, stages, meter)
  local of = {}
  for i, stage in ipairs(stages) do
    snapshot.nodes[i] = of_ledger(stage, meter.book)
    of[stage.name] = snapshot.nodes[i]
  end
  add_tasks(snapshot, meter, of)
  return of
end

--- Adds the bytes that nodes but the ends have sent: the last one of a task to its edges;
-- those before it as their records weigh. The snapshot has its edges.
function M.add_bytes(snapshot, meter, of)
  local sent = edges.bytes_sent(snapshot.edges)
  for _, task in ipairs(meter.engine.plan.tasks) do
    local parts = parts_of(task, of)
    for i, part in ipairs(parts) do
      local bytes = i == #parts and (sent[task.name] or 0)
        or meter.weights:of(task, part.stage, part.node.sent)
      if bytes and not part.node.bytes then
        set_bytes(part.node, bytes, meter.book)
      end
    end
  end
end

return M
