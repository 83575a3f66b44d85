local driver = require("spec.support.driver")
local engine = require("spec.support.engine")
local ffi = require("ffi")

local C = engine.load("engine/base/err.h", "engine/data/line.h", "engine/io/file_sink.h",
  "engine/io/memory.h", "engine/codec/json.h", "engine/sched/flow.h", "engine/base/mem.h")

local seed = tonumber(os.getenv("SEED")) or os.time()
local flow, now, runner

local function source(name, first, last)
  return C.weir_flow_add_source(flow, name, driver.numbers(first, last))
end

local function sink(name)
  local out = ffi.new("weir_sink *[1]")
  assert(C.weir_memory_sink_new(out) == 0)
  return C.weir_flow_add_sink(flow, name, out[0])
end

-- What segments do, by number: fn(run) -> reason.
local behaviours

local function segment(name, ports, behaviour)
  local number = C.weir_flow_add_segment(flow, name, ports or 1, 1)
  behaviours[number] = behaviour
  return number
end

local function connect(from, port, to, unordered)
  return C.weir_flow_connect(flow, from, port, to, unordered and 1 or 0)
end

local pass = driver.pass

local function take(count)
  local passing = pass()
  return function(run)
    if run.finishing == 0 and run.row + 1 > count then
      return C.WEIR_RUN_SATED
    end
    run.row_end = math.min(run.row_end, count)
    local reason = passing(run)
    return run.row >= count and C.WEIR_RUN_SATED or reason
  end
end

local function run(watch)
  driver.run(flow, runner.c, now, watch)
end

local function failure()
  local message = ffi.new("const char *[1]")
  return C.weir_flow_failure(flow, message), ffi.string(message[0])
end

local function numbers(task)
  local out = {}
  for i, row in ipairs(driver.rows(flow, task)) do
    out[i] = tonumber(row:match("%d+"))
  end
  return out
end

