-- Whose turn it is, and who is told: nobody looks here who was not woken.

local driver = require("spec.support.driver")
local engine = require("spec.support.engine")
local ffi = require("ffi")

local C = engine.load("engine/base/mem.h", "engine/data/line.h", "engine/io/memory.h",
  "engine/sched/flow.h")

local seed = tonumber(os.getenv("SEED")) or os.time()
local flow, behaviours, runner, now

local function new_flow()
  local clock
  clock, now = driver.clock()
  flow, behaviours = C.weir_flow_new(clock), {}
end

local function source(name, rows, blocking)
  local out = driver.numbers(1, rows)
  out.blocking = blocking and 1 or 0
  return C.weir_flow_add_source(flow, name, out)
end

local function sink(name, blocking)
  local out = ffi.new("weir_sink *[1]")
  assert(C.weir_memory_sink_new(out) == 0)
  out[0].blocking = blocking and C.WEIR_SINK_WRITE_BLOCKS or 0
  return C.weir_flow_add_sink(flow, name, out[0])
end

local function segment(name, ports, behaviour)
  local number = C.weir_flow_add_segment(flow, name, ports, 1)
  behaviours[number] = behaviour
  return number
end

local function connect(from, port, to)
  C.weir_flow_connect(flow, from, port, to, 0)
end

local pass = driver.pass

local WORKERS = bit.bor(C.WEIR_HOME_WORKER, C.WEIR_HOME_READER)
local OFFERED = bit.bor(WORKERS, C.WEIR_HOME_OFFER)

-- A hand that works at home while it is awake; false: it finds nothing, and sleeps.
local function step(hand, tasks)
  local count = C.weir_flow_ready(flow, hand.homes, 0, tasks, hand.max)
  local woken = C.weir_flow_take_lent(flow) ~= 0 and C.WEIR_HOME_ANY or 0
  local task = count > 0 and tasks[math.random(count) - 1]
  if task and C.weir_flow_claim(flow, hand.homes, task, 0) == 1 then
    return true, bit.bor(woken, C.weir_flow_run(flow, task, 0, runner.c))
  end
  return count > 0, woken
end
jit.off(step)

-- One for the workers and one for the pool, until all have done what they were woken
-- for.
local function run_awake()
  local hands = {
    { homes = WORKERS, hears = OFFERED, max = 1, awake = true },
    { homes = C.WEIR_HOME_POOL, hears = C.WEIR_HOME_POOL, max = 64, awake = true },
  }
  local tasks = ffi.new("uint32_t[64]")
  while hands[1].awake or hands[2].awake do
    local hand = hands[math.random(2)]
    if hand.awake then
      local woken
      hand.awake, woken = step(hand, tasks)
      for _, other in ipairs(hands) do
        other.awake = other.awake or bit.band(woken, other.hears) ~= 0
      end
    end
  end
end
jit.off(run_awake)

