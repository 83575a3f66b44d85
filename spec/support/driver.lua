--- Drives a flow in one thread: the order of its steps is the seed's.

local cdef = require("weir.cdef")
local ffi = require("ffi")

local C = cdef.load("engine/base/clock.h", "engine/data/line.h", "engine/host/worker.h",
  "engine/io/memory.h", "engine/sched/flow.h", "engine/sched/run.h")

local M = {}

-- A worker's state finds weir's modules in the tree, as this one does.
ffi.cdef("int setenv(const char *name, const char *value, int overwrite);")
ffi.C.setenv("LUA_PATH", package.path, 1)

local MAX = 256
local ready = ffi.new("uint32_t[?]", MAX)

--- A flow of a source in memory, with so many rows, and a sink behind it: the flow, both
-- tasks, and the edge. The source stamps its batches by the real clock, so the flow has it too.
function M.pair(rows)
  local flow = C.weir_flow_new(C.weir_clock_real())
  local source, sink = ffi.new("weir_source *[1]"), ffi.new("weir_sink *[1]")
  assert(C.weir_memory_source_new(source) == 0 and C.weir_memory_sink_new(sink) == 0)
  for _ = 1, rows do
    C.weir_memory_source_add(source[0], '{"n":1}', 7)
  end
  local from = C.weir_flow_add_source(flow, "from", source[0])
  local to = C.weir_flow_add_sink(flow, "to", sink[0])
  local edge = C.weir_flow_connect(flow, from, 0, to, 0)
  return flow, from, to, edge
end

--- A clock that stands still until `now[0]` is changed.
function M.clock()
  local now = ffi.new("int64_t[1]", 1e9)
  return C.weir_clock_by_hand(now), now
end

-- A time that a task waits for, if there is nothing else to do.
local function wait(flow, now)
  local next_ns = C.weir_flow_next_ns(flow, C.WEIR_HOME_ANY, C.WEIR_FLOW_ANYBODY)
  if next_ns == 0 or not now then
    error("nothing is ready, and the flow has not ended", 0)
  end
  now[0] = next_ns
end

-- What every worker could do now, as { worker, task } pairs; workers from 0.
local function choices(flow, workers)
  local out = {}
  for worker = 0, workers - 1 do
    for i = 0, C.weir_flow_ready(flow, C.WEIR_HOME_ANY, worker, ready, MAX) - 1 do
      out[#out + 1] = { worker, ready[i] }
    end
  end
  return out
end

-- Never compiled: what C calls back may not be called from compiled code.
local function step(flow, runners, now)
  local found = choices(flow, math.max(1, #runners))
  if #found == 0 then
    return wait(flow, now)
  end
  local worker, task = unpack(found[math.random(#found)])
  if C.weir_flow_claim(flow, C.WEIR_HOME_ANY, task, worker) == 1 then
    C.weir_flow_run(flow, task, worker, runners[worker + 1])
  end
  if now and math.random(8) == 1 then
    now[0] = now[0] + math.random(0, 2000000)
  end
end
jit.off(step)

--- Takes steps until the flow has ended.
---@param flow ffi.cdata*
---@param runners ffi.cdata*[]|ffi.cdata*|nil  weir_runner of each worker; nil where there
---   are no segments
---@param now ffi.cdata*?  of a clock turned by hand
---@param watch fun(count: integer)?  after each step
function M.run(flow, runners, now, watch)
  local count = 0
  runners = type(runners) == "table" and runners or { runners }
  while C.weir_flow_finished(flow) == 0 do
    step(flow, runners, now)
    count = count + 1
    if watch then
      watch(count)
    end
  end
end
jit.off(M.run)

local Runner = {}
Runner.__index = Runner

--- A runner whose segments are a function of Lua: enter(segment, run) -> reason.
function M.runner(enter)
  local self = setmetatable({ c = ffi.new("weir_runner") }, Runner)
  self.callback = ffi.cast("int (*)(void *, uint32_t, weir_run *)", function(_, segment, run)
    local ok, reason = xpcall(enter, debug.traceback, tonumber(segment), run)
    if not ok then
      self.problem = reason
      return C.WEIR_RUN_FAILED
    end
    return reason
  end)
  self.c.enter = self.callback
  return self
end

function Runner:free()
  self.callback:free()
  assert(not self.problem, self.problem)
end

--- A source of { "n": first } .. { "n": last }, 1,000 records a batch.
function M.numbers(first, last)
  local out = ffi.new("weir_source *[1]")
  assert(C.weir_memory_source_new(out) == 0)
  for n = first, last do
    local text = ('{"n":%d}'):format(n)
    assert(C.weir_memory_source_add(out[0], text, #text) == 0)
  end
  return out[0]
end

--- Hands the rows of an entry to take(bytes, size, row), whose true says that an output is full;
-- gives a weir_run_reason.
function M.each_row(run, take)
  if run.finishing ~= 0 then
    return C.WEIR_RUN_DONE
  end
  while run.row < run.row_end do
    local row = run.row
    local span = run.batch.rows[row]
    run.row = row + 1
    if take(run.batch.bytes.bytes + span.start, span["end"] - span.start, row) then
      return C.WEIR_RUN_FULL
    end
  end
  return run.row < run.batch.row_count and C.WEIR_RUN_MORE or C.WEIR_RUN_DONE
end

--- What passes rows on, to the port that choose(row number) says.
function M.pass(choose)
  return function(run)
    return M.each_row(run, function(bytes, size, row)
      local out = run.out[choose and choose(row) or 0]
      C.weir_line_add(out, bytes, size)
      return out.bytes.size >= run.limits.out_bytes
    end)
  end
end

--- The rows that a sink in memory holds, as texts.
function M.rows(flow, task)
  local sink = C.weir_flow_sink(flow, task)
  local out = {}
  for i = 0, tonumber(C.weir_memory_sink_count(sink)) - 1 do
    local row = C.weir_memory_sink_row(sink, i)
    out[i + 1] = ffi.string(row.bytes, row.size)
  end
  return out
end

--- What the sinks in memory of an opened pipeline hold, by name.
function M.outputs(opened)
  local outputs = {}
  for _, task in ipairs(opened.plan.tasks) do
    local sink = task.kind == "sink" and task.node.sink
    if sink and sink.kind == "memory" then
      outputs[task.name] = M.rows(opened.flow, task.number)
    end
  end
  return outputs
end

return M
