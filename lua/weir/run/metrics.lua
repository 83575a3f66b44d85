--- Numbers for everything: what a running engine counts, as a plain table.
--
--     local meter = require("weir.run.metrics").new(engine)
--     local snapshot = meter:snapshot()       -- about once a second, so that rates are known
--
--     snapshot = {
--       pipeline, state = "running"|"paused"|"draining"|"finished", elapsed_s, start_time_s,
--       workers, read = total, written = total, dead = n,
--       nodes  = { { name, kind, task,            -- sources, stages, buffers, sinks
--                    received, made, sent, filtered, absorbed, dead, dropped = { [reason] = n },
--                    held, queue, queue_max, bytes?, busy_s?, busy_share?, forgotten?,
--                    in_rate = rate, out_rate = rate, byte_rate = rate?,
--                    lag = { bytes?, seconds? }?, events = { [name] = n }?,
--                    levels = { [name] = n }?, buffer = { ... }?, latency = { ... }?,
--                    hindrance = text? }... },    -- why a sink waits, as for room on a disk
--       tasks  = { { name, kind, busy_s, steps, busy_share }... },
--       edges  = { { from, port, to, sent, received, dropped, held, held_max, batches, bytes,
--                    rate = rate }... },
--       errors = { { node, code, reason, count, first }... },
--       memory = { used, peak, limit, resident }, cpu_s }
--     total  = { records, bytes, rate = rate, byte_rate = rate }
--     rate   = { s = in the last second, m = in the last minute }      -- each per second
--     latency = { count, sum_s, p50, p90, p99, p999, max, buckets = { { le, count }... } }
--
-- Counts never go back while the run is at work. Quantiles, in seconds, are those of the
-- last half to whole minute; count, sum and buckets of the run. bytes are read by a source,
-- written by a sink, sent by a buffer or the last stage of a segment. What the stages of a
-- segment take of its time is known to whoever looks often (busy.lua).

local busy = require("weir.run.busy")
local cdef = require("weir.cdef")
local ffi = require("ffi")
local latency = require("weir.run.latency")
local ledger = require("weir.run.ledger")
local rates = require("weir.run.rates")

local C = cdef.load("engine/base/clock.h", "engine/base/counter.h", "engine/base/err.h",
  "engine/base/mem.h", "engine/sched/flow.h", "engine/sched/profile.h", "engine/sched/tally.h")

ffi.cdef("long sysconf(int name);")

local M = {}

local PAGE_SIZE = 30 -- _SC_PAGESIZE

local Meter = {}
Meter.__index = Meter

local function number(value)
  return tonumber(value)
end

---@param engine table  of weir.run.engine, started
function M.new(engine)
  return setmetatable({
    engine = engine,
    start_time_s = os.time() - engine:stats().elapsed_ms / 1000,
    book = rates.new(),
    latency = latency.new(),
    busy = busy.new(engine),
    busy_s = {}, -- by task, as of the last snapshot
  }, Meter)
end

--- Sees what segments are at; whether any has been at work since the last time.
function Meter:look()
  return self.busy:look()
end

function Meter:_total(key, records, bytes)
  records, bytes = self.book:steady(key, records), self.book:steady(key .. " bytes", bytes)
  return {
    records = records,
    bytes = bytes,
    rate = self.book:rate(key, records),
    byte_rate = self.book:rate(key .. " bytes", bytes),
  }
end

-- --- nodes, tasks, edges

local STEADY = { "received", "made", "sent", "filtered", "absorbed", "dead" }
local KEEPS_KEYS = { dedup = true, throttle = true }

function Meter:_node(stage)
  local node = { name = stage.name, kind = stage.kind, held = stage.held, dropped = {} }
  for _, count in ipairs(STEADY) do
    node[count] = self.book:steady(count .. " " .. stage.name, math.max(0, stage[count]))
  end
  if KEEPS_KEYS[stage.kind] then
    node.forgotten = self.book:steady("forgotten " .. stage.name, stage.forgotten)
  end
  for reason, count in pairs(stage.dropped) do
    node.dropped[reason] = self.book:steady(reason .. " of " .. stage.name, count)
  end
  local taken = stage.kind == "source" and node.made or node.received
  node.in_rate = self.book:rate("in " .. stage.name, taken)
  node.out_rate = self.book:rate("out " .. stage.name, node.sent)
  return node