local function range(first, last)
  local out = {}
  for n = first, last do
    out[#out + 1] = n
  end
  return out
end

local function balanced(edge)
  local book = C.weir_edge_count(edge)
  return book.sent == book.received + book.dropped and book.held == 0
end

describe(("a flow (seed %d)"):format(seed), function()
  before_each(function()
    math.randomseed(seed)
    local clock
    clock, now = driver.clock()
    flow, behaviours = C.weir_flow_new(clock), {}
    runner = driver.runner(function(task, of)
      return behaviours[task](of)
    end)
  end)

  after_each(function()
    C.weir_flow_free(flow)
    runner:free()
  end)

  it("brings every record to the sink, in order", function()
    local from, through, to = source("in", 1, 3500), segment("all", 1, pass()), sink("out")
    local first, second = connect(from, 0, through), connect(through, 0, to)
    run()
    assert.same(range(1, 3500), numbers(to))
    assert.is_true(balanced(first) and balanced(second))
    assert.equal(3500, tonumber(C.weir_flow_count(flow).records_written))
  end)

  it("indexes what a segment makes where another one looks for fields, and only there", function()
    local seen = {}
    local function look(name)
      local passing = pass()
      return function(of)
        if of.finishing == 0 then
          assert.equal(seen[name] or of.batch.indexed, of.batch.indexed)
          seen[name] = of.batch.indexed
        end
        return passing(of)
      end
    end
    local from, first = source("in", 1, 30000), segment("first", 2, pass(function(row)
      return row % 2
    end))
    local reader, other = segment("reader", 1, look("reader")), segment("other", 1, look("other"))
    C.weir_flow_set_reads(flow, reader)
    connect(from, 0, first)
    connect(first, 0, reader)
    connect(first, 1, other)
    local to = sink("out")
    connect(reader, 0, to)
    connect(other, 0, to)
    run()
    assert.same({ reader = 1, other = 0 }, seen)
    assert.equal(30000, #numbers(to))
  end)

  it("reads no batch more than it must while memory is short, and still ends", function()
    local from, through, to = source("in", 1, 9500), segment("all", 1, pass()), sink("out")
    local first = connect(from, 0, through)
    connect(through, 0, to)
    local held = 0
    C.weir_mem_set_limit(1)
    local ok, problem = pcall(run, function()
      held = math.max(held, tonumber(C.weir_edge_count(first).held))
    end)
    C.weir_mem_set_limit(0)
    assert.is_true(ok, problem)
    assert.same(range(1, 9500), numbers(to))
    assert.is_true(held <= 1000, held)
  end)

  it("merges by sequence, then by input, whatever the order of steps", function()
    local a, b = source("a", 1, 2100), source("b", 5001, 6500)
    local merge, to = segment("merge", 1, pass()), sink("out")
    connect(b, 0, merge)
    connect(a, 0, merge)
    connect(merge, 0, to)
    run()
    local want = {}
    for _, part in ipairs({ range(5001, 6000), range(1, 1000), range(6001, 6500),
      range(1001, 2000), range(2001, 2100) }) do
      for _, n in ipairs(part) do
        want[#want + 1] = n
      end
    end
    assert.same(want, numbers(to))
  end)

  describe("with a source that never speaks", function()
    local to, entered

    -- Says nothing until there is nothing else to do; then all others must have arrived.
    local function silent(count)
      entered = 0
      return C.weir_flow_add_segment(flow, "silent", 1, 1), function(of)
        entered = entered + 1
        if entered == 1 then
          of.resume_ns = 1e15
          return C.WEIR_RUN_MORE
        end
        assert.equal(count, #driver.rows(flow, to))
        return C.WEIR_RUN_DONE
      end
    end

    local function merge(...)
      local number = segment("merge", 1, pass())
      for _, from in ipairs({ ... }) do
        C.weir_flow_set_apart(flow, number)
        connect(from, 0, number)
      end
      return number
    end

    it("merges what others say meanwhile", function()
      local quiet, behaviour = silent(3500)
      behaviours[quiet] = behaviour
      local a, b = source("a", 1, 2000), source("b", 2001, 3500)
      to = sink("out")
      connect(merge(a, quiet, b), 0, to)
      run()
      assert.equal(2, entered)
      local got = { a = {}, b = {} }
      for _, n in ipairs(numbers(to)) do
        table.insert(n <= 2000 and got.a or got.b, n)
      end
      assert.same({ a = range(1, 2000), b = range(2001, 3500) }, got)
    end)

    it("keeps the order of what was forked behind the merge", function()
      local quiet, behaviour = silent(3500)
      behaviours[quiet] = behaviour
      local a, b = source("a", 1, 2000), source("b", 2001, 3500)
      to = sink("out")
      local fork = segment("fork", 2, pass(function(row)
        return row % 2
      end))
      connect(merge(a, quiet, b), 0, fork)
      local joined = segment("joined", 1, pass())
      connect(fork, 1, joined)
      connect(fork, 0, joined)
      connect(joined, 0, to)
      run()
      assert.equal(2, entered)
      local first = {}
      for _, n in ipairs(numbers(to)) do
        first[#first + 1] = n % 1000 < 3 and n % 1000 > 0 and n or nil
      end
      for i = 1, #first, 2 do -- of each batch the even rows come first
        assert.equal(1, first[i] - first[i + 1])
      end
      assert.equal(8, #first)
    end)

    it("keeps the order of inputs that are not apart", function()
      local quiet, behaviour = silent(2000)
      behaviours[quiet] = behaviour
      local a, b = source("a", 1, 1000), source("b", 1001, 2000)
      to = sink("out")
      local joined = segment("joined", 1, pass())
      connect(b, 0, joined)
      connect(a, 0, joined)
      C.weir_flow_set_apart(flow, joined)
      connect(quiet, 0, joined)
      connect(joined, 0, to)
      run()
      local got = numbers(to)
      assert.same({ 1001, 1 }, { got[1], got[1001] })
    end)
  end)

  it("keeps the order where the last piece of what is said at an end is empty", function()
    local function says(row, ports)
      local said = false
      return function(of)
        if of.finishing == 0 then
          of.row = of.row_end
          return of.row < of.batch.row_count and C.WEIR_RUN_MORE or C.WEIR_RUN_DONE
        elseif said then
          return C.WEIR_RUN_DONE
        end
        said = true
        for port = 0, ports - 1 do
          C.weir_line_add(of.out[port], row, #row)
        end
        return C.WEIR_RUN_MORE
      end
    end
    local from, first = source("in", 1, 1500), segment("first", 2, says('{"n":1}', 2))
    local second, merge = segment("second", 1, says('{"n":2}', 1)), segment("merge", 1, pass())
    local to = sink("out")
    connect(from, 0, first)
    connect(first, 0, second)
    connect(second, 0, merge)
    connect(first, 1, merge)
    connect(merge, 0, to)
    run()
    assert.same({ 1, 2 }, numbers(to))
  end)

  it("does not stop itself where a stream forks and is merged again", function()
    C.weir_flow_limit(flow, { rows = 5, out_bytes = 30, hold_bytes = 0 })
    local from, route = source("in", 1, 3000), segment("route", 2, pass(function(row)
      return row % 100 == 99 and 1 or 0
    end))
    local merge, to = segment("merge", 1, pass()), sink("out")
    connect(from, 0, route)
    connect(route, 1, merge)
    connect(route, 0, merge)
    connect(merge, 0, to)
    run()
    local got = numbers(to)
    assert.equal(3000, #got)
    assert.same({ 100, 200 }, { got[1], got[2] })
    assert.same({ 1, 2 }, { got[11], got[12] })
  end)

  it("reads no further once nobody wants more", function()
    local from, first, to = source("in", 1, 50000), segment("take", 1, take(5)), sink("out")
    local edge = connect(from, 0, first)
    connect(first, 0, to)
    run()
    assert.same(range(1, 5), numbers(to))
    assert.is_true(tonumber(C.weir_flow_count(flow).records_read) < 50000)
    assert.is_true(balanced(edge))
  end)

  it("reads on while one of two still wants more", function()
    local from, first, few = source("in", 1, 2500), segment("take", 1, take(5)), sink("few")
    local all, many = segment("all", 1, pass()), sink("many")
    connect(from, 0, first)
    connect(first, 0, few)
    connect(from, 0, all)
    connect(all, 0, many)
    run()
    assert.same(range(1, 5), numbers(few))
    assert.same(range(1, 2500), numbers(many))
  end)

  it("stops its sources when it is told to, and finishes what is under way", function()
    local from, through, to = source("in", 1, 100000), segment("all", 1, pass()), sink("out")
    connect(from, 0, through)
    connect(through, 0, to)
    driver.run(flow, runner.c, now, function(count)
      if count == 20 then
        C.weir_flow_stop(flow)
      end
    end)
    local read = tonumber(C.weir_flow_count(flow).records_read)
    assert.is_true(read > 0 and read < 100000)
    assert.same(range(1, read), numbers(to))
    assert.equal(C.WEIR_OK, (failure()))
  end)

  it("says what came last after all that was read", function()
    local spoken, from, to = false, source("in", 1, 3), sink("out")
    local last = segment("last", 1, function(of)
      if of.finishing == 0 then
        of.row = of.row_end
        return C.WEIR_RUN_DONE
      elseif spoken then
        return C.WEIR_RUN_DONE
      end
      spoken = true
      C.weir_line_add(of.out[0], '{"n":99}', 8)
      return C.WEIR_RUN_MORE
    end)
    connect(from, 0, last)
    connect(last, 0, to)
    run()
    assert.same({ 99 }, numbers(to))
  end)

  it("fails with the first failure of a segment, and still ends and balances", function()
    local from, bad, to = source("in", 1, 5000), segment("bad", 1, function(of)
      of.row, of.code = of.row + 1, C.WEIR_ELAMBDA
      ffi.copy(of.message, "broken")
      return C.WEIR_RUN_FAILED
    end), sink("out")
    local edge = connect(from, 0, bad)
    connect(bad, 0, to)
    run()
    assert.same({ C.WEIR_ELAMBDA, "broken" }, { failure() })
    assert.is_true(balanced(edge))
    assert.is_true(C.weir_flow_task_count(flow, bad).dropped > 0)
  end)

  it("has workers write where that does not block, and the pool finish what does", function()
    local tasks = ffi.new("uint32_t[8]")
    local function at_home(home)
      local count = C.weir_flow_ready(flow, home, 0, tasks, 8)
      return count > 0 and tasks[0] or nil
    end
    local out = ffi.new("weir_sink *[1]")
    assert(C.weir_memory_sink_new(out) == 0)
    out[0].blocking = C.WEIR_SINK_FINISH_BLOCKS
    connect(source("in", 1, 3000), 0, C.weir_flow_add_sink(flow, "out", out[0]))
    local task = at_home(C.WEIR_HOME_READER)
    while task do
      assert.is_nil(at_home(C.WEIR_HOME_POOL))
      assert(C.weir_flow_claim(flow, C.WEIR_HOME_READER, task, 0) == 1)
      C.weir_flow_run(flow, task, 0, runner.c)
      task = at_home(C.WEIR_HOME_READER)
    end
    assert.equal(3000, tonumber(C.weir_flow_task_count(flow, 1).written))
    -- Who looked before it moved comes too late, or a worker would wait for a disk.
    assert.equal(0, C.weir_flow_claim(flow, C.WEIR_HOME_READER, 1, 0))
    assert.equal(1, at_home(C.WEIR_HOME_POOL))
    run()
    assert.same({ 0, "" }, { failure() })
  end)

  it("fails when a sink does, naming it", function()
    local options = ffi.new("weir_file_sink_options")
    options.path, options.encoder = "/no/such/place.jsonl", C.weir_json_encoder_new()
    local out = ffi.new("weir_sink *[1]")
    assert(C.weir_file_sink_new(out, options) == 0)
    local from, through = source("in", 1, 5000), segment("all", 1, pass())
    local edge = connect(from, 0, through)
    connect(through, 0, C.weir_flow_add_sink(flow, "out", out[0]))
    run()
    local code, message = failure()
    assert.is_true(code < 0)
    assert.truthy(message:find("/no/such/place.jsonl", 1, true))
    assert.is_true(balanced(edge))
  end)

  it("fails when there are more dead letters than allowed", function()
    C.weir_flow_limit_dead(flow, 10, -1)
    local from, bad, dead = source("in", 1, 5000), segment("bad", 2, function(of)
      if of.finishing == 0 then
        C.weir_line_add(of.out[1], "{}", 2)
        of.row, of.dead = of.row + 1, of.dead + 1
      end
      return of.finishing == 0 and of.row < of.batch.row_count and C.WEIR_RUN_MORE
        or C.WEIR_RUN_DONE
    end), sink("dead")
    connect(from, 0, bad)
    connect(bad, 1, dead, true)
    run()
    local code, message = failure()
    assert.equal(C.WEIR_EERRORS, code)
    assert.equal("too many errors: 11, max_errors is 10", message)
    assert.equal(11, #driver.rows(flow, dead))
  end)

  it("enters a segment again no sooner than it asked", function()
    local entered, to = {}, sink("out")
    local ticks = segment("ticks", 1, function(of)
      entered[#entered + 1] = tonumber(now[0])
      C.weir_line_add(of.out[0], "{}", 2)
      of.resume_ns = entered[#entered] + 5e9
      return #entered < 3 and C.WEIR_RUN_MORE or C.WEIR_RUN_DONE
    end)
    connect(ticks, 0, to)
    run()
    assert.equal(3, #entered)
    assert.is_true(entered[2] - entered[1] >= 5e9 and entered[3] - entered[2] >= 5e9)
    assert.equal(3, #driver.rows(flow, to))
  end)

  it("tells of a time only the worker that is to go on then", function()
    local ticks = segment("ticks", 1, function(of)
      of.resume_ns = tonumber(now[0]) + 5e9
      return C.WEIR_RUN_MORE
    end)
    connect(ticks, 0, sink("out"))
    C.weir_flow_pin(flow, ticks, 1)
    assert.equal(1, C.weir_flow_claim(flow, C.WEIR_HOME_ANY, ticks, 1))
    C.weir_flow_run(flow, ticks, 1, runner.c)
    local function told(worker)
      return tonumber(C.weir_flow_next_ns(flow, C.WEIR_HOME_ANY, worker))
    end
    local at = tonumber(now[0]) + 5e9
    assert.same({ 0, at, 0, at }, { told(0), told(1), told(2), told(C.WEIR_FLOW_ANYBODY) })
  end)

  it("lets small batches to a sink wait for company, but not for ever", function()
    local from, through, to = source("in", 1, 10), segment("all", 1, pass()), sink("out")
    local edge = connect(from, 0, through)
    connect(through, 0, to)
    local runs = 0
    for _, task in ipairs({ from, through }) do
      assert(C.weir_flow_claim(flow, C.WEIR_HOME_ANY, task, 0) == 1)
      C.weir_flow_run(flow, task, 0, runner.c)
      runs = runs + 1
    end
    assert.equal(0, tonumber(C.weir_flow_port_sent(flow, through, 0)))
    run()
    assert.same(range(1, 10), numbers(to))
    assert.is_true(balanced(edge))
  end)
end)