describe(("turns (seed %d)"):format(seed), function()
  before_each(function()
    math.randomseed(seed)
    new_flow()
    runner = driver.runner(function(task, run)
      return behaviours[task](run)
    end)
  end)

  after_each(function()
    C.weir_mem_set_limit(0)
    C.weir_flow_free(flow)
    runner:free()
  end)

  it("tell a source that waited for memory when there is some", function()
    for round = 1, 30 do
      C.weir_flow_limit(flow, { rows = 300, out_bytes = 1e6, hold_bytes = 0 })
      local from, through = source("in", 9500, true), segment("all", 1, pass())
      local to = sink("out", round % 2 == 0)
      connect(from, 0, through)
      connect(through, 0, to)
      -- What is held is too much; or what it takes at its peak is.
      C.weir_mem_set_limit(round % 3 == 0 and 1 or 2 * tonumber(C.weir_mem_used()) + 60000)
      run_awake()
      C.weir_mem_set_limit(0)
      assert.equal(1, C.weir_flow_finished(flow), "it sleeps for ever")
      assert.equal(9500, #driver.rows(flow, to))
      C.weir_flow_free(flow)
      new_flow()
    end
  end)

  -- A pipeline that has nothing to do with others, and whose sink hangs.
  local function hang()
    local from, to = source("other", 10), sink("hung")
    connect(from, 0, to)
    for _, task in ipairs({ from, to }) do
      assert(C.weir_flow_claim(flow, C.WEIR_HOME_ANY, task, 0) == 1)
      if task == from then
        C.weir_flow_run(flow, task, 0, runner.c)
      end
    end
    return function()
      C.weir_flow_run(flow, to, 0, runner.c)
    end
  end

  it("let a source read while another pipeline stands, however short memory is", function()
    local go_on = hang()
    local from, to = source("in", 5000, true), sink("out")
    connect(from, 0, to)
    C.weir_mem_set_limit(1)
    run_awake()
    assert.equal(5000, #driver.rows(flow, to))
    go_on()
    run_awake()
    assert.equal(1, C.weir_flow_finished(flow))
  end)

  it("lend room to who waits in a circle, while another pipeline stands", function()
    local go_on = hang()
    C.weir_flow_limit(flow, { rows = 5, out_bytes = 30, hold_bytes = 0 })
    local from, route = source("in", 3000), segment("route", 2, pass(function(row)
      return row % 100 == 99 and 1 or 0
    end))
    local merge, to = segment("merge", 1, pass()), sink("out")
    connect(from, 0, route)
    connect(route, 1, merge)
    connect(route, 0, merge)
    connect(merge, 0, to)
    run_awake()
    assert.equal(3000, #driver.rows(flow, to))
    go_on()
    run_awake()
    assert.equal(1, C.weir_flow_finished(flow))
  end)

  it("lend no room to who waits for another source", function()
    local merge, to = segment("merge", 1, pass()), sink("out")
    local entered = false
    local slow = segment("slow", 1, function(run)
      if not entered then
        entered, run.resume_ns = true, tonumber(now[0]) + 1e9
        return C.WEIR_RUN_MORE
      end
      return C.WEIR_RUN_DONE
    end)
    local fast = source("fast", 50000)
    connect(slow, 0, merge)
    local edge = C.weir_flow_connect(flow, fast, 0, merge, 0)
    connect(merge, 0, to)
    run_awake()
    assert.is_true(tonumber(C.weir_edge_count(edge).held_max) <= 9000)
    now[0] = now[0] + 2e9
    run_awake()
    assert.equal(50000, #driver.rows(flow, to))
  end)

  -- What the step of a source that reads so many bytes says.
  local function told(bytes, patient, classes)
    local out = driver.numbers(1, 0)
    local text = ('{"n":"%s"}'):format(("x"):rep(bytes))
    assert(C.weir_memory_source_add(out, text, #text) == 0)
    out.blocking, out.patient = 1, patient and 1 or 0
    local from = C.weir_flow_add_source(flow, "in", out)
    connect(from, 0, sink("out"))
    if classes then
      C.weir_flow_set_class(flow, from, 0, C.WEIR_CLASS_NORMAL)
    end
    assert(C.weir_flow_claim(flow, C.WEIR_HOME_ANY, from, 0) == 1)
    local woken = C.weir_flow_run(flow, from, 0, runner.c)
    C.weir_flow_free(flow)
    new_flow()
    return bit.band(woken, C.WEIR_HOME_LITTLE) ~= 0
  end

  it("let who has read little, and can wait, go on with it", function()
    assert.is_true(told(10, true))
    assert.is_false(told(10, false))
    assert.is_false(told(20000, true))
    assert.is_false(told(10, true, true), "where there are classes it reads on")
  end)

  it("know whether the last step of a task was over soon", function()
    local from = source("in", 10)
    connect(from, 0, sink("out"))
    local slow = segment("slow", 1, function(run)
      now[0] = now[0] + 1e6
      return pass()(run)
    end)
    connect(from, 0, slow)
    connect(slow, 0, sink("all"))
    for _, task in ipairs({ from, slow }) do
      assert.equal(0, C.weir_flow_is_brief(flow, task, 0))
      assert(C.weir_flow_claim(flow, C.WEIR_HOME_ANY, task, 0) == 1)
      C.weir_flow_run(flow, task, 0, runner.c)
      assert.equal(task == from and 1 or 0, C.weir_flow_is_brief(flow, task, 0))
    end
  end)
end)
