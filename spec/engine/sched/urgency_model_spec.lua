--- What a worker does next, and what a task takes next, against a slow model of the rules:
-- class, deadline, wait, and ageing. Random sources of every class feed random sinks.

local driver = require("spec.support.driver")
local engine = require("spec.support.engine")
local ffi = require("ffi")

local C = engine.load("engine/data/line.h", "engine/io/memory.h", "engine/sched/edge.h",
  "engine/sched/flow.h")

local seed = tonumber(os.getenv("SEED")) or os.time()
local RUNS = tonumber(os.getenv("LEDGERS")) or 1000
local MS = 1e6

local sources -- those of the run, by address

local function of(source)
  return sources[tonumber(ffi.cast("uintptr_t", source))]
end

local ops = ffi.new("weir_source_ops", {
  next = function(pointer, batch)
    local source = of(pointer)
    if source.left == 0 then
      return C.WEIR_EEND
    end
    source.left = source.left - 1
    source.made = source.made + 1
    local row = ('{"source":%d,"n":%d}'):format(source.number, source.made)
    C.weir_line_add(batch, row, #row)
    local deadline = math.random(3) == 1 and source.now() + math.random(1, 40) * MS or 0
    batch.deadline_ns = deadline
    table.insert(source.queue, { n = source.made, deadline = deadline })
    return C.WEIR_OK
  end,
  free = function() end,
})

-- The rule, said slowly: a key that compares as a whole.
local function key(class, deadline, since, now, max_starvation)
  if now - since > max_starvation then
    return { -1, 0, since }
  end
  return { class, deadline == 0 and math.huge or deadline, since }
end

local function compare(a, b)
  for i = 1, #a do
    if a[i] ~= b[i] then
      return a[i] < b[i] and -1 or 1
    end
  end
  return 0
end

-- Those of a list of { key = key } that nobody comes before.
local function first_of(list)
  local best = {}
  for _, one in ipairs(list) do
    local order = best[1] and compare(one.key, best[1].key) or 0
    if order < 0 then
      best = {}
    end
    if order <= 0 then
      best[#best + 1] = one
    end
  end
  return best
end

local Model = {}
Model.__index = Model

-- What a sink would take now.
function Model:choices(sink)
  local now, heads = self.now(), {}
  for _, source in ipairs(sink.sources) do
    local head = source.queue[1]
    if head then
      source.since = source.since or now
      heads[#heads + 1] = { source = source, head = head,
        key = key(source.class, head.deadline, source.since, now, self.max_starvation) }
    end
  end
  return first_of(heads)
end

local function all_ended(sink)
  for _, source in ipairs(sink.sources) do
    if not source.done or #source.queue > 0 then
      return false
    end
  end
  return true
end

function Model:look(task)
  if task.sources then
    local choice = self:choices(task)[1]
    if not choice then
      return all_ended(task) and { class = C.WEIR_CLASS_NORMAL, deadline = 0 }
    end
    return { class = choice.source.class, deadline = choice.head.deadline,
      since = choice.source.since }
  end
  return #task.queue < C.WEIR_EDGE_BATCHES and { class = task.class, deadline = 0 }
end

-- A source whose consumer has something to do reads only where nobody else wants to.
function Model:wanted(hungry)
  local now, list = self.now(), {}
  for _, task in ipairs(self.tasks) do
    local ahead = hungry and not task.sources and #task.queue > 0
    local what = not task.done and not ahead and self:look(task)
    if what then
      task.since_ready = task.since_ready or now
      list[#list + 1] = { task = task,
        key = key(what.class, what.deadline, math.min(task.since_ready, what.since or now), now,
          self.max_starvation) }
    end
  end
  return first_of(list)
end

function Model:expected()
  local list = self:wanted(true)
  return list[1] and list or self:wanted(false)
end

local function build(flow, now)
  local self = setmetatable({ tasks = {}, max_starvation = math.random(0, 60) * MS }, Model)
  self.now = function()
    return tonumber(now[0])
  end
  C.weir_flow_set_starvation(flow, self.max_starvation)
  for _ = 1, math.random(3) do
    local out = ffi.new("weir_sink *[1]")
    assert(C.weir_memory_sink_new(out) == 0)
    table.insert(self.tasks, { sources = {}, taken = 0,
      number = C.weir_flow_add_sink(flow, "out", out[0]) })
  end
  local sinks = #self.tasks
  sources = {}
  for i = 1, math.random(sinks, 6) do
    local c = ffi.new("weir_source[1]", { { ops = ops } })
    local source = { c = c, queue = {}, left = math.random(0, 25), made = 0, now = self.now,
      class = math.random(0, 4) }
    source.number = C.weir_flow_add_source(flow, "in", c)
    sources[tonumber(ffi.cast("uintptr_t", c))] = source
    C.weir_flow_set_class(flow, source.number, 0, source.class)
    local sink = self.tasks[i <= sinks and i or math.random(sinks)]
    table.insert(sink.sources, source)
    self.tasks[#self.tasks + 1] = source
  end
  for i = 1, sinks do
    for _, source in ipairs(self.tasks[i].sources) do
      C.weir_flow_connect(flow, source.number, 0, self.tasks[i].number, 0)
    end
  end
  return self
end

-- What the sink has taken must be one of the choices.
local function take(flow, sink, choices)
  local rows = driver.rows(flow, sink.number)
  if not choices[1] then
    assert(#rows == sink.taken and all_ended(sink))
    sink.done = true
    return
  end
  assert(#rows == sink.taken + 1, "a step takes one batch")
  sink.taken = #rows
  local number, n = rows[#rows]:match('"source":(%d+),"n":(%d+)')
  for _, choice in ipairs(choices) do
    if choice.source.number == tonumber(number) and choice.head.n == tonumber(n) then
      table.remove(choice.source.queue, 1)
      choice.source.since = nil
      return
    end
  end
  error(("took %s of %s, not %s of %s"):format(n, number, choices[1].head.n,
    choices[1].source.number))
end

local function step(model, flow, now, ready)
  local expected = model:expected()
  assert(C.weir_flow_ready(flow, C.WEIR_HOME_ANY, 0, ready, 1) == 1)
  for _, one in ipairs(expected) do
    local task = one.task
    if task.number == ready[0] then
      local choices = task.sources and model:choices(task)
      assert(C.weir_flow_claim(flow, C.WEIR_HOME_ANY, ready[0], 0) == 1)
      task.since_ready = nil
      local ended = not task.sources and task.left == 0
      C.weir_flow_run(flow, ready[0], 0, nil)
      task.done = ended
      if choices then
        take(flow, task, choices)
      end
      now[0] = now[0] + math.random(0, 3) * math.random(0, 4) * MS
      return
    end
  end
  error(("chose task %d, not %d"):format(ready[0], expected[1].task.number))
end

local function run_one(number)
  math.randomseed(number)
  local clock, now = driver.clock()
  local flow, ready = C.weir_flow_new(clock), ffi.new("uint32_t[1]")
  local model = build(flow, now)
  while C.weir_flow_finished(flow) == 0 do
    step(model, flow, now, ready)
  end
  for _, task in ipairs(model.tasks) do
    assert(task.done and (task.sources or #task.queue == 0))
  end
  C.weir_flow_free(flow)
end

-- What C calls back may not be called from compiled code.
jit.off(true, true)

describe(("what is most urgent (seed %d)"):format(seed), function()
  it("is done first, as the slow model says", function()
    for number = seed, seed + RUNS - 1 do
      local ok, problem = xpcall(run_one, debug.traceback, number)
      assert(ok, ("SEED=%d LEDGERS=1: %s"):format(number, tostring(problem)))
    end
  end)
end)
