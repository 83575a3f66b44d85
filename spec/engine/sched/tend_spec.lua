--- Sources and sinks that look after what is under way. They are made of FFI callbacks,
-- which compiled code must not meet.

jit.off()

local driver = require("spec.support.driver")
local engine = require("spec.support.engine")
local ffi = require("ffi")

local C = engine.load("engine/base/err.h", "engine/base/mem.h", "engine/data/line.h",
  "engine/sched/flow.h")

local MS = 1e6

local flow, now, callbacks

-- The callbacks of a source or sink, by name.
local function ops_of(kind, fns)
  local ops = ffi.new(kind)
  for name, fn in pairs(fns) do
    ops[name] = fn
    callbacks[#callbacks + 1] = ops[name]
  end
  callbacks[#callbacks + 1] = { free = function() return ops end }
  return ops
end

local function nothing() end

-- One that gives a record a batch, for as long as count says, and wants to be tended.
local function add_source(count, tend)
  local given = 0
  local made = ffi.new("weir_source", { ops = ops_of("weir_source_ops", {
    next = function(_, batch)
      given = given + 1
      if given > count then
        return C.WEIR_EEND
      end
      C.weir_line_add(batch, "{}", 2)
      return C.WEIR_OK
    end,
    tend = tend,
    free = nothing,
  }) })
  callbacks[#callbacks + 1] = { free = function() return made end }
  return C.weir_flow_add_source(flow, "in", made)
end

local function add_sink(fns)
  fns.finish = fns.finish or function()
    return C.WEIR_OK
  end
  fns.free = nothing
  local made = ffi.new("weir_sink", { ops = ops_of("weir_sink_ops", fns) })
  made.blocking = fns.try_write and C.WEIR_SINK_WRITE_BLOCKS or 0
  callbacks[#callbacks + 1] = { free = function() return made end }
  return C.weir_flow_add_sink(flow, "out", made), made
end

-- Whether a step of the task was to be taken, where tasks of these homes are.
local function step(task, homes)
  local claimed = C.weir_flow_claim(flow, homes or C.WEIR_HOME_ANY, task, 0) == 1
  if claimed then
    C.weir_flow_run(flow, task, 0, nil)
  end
  return claimed
end

local function next_in_ms(homes)
  local next_ns = tonumber(C.weir_flow_next_ns(flow, homes or C.WEIR_HOME_ANY,
    C.WEIR_FLOW_ANYBODY))
  return next_ns ~= 0 and (next_ns - tonumber(now[0])) / MS or nil
end

local function pass_ms(ms)
  now[0] = now[0] + ms * MS
end

before_each(function()
  local clock
  clock, now = driver.clock()
  flow, callbacks = C.weir_flow_new(clock), {}
end)

after_each(function()
  C.weir_mem_set_limit(0)
  C.weir_flow_free(flow)
  for _, callback in ipairs(callbacks) do
    callback:free()
  end
end)

local function write_all(_, batch, _, written)
  written[0] = batch.row_count
  return C.WEIR_OK
end

describe("a source that must remember", function()
  local tended, again, from, to

  before_each(function()
    tended, again = 0, 10 * MS
    from = add_source(1000, function()
      tended = tended + 1
      return again
    end)
    to = add_sink({ write = write_all })
    C.weir_flow_connect(flow, from, 0, to, 0)
  end)

  it("is not where it has nothing to tend, and was paused since its claim", function()
    from = add_source(1, nil)
    to = add_sink({ write = function(_, batch, _, row)
      row[0] = batch.row_count
      return C.WEIR_OK
    end })
    C.weir_flow_connect(flow, from, 0, to, 0)
    assert.equal(1, C.weir_flow_claim(flow, C.WEIR_HOME_ANY, from, 0))
    C.weir_flow_pause(flow, 1)
    C.weir_flow_run(flow, from, 0, nil)
    assert.is_false(step(from))
    C.weir_flow_pause(flow, 0)
    driver.run(flow, nil, now)
    assert.equal(1, tonumber(C.weir_flow_task_count(flow, to).received))
  end)

  it("is tended while there is no room for what it would give", function()
    repeat until not step(from)
    assert.equal(1, tended)
    assert.equal(10, next_in_ms())
    pass_ms(9)
    assert.is_false(step(from))
    pass_ms(1)
    assert.is_true(step(from))
    assert.same({ 2, 10 }, { tended, next_in_ms() })
    again = -1
    pass_ms(10)
    assert.is_true(step(from))
    assert.same({ 3, nil }, { tended, next_in_ms() })
    assert.is_false(step(from))
    assert.is_true(step(to))
    assert.is_true(step(from)) -- there is room again
    assert.equal(3, tended)
    assert.is_true(step(from))
    assert.equal(4, tended)
  end)

  it("is tended while it rests", function()
    assert.is_true(step(from))
    C.weir_flow_pause(flow, 1)
    assert.is_true(step(from))
    assert.equal(1, tended)
    assert.is_false(step(from))
    pass_ms(10)
    assert.is_true(step(from))
    assert.equal(2, tended)
    C.weir_flow_pause(flow, 0)
    assert.is_true(step(from))
    assert.equal(2, tended)
  end)

  it("is tended while it waits for memory", function()
    assert.is_true(step(from))
    C.weir_mem_set_limit(1)
    assert.is_true(step(from))
    assert.is_false(step(from))
    assert.same({ 1, 10 }, { tended, next_in_ms() })
    pass_ms(10)
    assert.is_true(step(from))
    assert.equal(2, tended)
    C.weir_mem_set_limit(0)
    assert.is_true(step(from))
    assert.equal(2, tended)
  end)

  it("is not while it is asked for more", function()
    driver.run(flow, nil, now)
    assert.equal(0, C.weir_flow_failure(flow, nil))
  end)
end)

describe("a sink that owes", function()
  local tended, answer, from, to, sink

  local function build(fns)
    tended, answer = 0, C.WEIR_OK
    from = add_source(2)
    fns.tend = function(_, may_wait)
      tended = tended + 1
      fns.may_wait = may_wait
      return answer
    end
    to, sink = add_sink(fns)
    C.weir_flow_connect(flow, from, 0, to, 0)
    assert.is_true(step(from))
  end

  it("is tended, ever less often, until it does not", function()
    build({ write = function(...)
      sink.owes = 1
      return write_all(...)
    end })
    assert.is_true(step(to))
    for _, ms in ipairs({ 10, 20, 40, 80, 100, 100 }) do
      assert.equal(ms, next_in_ms())
      assert.is_false(step(to))
      pass_ms(ms)
      assert.is_true(step(to))
    end
    assert.equal(6, tended)
    assert.is_true(step(from)) -- what is written says what there is to owe
    assert.is_true(step(to))
    assert.equal(10, next_in_ms())
    sink.owes = 0
    pass_ms(10)
    assert.is_true(step(to))
    assert.is_nil(next_in_ms())
    assert.is_true(step(from)) -- the end
    assert.is_true(step(to))
    assert.equal(7, tended)
  end)

  it("is tended where it may wait, if it has to", function()
    local fns = { write = write_all, try_write = function(...)
      sink.owes = 1
      return write_all(...)
    end }
    build(fns)
    assert.is_true(step(to, C.WEIR_HOME_READER))
    pass_ms(10)
    answer = C.WEIR_EEMPTY
    assert.is_true(step(to, C.WEIR_HOME_READER))
    assert.equal(0, fns.may_wait)
    assert.is_false(step(to, C.WEIR_HOME_READER))
    answer = C.WEIR_OK
    assert.is_true(step(to, C.WEIR_HOME_POOL))
    assert.equal(1, fns.may_wait)
    assert.is_nil(next_in_ms(C.WEIR_HOME_POOL))
    assert.equal(20, next_in_ms(C.WEIR_HOME_READER))
  end)

  it("fails the flow if that fails, and is finished then", function()
    local failed
    build({
      write = function(...)
        sink.owes = 1
        return write_all(...)
      end,
      finish = function(_, how)
        failed = how
        return C.WEIR_OK
      end,
    })
    assert.is_true(step(to))
    pass_ms(10)
    answer = C.WEIR_ESINK
    ffi.copy(sink.message, "nobody is there")
    assert.is_true(step(to))
    local message = ffi.new("const char *[1]")
    assert.equal(C.WEIR_ESINK, C.weir_flow_failure(flow, message))
    assert.equal("nobody is there", ffi.string(message[0]))
    driver.run(flow, nil, now)
    assert.equal(1, failed)
  end)
end)