end

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

function Meter:_add_bytes(node, bytes)
  node.bytes = self.book:steady("bytes " .. node.name, bytes)
  node.byte_rate = self.book:rate("bytes " .. node.name, node.bytes)
end

-- What a source or a sink, as the end of the flow that it is, counts on top.
function Meter:_add_end(node, task)
  local stats = C.weir_flow_task_count(self.engine.flow, task.number)
  self:_add_bytes(node, number(stats.bytes))
  add_counters(node, self.engine.flow, task)
  local behind = node.levels.bytes_behind
  if not behind and stats.bytes_total > 0 then
    behind = math.max(0, number(stats.bytes_total) - number(stats.bytes))
  end
  if behind then
    node.lag = { bytes = behind }
  end
end

-- A clock may have been set back meanwhile.
function Meter:_waits_s(task)
  local flow = self.engine.flow
  local clock = C.weir_flow_clock(flow)
  local oldest_ns = C.weir_flow_oldest_ns(flow, task.number)
  return oldest_ns == 0 and 0
    or math.max(0, number(clock.wall_ns(clock.context) - oldest_ns) / 1e9)
end

-- Its own time, or that of the segment that it shares with others, as far as known.
function Meter:_add_busy(node, entry, alone)
  node.busy_s = alone and entry.busy_s or self.busy:of(node.name)
  node.busy_share = alone and entry.busy_share
    or node.busy_s and entry.busy_share * self.busy:share(node.name)
end

function Meter:_task(task)
  local time = C.weir_flow_task_time(self.engine.flow, task.number)
  local busy_s = number(time.wall_ns) / 1e9
  self.busy:add(task.name, busy_s - (self.busy_s[task.name] or 0))
  self.busy_s[task.name] = busy_s
  return {
    name = task.name,
    kind = task.kind,
    busy_s = busy_s,
    steps = number(time.steps),
    busy_share = self.book:rate("busy " .. task.name, busy_s).s,
  }
end

-- Calls visit(node, task, leads) for the nodes that a task is made of.
local function each_node(task, of, visit)
  if task.kind ~= "segment" then
    local node = of[task.kind == "buffer" and task.node.name or task.name]
    if node then
      visit(node, true)
    end
    return
  end
  local leads = true
  for _, stage in ipairs(task.stages) do
    local node = of[stage.node.name]
    if node then
      visit(node, leads)
      leads = false
    end
  end
end

