local driver = require("spec.support.driver")
local engine = require("spec.support.engine")
local ffi = require("ffi")

local C = engine.load("engine/base/idle.h", "engine/io/memory.h", "engine/sched/flow.h",
  "engine/sched/profile.h", "engine/sched/run.h")

local STAGES, BATCHES, STEP_NS = 2, 3, 700

-- A source of a few batches, a segment, a sink; enter(run) is the code of the segment.
local function play(profiled, enter, lead)
  local clock, now = driver.clock()
  local flow = C.weir_flow_new(clock)
  local source, sink = ffi.new("weir_source *[1]"), ffi.new("weir_sink *[1]")
  assert(C.weir_memory_source_new(source) == 0 and C.weir_memory_sink_new(sink) == 0)
  for _ = 1, BATCHES * 1000 do
    C.weir_memory_source_add(source[0], '{"n":1}', 7)
  end
  local _ = lead and lead(source[0], now)
  local from = C.weir_flow_add_source(flow, "from", source[0])
  local segment = C.weir_flow_add_segment(flow, "segment", 1, STAGES)
  local to = C.weir_flow_add_sink(flow, "to", sink[0])
  C.weir_flow_connect(flow, from, 0, segment, 0)
  C.weir_flow_connect(flow, segment, 0, to, 0)
  if profiled then
    C.weir_flow_profile(flow)
  end
  local runner = driver.runner(function(_, run)
    now[0] = now[0] + STEP_NS
    if run.finishing == 0 then
      run.row = run.row_end
      enter(run, flow, segment)
      return run.row < run.batch.row_count and C.WEIR_RUN_MORE or C.WEIR_RUN_DONE
    end
    return C.WEIR_RUN_DONE
  end)
  driver.run(flow, runner.c, nil)
  runner:free()
  return flow, from, segment, to
end

describe("a profile", function()
  it("gives a segment the time of its entries, and its worker that of all steps", function()
    local entries = 1
    local flow, from, segment, to = play(true, function()
      entries = entries + 1
    end)
    local time = C.weir_flow_task_time(flow, segment)
    assert.equal(entries * STEP_NS, tonumber(time.wall_ns))
    assert.is_true(time.cpu_ns > 0 and time.steps >= entries)
    assert.equal(0, tonumber(C.weir_flow_task_time(flow, from).wall_ns))
    local written = C.weir_flow_task_time(flow, to).steps -- memory does not block
    assert.is_true(written > 0)
    local worker = C.weir_flow_worker_time(flow, 0)
    assert.equal(tonumber(time.wall_ns), tonumber(worker.wall_ns))
    assert.equal(tonumber(time.steps + C.weir_flow_task_time(flow, from).steps + written),
      tonumber(worker.steps))
    assert.equal(0, tonumber(C.weir_flow_worker_time(flow, 1).steps))
    C.weir_flow_free(flow)
  end)

  it("sees what the code is at, and nothing when it is left", function()
    local entries = 0
    local flow, _, segment = play(true, function(run, flow)
      C.weir_flow_sample(flow)
      assert(run.mark == C.WEIR_MARK_NONE)
      run.mark = 2
      C.weir_flow_sample(flow)
      run.mark = STAGES + C.WEIR_MARK_WRITE
      C.weir_flow_sample(flow)
      C.weir_flow_sample(flow)
      entries = entries + 1
    end)
    C.weir_flow_sample(flow)
    local function samples(mark)
      return tonumber(C.weir_flow_mark(flow, segment, mark).samples)
    end
    assert.same({ 0, entries, 0, 2 * entries, 0 }, { samples(1), samples(2),
      samples(STAGES + C.WEIR_MARK_READ), samples(STAGES + C.WEIR_MARK_WRITE),
      samples(STAGES + C.WEIR_MARK_COLLECT) })
    assert.equal(0, samples(1000))
    C.weir_flow_free(flow)
  end)

  it("is no more than the time of steps where nobody asked", function()
    local entries = 1
    local flow, _, segment = play(false, function(run, flow)
      run.mark = 1
      C.weir_flow_sample(flow)
      entries = entries + 1
    end)
    assert.equal(0, C.weir_flow_is_profiled(flow))
    local time = C.weir_flow_task_time(flow, segment)
    assert.same({ entries * STEP_NS, 0 }, { tonumber(time.wall_ns), tonumber(time.cpu_ns) })
    assert.equal(0, tonumber(C.weir_flow_worker_time(flow, 0).steps))
    assert.equal(0, tonumber(C.weir_flow_mark(flow, segment, 1).samples))
    C.weir_flow_free(flow)
  end)

  it("leaves out of a source's time how long it waited for what came", function()
    local reads, idle_ns, READ_NS = 0, 0, 1e12
    local ops = ffi.new("weir_source_ops")
    local flow, from = play(false, function() end, function(source, now)
      local before = source.ops
      ffi.copy(ops, before, ffi.sizeof(ops))
      ops.next = function(same, batch)
        local began_ns = C.weir_idle_ns()
        C.weir_idle_end(C.weir_idle_begin() - 1e9)
        now[0] = now[0] + READ_NS
        reads, idle_ns = reads + 1, idle_ns + tonumber(C.weir_idle_ns() - began_ns)
        return before.next(same, batch)
      end
      source.ops = ops
    end)
    assert.is_true(reads > 0 and idle_ns >= reads * 1e9)
    assert.equal(reads * READ_NS - idle_ns,
      tonumber(C.weir_flow_task_time(flow, from).wall_ns))
    C.weir_flow_free(flow)
    ops.next:free()
  end)
end)
