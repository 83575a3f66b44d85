local driver = require("spec.support.driver")
local engine = require("spec.support.engine")
local ffi = require("ffi")

local C = engine.load("engine/base/err.h", "engine/data/line.h", "engine/io/memory.h",
  "engine/sched/flow.h")

local random = math.random
local seed = tonumber(os.getenv("SEED")) or os.time()

-- A flow of numbered records, and what its segments do: fn(number, run) gives the ports
-- a record goes to, by task.
local Case = {}
Case.__index = Case

local function new_case(workers)
  local self = setmetatable({ workers = workers, rules = {}, edges = {} }, Case)
  local clock
  clock, self.now = driver.clock()
  self.flow = C.weir_flow_new(clock)
  self.runner = driver.runner(function(task, run)
    return self:enter(task, run)
  end)
  self.runners = {}
  for i = 1, workers do
    self.runners[i] = self.runner.c
  end
  return self
end

function Case:free()
  C.weir_flow_free(self.flow)
  self.runner:free()
end

function Case:enter(task, run)
  if run.finishing ~= 0 then
    return C.WEIR_RUN_DONE
  end
  while run.row < run.row_end do
    local span = run.batch.rows[run.row]
    local text = ffi.string(run.batch.bytes.bytes + span.start, span["end"] - span.start)
    local ports = self.rules[task](tonumber(text:match("%d+")), run)
    if not ports then
      run.code = C.WEIR_ELAMBDA
      return C.WEIR_RUN_FAILED
    end
    run.row = run.row + 1
    local full = false
    for _, port in ipairs(ports) do
      C.weir_line_add(run.out[port], text, #text)
      full = full or run.out[port].bytes.size >= run.limits.out_bytes
    end
    if full then
      return C.WEIR_RUN_FULL
    end
  end
  return run.row < run.batch.row_count and C.WEIR_RUN_MORE or C.WEIR_RUN_DONE
end

function Case:source(first, last)
  return C.weir_flow_add_source(self.flow, "in", driver.numbers(first, last))
end

function Case:segment(ports, lanes, rule)
  local task = C.weir_flow_add_segment(self.flow, "segment", ports, 1)
  C.weir_flow_set_lanes(self.flow, task, lanes)
  self.rules[task] = rule
  return task
end

function Case:sink()
  local out = ffi.new("weir_sink *[1]")
  assert(C.weir_memory_sink_new(out) == 0)
  return C.weir_flow_add_sink(self.flow, "out", out[0])
end

function Case:connect(from, port, to)
  self.edges[#self.edges + 1] = C.weir_flow_connect(self.flow, from, port, to, 0)
end

function Case:run()
  driver.run(self.flow, self.runners, self.now)
  for _, edge in ipairs(self.edges) do
    local book = C.weir_edge_count(edge)
    assert.equal(tonumber(book.sent), tonumber(book.received + book.dropped + book.held))
  end
end

function Case:is_ready(task, worker)
  local tasks = ffi.new("uint32_t[16]")
  for i = 0, C.weir_flow_ready(self.flow, C.WEIR_HOME_ANY, worker, tasks, 16) - 1 do
    if tasks[i] == task then
      return true
    end
  end
  return false
end

-- Steps of one worker, until it has nothing to do.
function Case:work(task, worker)
  local steps = 0
  while self:is_ready(task, worker) do
    assert.equal(1, C.weir_flow_claim(self.flow, C.WEIR_HOME_ANY, task, worker))
    C.weir_flow_run(self.flow, task, worker, self.runner.c)
    steps = steps + 1
  end
  return steps
end

local function everything()
  return { 0 }
end

local function some_ports(modulus, count)
  return function(n)
    local ports = {}
    for port = 0, count - 1 do
      if n % modulus == port or n % 7 == port then
        ports[#ports + 1] = port
      end
    end
    return ports
  end
end

-- Two sources, a fork and a merge; what both sinks hold.
local function forked(workers, lanes, shape, unordered)
  local case = new_case(workers)
  if unordered then
    C.weir_flow_set_unordered(case.flow)
  end
  C.weir_flow_limit(case.flow, shape.limits)
  local left, right = case:source(1, shape.left), case:source(1, shape.right)
  local fork = case:segment(3, lanes[1], some_ports(shape.modulus, 3))
  local pass = case:segment(1, lanes[2], everything)
  local merge = case:segment(1, lanes[3], everything)
  local one, other = case:sink(), case:sink()
  case:connect(left, 0, fork)
  case:connect(fork, 0, pass)
  case:connect(pass, 0, merge)
  case:connect(fork, 1, merge)
  case:connect(right, 0, merge)
  case:connect(fork, 2, one)
  case:connect(merge, 0, other)
  case:run()
  local rows = { driver.rows(case.flow, one), driver.rows(case.flow, other) }
  case:free()
  return rows
end

local function random_shape()
  return {
    left = random(0, 6000),
    right = random(0, 6000),
    modulus = random(2, 9),
    limits = ffi.new("weir_run_limits", random(400), random(20, 4000), random(0, 400)),
  }
end

local function random_lanes(workers)
  local lanes = {}
  for i = 1, 3 do
    lanes[i] = random(2) == 1 and workers or 1
  end
  return lanes
end

describe("lanes", function()
  it(("give what one lane gives, in any order of steps (seed %d)"):format(seed), function()
    for number = 1, 25 do
      math.randomseed(seed * 1000 + number)
      local shape, workers = random_shape(), random(2, 4)
      local expected = forked(1, { 1, 1, 1 }, shape)
      assert.same(expected, forked(workers, random_lanes(workers), shape))
    end
  end)

  it(("give the same records where no order is asked for (seed %d)"):format(seed), function()
    for number = 1, 25 do
      math.randomseed(seed * 2000 + number)
      local shape, workers = random_shape(), random(2, 4)
      local expected = forked(1, { 1, 1, 1 }, shape)
      local got = forked(workers, random_lanes(workers), shape, true)
      for sink = 1, 2 do
        table.sort(expected[sink])
        table.sort(got[sink])
      end
      assert.same(expected, got)
    end
  end)

  it("do not wait for one that stands still where no order is asked for", function()
    for _, unordered in ipairs({ false, true }) do
      local case = new_case(2)
      if unordered then
        C.weir_flow_set_unordered(case.flow)
      end
      local from, all = case:source(1, 100000), case:segment(1, 2, everything)
      local to = case:sink()
      case:connect(from, 0, all)
      case:connect(all, 0, to)
      case:work(from, 0)
      -- Worker 0 takes the first batch and is not seen again for long.
      C.weir_flow_limit(case.flow, ffi.new("weir_run_limits", 10, 1e6, 0))
      assert.equal(1, C.weir_flow_claim(case.flow, C.WEIR_HOME_ANY, all, 0))
      C.weir_flow_run(case.flow, all, 0, case.runner.c)
      case:work(all, 1)
      assert.equal(unordered, C.weir_edge_count(case.edges[2]).sent > 0)
      case:run()
      case:free()
    end
  end)

  it("let a worker do only what is its own", function()
    local case = new_case(3)
    local from = case:source(1, 5000)
    local serial, parallel = case:segment(1, 1, everything), case:segment(1, 2, everything)
    C.weir_flow_pin(case.flow, serial, 1)
    case:connect(from, 0, serial)
    case:connect(from, 0, parallel)
    case:work(from, 2)
    assert.same({ false, true, false },
      { case:is_ready(serial, 0), case:is_ready(serial, 1), case:is_ready(serial, 2) })
    assert.same({ true, true, false },
      { case:is_ready(parallel, 0), case:is_ready(parallel, 1), case:is_ready(parallel, 2) })
    case:run()
    case:free()
  end)

  it("keep little behind a lane that stands still", function()
    local case = new_case(2)
    local from, all = case:source(1, 100000), case:segment(1, 2, everything)
    local to = case:sink()
    case:connect(from, 0, all)
    case:connect(all, 0, to)
    case:work(from, 0)
    -- Worker 0 takes the first batch and is not seen again for long.
    C.weir_flow_limit(case.flow, ffi.new("weir_run_limits", 10, 1e6, 0))
    assert.equal(1, C.weir_flow_claim(case.flow, C.WEIR_HOME_ANY, all, 0))
    C.weir_flow_run(case.flow, all, 0, case.runner.c)
    for _ = 1, 30 do
      case:work(all, 1)
      case:work(from, 0)
    end
    assert.equal(0, tonumber(C.weir_flow_port_sent(case.flow, all, 0)))
    assert.equal(8000, tonumber(C.weir_flow_task_count(case.flow, all).received))
    case:run()
    assert.equal(100000, #driver.rows(case.flow, to))
    case:free()
  end)

  it("bound what one batch may make before its turn", function()
    local case = new_case(2)
    C.weir_flow_limit(case.flow, ffi.new("weir_run_limits", 1000, 50, 0))
    local from, all = case:source(1, 3000), case:segment(1, 2, everything)
    local to = case:sink()
    case:connect(from, 0, all)
    case:connect(all, 0, to)
    case:work(from, 0)
    assert.equal(1, C.weir_flow_claim(case.flow, C.WEIR_HOME_ANY, all, 0))
    C.weir_flow_run(case.flow, all, 0, case.runner.c)
    assert.is_true(case:work(all, 1) < 20)
    case:run()
    assert.equal(3000, #driver.rows(case.flow, to))
    case:free()
  end)

  it("add up what batches say in the order of the input", function()
    local case = new_case(3)
    local said = {}
    local merger = ffi.new("weir_merger")
    local merge = ffi.cast("int (*)(void *, void *, char *, size_t)", function(_, partial)
      said[#said + 1] = tonumber(ffi.cast("intptr_t", partial))
      return 0
    end)
    merger.merge = merge
    local from = case:source(1, 20000)
    local all = case:segment(1, 3, function(n, run)
      run.partial = ffi.cast("void *", n)
      return {}
    end)
    C.weir_flow_set_merger(case.flow, all, merger)
    case:connect(from, 0, all)
    case:run()
    assert.equal(20, #said)
    for i, last in ipairs(said) do
      assert.equal(i * 1000, last)
    end
    case:free()
    merge:free()
  end)

  it("end together when one of them fails", function()
    local case = new_case(3)
    local from, to = case:source(1, 50000), case:sink()
    local all = case:segment(1, 3, function(n)
      return n ~= 7777 and { 0 } or nil
    end)
    case:connect(from, 0, all)
    case:connect(all, 0, to)
    case:run()
    assert.equal(C.WEIR_ELAMBDA, C.weir_flow_failure(case.flow, nil))
    local stats = C.weir_flow_task_count(case.flow, all)
    assert.is_true(tonumber(stats.dropped) > 0)
    assert.equal(tonumber(stats.received - stats.dropped),
      tonumber(C.weir_flow_port_sent(case.flow, all, 0)))
    case:free()
  end)
end)