function Meter:_add_tasks(snapshot, of)
  local hindrances = self.engine:hindrances()
  for i, task in ipairs(self.engine.plan.tasks) do
    local entry = self:_task(task)
    snapshot.tasks[i] = entry
    each_node(task, of, function(node, leads)
      node.task = task.name
      self:_add_busy(node, entry, #(task.stages or {}) < 2)
      if leads and node.kind ~= "source" then
        node.lag = { seconds = self:_waits_s(task) }
      end
      if task.kind == "source" or task.kind == "sink" then
        self:_add_end(node, task)
      end
      if task.node.flights or task.kind == "relay" then
        add_counters(node, self.engine.flow, task)
      end
      if task.kind == "sink" then
        node.hindrance = hindrances[task.name]
        node.latency = self.latency:of(self.engine.flow, task, self.now_ms)
      elseif task.kind == "buffer" then
        node.buffer = buffer_of(self.engine.flow, task)
      end
    end)
  end
end

local EDGE_COUNTS = { "sent", "received", "dropped", "bytes", "batches", "held", "held_max" }

-- A stream may be merged with itself: then two edges are one for whoever looks.
local function distinct(edges)
  local out, of = {}, {}
  for _, edge in ipairs(edges) do
    local key = ("%s.%s to %s"):format(edge.from, edge.port, edge.to)
    local same = of[key]
    for _, count in ipairs(same and EDGE_COUNTS or {}) do
      same[count] = same[count] + edge[count]
    end
    if not same then
      of[key], edge.key, out[#out + 1] = edge, key, edge
    end
  end
  return out
end

-- Who reads the same port is sent the same batches.
local function bytes_sent(edges)
  local sent, seen = {}, {}
  for _, edge in ipairs(edges) do
    local port = edge.from .. "." .. edge.port
    if not seen[port] then
      seen[port], sent[edge.from] = true, (sent[edge.from] or 0) + edge.bytes
    end
  end
  return sent
end

-- What the last stage of a segment or a buffer has sent.
function Meter:_add_sent(of, edges)
  local sent = bytes_sent(edges)
  for _, task in ipairs(self.engine.plan.tasks) do
    local last = task.stages and task.stages[#task.stages]
    local node = of[last and last.node.name or task.kind == "buffer" and task.node.name or nil]
    if node and not node.bytes then
      self:_add_bytes(node, sent[task.name] or 0)
    end
  end
end

-- What waits before a node waits on its edges.
function Meter:_add_edges(snapshot, edges, of)
  for i, edge in ipairs(distinct(edges)) do
    snapshot.edges[i] = edge
    for _, count in ipairs({ "sent", "received", "dropped", "bytes", "batches" }) do
      edge[count] = self.book:steady(count .. " " .. edge.key, edge[count])
    end
    edge.rate = self.book:rate("edge " .. edge.key, edge.sent)
    edge.key = nil
    local node = of[edge.reader]
    if node then
      node.queue = (node.queue or 0) + edge.held
      node.queue_max = (node.queue_max or 0) + edge.held_max
    end
  end
end

local function errors_of(flow)
  local out, entry = {}, ffi.new("weir_tally_entry")
  while C.weir_tally_get(C.weir_flow_tally(flow), #out, entry) ~= 0 do
    out[#out + 1] = {
      node = ffi.string(entry.stage),
      code = ffi.string(C.weir_err_name(entry.code)),
      reason = ffi.string(entry.reason),
      count = number(entry.count),
      first = ffi.string(entry.place),
    }
  end
  return out
end

local function resident_bytes()
  local file = io.open("/proc/self/statm")
  local pages = file and file:read("*a"):match("^%d+ (%d+)")
  if file then
    file:close()
  end
  return pages and tonumber(pages) * number(ffi.C.sysconf(PAGE_SIZE)) or 0
end

local function memory()
  return {
    used = number(C.weir_mem_used()),
    peak = number(C.weir_mem_peak()),
    limit = number(C.weir_mem_limit()),
    resident = resident_bytes(),
  }
end

--- Numbers of now.
---@param now_ms number?  since the start; the engine's clock unless given
function Meter:snapshot(now_ms)
  local engine = self.engine
  local stats = engine:stats()
  local state = engine:state()
  local live = state ~= "finished"
  self.now_ms = now_ms or stats.elapsed_ms
  self.asked_ms = stats.elapsed_ms
  self.book:open(self.now_ms, live)
  local counted = ledger.of(engine.flow, engine.plan, engine.edges, live)
  local snapshot = {
    pipeline = engine.graph.pipeline,
    state = state,
    elapsed_s = self.now_ms / 1000,
    start_time_s = self.start_time_s,
    workers = engine.options.workers,
    read = self:_total("read", stats.records_in, stats.bytes_in),
    written = self:_total("written", stats.records_out, stats.bytes_out),
    dead = self.book:steady("dead", stats.errors),
    nodes = {},
    tasks = {},
    edges = {},
    errors = errors_of(engine.flow),
    memory = memory(),
    cpu_s = os.clock(),
  }
  local of = {}
  for i, stage in ipairs(counted.stages) do
    snapshot.nodes[i] = self:_node(stage)
    of[stage.name] = snapshot.nodes[i]
  end
  self:_add_tasks(snapshot, of)
  self:_add_edges(snapshot, counted.edges, of)
  self:_add_sent(of, snapshot.edges)
  self.book:close()
  return snapshot
end

return M
