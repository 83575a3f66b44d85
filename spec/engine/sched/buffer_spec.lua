local driver = require("spec.support.driver")
local engine = require("spec.support.engine")
local ffi = require("ffi")

local C = engine.load("engine/base/err.h", "engine/data/line.h", "engine/io/memory.h",
  "engine/ring/queue.h", "engine/ring/spill.h", "engine/sched/flow.h")

local seed = tonumber(os.getenv("SEED")) or os.time()
local RUNS = tonumber(os.getenv("LEDGERS")) or 500 -- of each policy
local IN_MEMORY = os.execute("test -d /dev/shm -a -w /dev/shm") == 0
local POLICIES = { "BLOCK", "DROP_NEWEST", "DROP_OLDEST", "SAMPLE", "SPILL" }

local flow, now, behaviours

-- Its records are numbered from 1; a million each is their class.
local function source(last, class)
  local before = (class or 0) * 1e6
  local task = C.weir_flow_add_source(flow, "in", driver.numbers(before + 1, before + last))
  if class then
    C.weir_flow_set_class(flow, task, 0, class)
  end
  return task
end

local function sink(name)
  local out = ffi.new("weir_sink *[1]")
  assert(C.weir_memory_sink_new(out) == 0)
  return C.weir_flow_add_sink(flow, name, out[0])
end

local function segment(name, behaviour)
  local number = C.weir_flow_add_segment(flow, name, 1, 1)
  behaviours[number] = behaviour
  return number
end

-- Passes up to `most` rows an entry, and then rests for up to `rest_ns`.
local function pass(most, rest_ns)
  return function(run)
    run.resume_ns = 0
    if run.finishing ~= 0 then
      return C.WEIR_RUN_DONE
    end
    local stop = math.min(run.row_end, run.row + math.random(1, most))
    while run.row < stop do
      local span = run.batch.rows[run.row]
      C.weir_line_add(run.out[0], run.batch.bytes.bytes + span.start, span["end"] - span.start)
      run.row = run.row + 1
    end
    if rest_ns > 0 then
      run.resume_ns = tonumber(now[0]) + math.random(0, rest_ns)
    end
    return run.row < run.batch.row_count and C.WEIR_RUN_MORE or C.WEIR_RUN_DONE
  end
end

local function connect(from, port, to)
  return C.weir_flow_connect(flow, from, port, to, 0)
end

local function numbers(task)
  local out = {}
  for i, row in ipairs(driver.rows(flow, task)) do
    out[i] = tonumber(row:match("%d+"))
  end
  return out
end

local function open()
  local clock
  clock, now = driver.clock()
  flow, behaviours = C.weir_flow_new(clock), {}
  C.weir_flow_limit(flow, { rows = math.random(1, 100), out_bytes = math.random(20, 2000),
    hold_bytes = 0 })
end

-- producer -> buffer -> slow reader -> sink, and what is dropped to a sink of its own. With
-- classes, as many producers.
local function build(options, count, classes)
  local line = { from = {} }
  for i, class in ipairs(classes or { false }) do
    line.from[i] = source(count, class or nil)
  end
  line.queue = C.weir_flow_add_buffer(flow, "buffer", options)
  if options.overflow == C.WEIR_OVERFLOW_SPILL then
    line.disk = C.weir_flow_add_disks(flow, line.queue)
  end
  line.write = segment("write", pass(1000, 0))
  line.slow = segment("slow", pass(math.random(1, 50), math.random(0, 3) * 1e6))
  line.to, line.aside = sink("out"), sink("aside")
  line.edges = {
    connect(line.write, 0, line.queue), connect(line.queue, 0, line.slow),
    connect(line.slow, 0, line.to), connect(line.queue, 1, line.aside),
  }
  for _, from in ipairs(line.from) do
    table.insert(line.edges, connect(from, 0, line.write))
  end
  return line
end

-- Within each class.
local function rising(list)
  local last = {}
  for _, n in ipairs(list) do
    local class = math.floor(n / 1e6)
    if n <= (last[class] or 0) then
      return false
    end
    last[class] = n
  end
  return true
end

-- What a run left on disk, in order.
local function left_behind(directory, list)
  local out, message = ffi.new("weir_spill *[1]"), ffi.new("char[?]", C.WEIR_SPILL_MESSAGE)
  local pool, batch = C.weir_pool_new(4), ffi.new("weir_batch *[1]")
  list = list or {}
  assert(C.weir_spill_open(out, directory, 0, pool, message) == 0, ffi.string(message))
  while C.weir_spill_is_empty(out[0]) == 0 do
    assert(C.weir_spill_work(out[0], 0, 0) == 0)
    while C.weir_spill_take(out[0], batch) == 0 do
      for i = 0, batch[0].row_count - 1 do
        local span = batch[0].rows[i]
        local text = ffi.string(batch[0].bytes.bytes + span.start, span["end"] - span.start)
        list[#list + 1] = tonumber(text:match("%d+"))
      end
      C.weir_batch_unref(batch[0])
    end
  end
  C.weir_spill_close(out[0])
  C.weir_pool_free(pool)
  return list
end

-- The numbers from 1 that neither list has. With as many in both as there are numbers,
-- and none missing, each is there once.
local function missing(last, ...)
  local seen, none = {}, {}
  for _, list in ipairs({ ... }) do
    for _, n in ipairs(list) do
      seen[n] = true
    end
  end
  for n = 1, last do
    none[#none + 1] = not seen[n] and n or nil
  end
  return none
end

-- The numbers of each class, without it.
local function by_class(...)
  local of = {}
  for _, list in ipairs({ ... }) do
    for _, n in ipairs(list) do
      local class = math.floor(n / 1e6)
      of[class] = of[class] or {}
      table.insert(of[class], n % 1e6)
    end
  end
  return of
end

-- In a flow with classes what comes later may push out what has come before, and so does
-- what is dropped last go first.
local function check(queue, out, aside, received, left, mixed)
  local dropped = tonumber(queue.dropped_newest + queue.dropped_oldest + queue.sampled)
  assert.equal(dropped, #aside)
  assert.equal(0, tonumber(queue.records))
  assert.equal(#left, tonumber(queue.spill.records))
  for _, n in ipairs(left) do
    out[#out + 1] = n
  end
  assert.equal(received, #out + #aside)
  assert.is_true(rising(out), "order of the stream")
  assert.is_true(rising(aside) or mixed and queue.dropped_newest > 0, "order of what is dropped")
  local of = by_class(out, aside)
  local all = 0
  for _, list in pairs(of) do
    assert.same({}, missing(math.max(unpack(list)), list))
    all = all + math.max(unpack(list))
  end
  assert.equal(received, all)
end

local function check_edges(line)
  for _, edge in ipairs(line.edges) do
    local book = C.weir_edge_count(edge)
    assert.equal(tonumber(book.sent), tonumber(book.received + book.dropped + book.held))
  end
end

local function options_of(policy)
  return ffi.new("weir_queue_options", {
    max_records = math.random(1, 300),
    max_bytes = math.random() < 0.3 and math.random(1, 3000) or 0,
    overflow = C["WEIR_OVERFLOW_" .. policy],
    keep = math.random(1, 10) / 10,
    delay_ns = policy ~= "SPILL" and math.random() < 0.3 and math.random(0, 5) * 1e6 or 0,
  })
end

-- A spill in a new directory, at times with little room.
local function open_spill(directory, pool)
  local out, message = ffi.new("weir_spill *[1]"), ffi.new("char[?]", C.WEIR_SPILL_MESSAGE)
  local max_disk = math.random() < 0.3 and 100000 or 0
  assert(C.weir_spill_open(out, directory, max_disk, pool, message) == 0, ffi.string(message))
  return out[0]
end

-- Pauses the flow now and then, until nothing is left to do or for some steps, and stops
-- it at one of them.
local function disturb(stop_at)
  local ready, resume_at = ffi.new("uint32_t[1]"), 0
  return function(count)
    if count == stop_at then
      C.weir_flow_stop(flow)
    end
    if math.random(30) == 1 then
      resume_at = count + math.random(1, 20)
      C.weir_flow_pause(flow, 1)
    end
    if count >= resume_at or C.weir_flow_ready(flow, C.WEIR_HOME_ANY, 0, ready, 1) == 0 then
      C.weir_flow_pause(flow, 0)
    end
  end
end

-- Of some flows records have classes.
local function some_classes()
  local classes = {}
  for class = 0, 4 do
    classes[#classes + 1] = math.random() < 0.4 and class or nil
  end
  return math.random() < 0.6 and classes[1] and classes or nil
end

local function open_spills(options, directory, pool, classes)
  for _, class in ipairs(classes or { C.WEIR_CLASS_NORMAL }) do
    options.spills[class] = open_spill(directory .. class, pool)
  end
end

local function left_of(directory, classes)
  local list = {}
  for _, class in ipairs(directory and (classes or { C.WEIR_CLASS_NORMAL }) or {}) do
    left_behind(directory .. class, list)
    assert(os.execute("rm -r " .. directory .. class) == 0)
  end
  return list
end

-- Of a directory that is not there yet; in memory where that can be, since what is tried
-- is the order of things, and no disk is so fast.
local function new_name()
  local name = os.tmpname()
  os.remove(name)
  return IN_MEMORY and "/dev/shm/" .. name:match("[^/]+$") or name
end

local function run_one(policy, number)
  math.randomseed(number)
  open()
  local directory, classes = policy == "SPILL" and new_name(), some_classes()
  local pool = C.weir_pool_new(4)
  local options = options_of(policy)
  if directory then
    open_spills(options, directory, pool, classes)
  end
  local count = math.random(0, 900)
  local line = build(options, classes and math.floor(count / #classes) or count, classes)
  local runner = driver.runner(function(task, run)
    return behaviours[task](run)
  end)
  local stop_at = math.random() < 0.2 and math.random(1, 60)
  driver.run(flow, runner.c, now, disturb(stop_at))
  local out, aside = numbers(line.to), numbers(line.aside)
  local queue = C.weir_flow_buffer_count(flow, line.queue)
  local received = tonumber(C.weir_flow_task_count(flow, line.queue).received)
  check_edges(line)
  if not stop_at then
    assert.equal(tonumber(C.weir_flow_count(flow).records_read), received)
  end
  C.weir_flow_free(flow)
  C.weir_pool_free(pool)
  runner:free()
  check(queue, out, aside, received, left_of(directory, classes), classes)
end

describe(("a buffer (seed %d)"):format(seed), function()
  for _, policy in ipairs(POLICIES) do
    it(("accounts for every record, in order: %s"):format(policy:lower()), function()
      for number = seed, seed + RUNS - 1 do
        local ok, problem = xpcall(run_one, debug.traceback, policy, number)
        assert(ok, ("SEED=%d LEDGERS=1: %s"):format(number, tostring(problem)))
      end
    end)
  end

  it("gives its disk back where no step was ever taken", function()
    open()
    local directory, pool = new_name(), C.weir_pool_new(4)
    local options = ffi.new("weir_queue_options", { overflow = C.WEIR_OVERFLOW_SPILL })
    options.spills[C.WEIR_CLASS_NORMAL] = open_spill(directory, pool)
    C.weir_flow_add_buffer(flow, "never", options)
    C.weir_flow_free(flow)
    C.weir_spill_close(open_spill(directory, pool)) -- nobody else has it
    C.weir_pool_free(pool)
    assert(os.execute("rm -r " .. directory) == 0)
  end)

  it("leaves on disk what a failed flow has not delivered", function()
    math.randomseed(seed)
    open()
    local directory, pool = new_name(), C.weir_pool_new(4)
    local options = ffi.new("weir_queue_options", { max_records = 1,
      overflow = C.WEIR_OVERFLOW_SPILL })
    local on_disk = open_spill(directory, pool)
    options.spills[C.WEIR_CLASS_NORMAL] = on_disk
    local line = build(options, 900)
    local runner = driver.runner(function(task, run)
      return behaviours[task](run)
    end)
    driver.run(flow, runner.c, now, function()
      assert(C.weir_spill_work(on_disk, now[0], 1) == 0) -- none is taken back from memory
      local spill = C.weir_flow_buffer_count(flow, line.queue).spill
      if spill.spilled > 0 and spill.records == 0 then -- all is under way again
        C.weir_flow_fail(flow, C.WEIR_ESTOPPED, "enough")
      end
    end)
    local out = numbers(line.to)
    local received = tonumber(C.weir_flow_task_count(flow, line.queue).received)
    C.weir_flow_free(flow)
    C.weir_pool_free(pool)
    runner:free()
    assert.is_true(#out < received)
    -- The first one waited in memory.
    assert.same({}, missing(received, { 1 }, out, left_behind(directory)))
    assert(os.execute("rm -r " .. directory) == 0)
  end)

  -- What tasks and edges say of it.
  local function given_up(line, name)
    local sum = 0
    for _, edge in ipairs(line.edges) do
      sum = sum + tonumber(C.weir_edge_count(edge)[name])
    end
    for _, task in ipairs({ line.from[1], line.write, line.queue, line.slow, line.to }) do
      sum = sum + tonumber(C.weir_flow_task_count(flow, task)[name])
    end
    return sum
  end

  -- Ends a flow, whose source does not remember, at some step in some way.
  local function break_off(number)
    math.randomseed(number)
    open()
    local directory, pool = new_name(), C.weir_pool_new(4)
    local options = ffi.new("weir_queue_options", { max_records = math.random(1, 100),
      overflow = C.WEIR_OVERFLOW_SPILL })
    options.spills[C.WEIR_CLASS_NORMAL] = open_spill(directory, pool)
    local line = build(options, 900)
    local runner = driver.runner(function(task, run)
      return behaviours[task](run)
    end)
    local ends = ({ C.weir_flow_fail, C.weir_flow_abandon })[math.random(2)]
    local at = math.random(1, 200)
    driver.run(flow, runner.c, now, function(count)
      now[0] = now[0] + math.random(0, 3e6) -- what was put is written at some time
      if count == at then
        ends(flow, C.WEIR_ESTOPPED, "enough")
      end
    end)
    local read = tonumber(C.weir_flow_count(flow).records_read)
    local out, dropped = numbers(line.to), given_up(line, "dropped")
    local left, spill = given_up(line, "left"), C.weir_flow_buffer_count(flow, line.queue).spill
    C.weir_flow_free(flow)
    C.weir_pool_free(pool)
    runner:free()
    local on_disk = left_behind(directory)
    assert(os.execute("rm -r " .. directory) == 0)
    assert.equal(#missing(read, out, on_disk), dropped)
    assert.equal(#on_disk, tonumber(spill.left))
    assert.is_true(left + tonumber(spill.records) <= #on_disk)
  end

  it("counts as dropped, when its flow fails, what does not come again", function()
    for number = seed, seed + RUNS - 1 do
      local ok, problem = xpcall(break_off, debug.traceback, number)
      assert(ok, ("SEED=%d LEDGERS=1: %s"):format(number, tostring(problem)))
    end
  end)

  -- Of a flow with a class that is critical and another one, of which these spill.
  local function open_two_classes(directory, pool, spill)
    open()
    local options = ffi.new("weir_queue_options", { max_records = 10,
      overflow = C.WEIR_OVERFLOW_SPILL })
    open_spills(options, directory, pool, spill)
    local line = build(options, 400, { 0, 2 })
    return line, driver.runner(function(task, run)
      return behaviours[task](run)
    end)
  end

  local function of_class(list, class)
    local count = 0
    for _, n in ipairs(list) do
      count = count + (math.floor(n / 1e6) == class and 1 or 0)
    end
    return count
  end

  -- Everybody but the disk goes on until there is nothing to do; then it has its step, which
  -- lasts as long as anybody can do anything beside it.
  local function run_with_slow_disk(line, runner, during)
    local found = ffi.new("uint32_t[64]")
    local function step(task)
      if C.weir_flow_claim(flow, C.WEIR_HOME_ANY, task, 0) == 1 then
        C.weir_flow_run(flow, task, 0, runner.c)
      end
    end
    local function all_but_disk()
      for i = 0, C.weir_flow_ready(flow, C.WEIR_HOME_ANY, 0, found, 64) - 1 do
        if found[i] ~= line.disk then
          step(found[i])
          return true
        end
      end
    end
    local function wait()
      local next_ns = C.weir_flow_next_ns(flow, C.WEIR_HOME_ANY, C.WEIR_FLOW_ANYBODY)
      now[0] = next_ns ~= 0 and next_ns or now[0]
      return next_ns ~= 0
    end
    while C.weir_flow_finished(flow) == 0 do
      local hangs = C.weir_flow_claim(flow, C.WEIR_HOME_ANY, line.disk, 0) == 1
      while all_but_disk() or (hangs and wait()) do -- luacheck: ignore 542
      end
      if hangs then
        during()
        C.weir_flow_run(flow, line.disk, 0, runner.c)
      else
        wait()
      end
    end
  end
  jit.off(run_with_slow_disk, true)

  it("waits for no disk: what finds room goes on while a sync hangs", function()
    math.randomseed(seed)
    local directory, pool = new_name(), C.weir_pool_new(4)
    local line, runner = open_two_classes(directory, pool, { 2 })
    local first
    run_with_slow_disk(line, runner, function()
      first = first or numbers(line.to)
    end)
    local out = numbers(line.to)
    C.weir_flow_free(flow)
    C.weir_pool_free(pool)
    runner:free()
    assert.equal(800, #out)
    assert.is_true(rising(out))
    assert.equal(400, of_class(first, 0))
    assert.same({}, left_of(directory, { 2 }))
  end)

  it("has a class go to disk and back while the sync of another hangs", function()
    math.randomseed(seed)
    local directory, pool = new_name(), C.weir_pool_new(4)
    local line, runner = open_two_classes(directory, pool, { 0, 2 })
    line.disk = line.disk + 1 -- that of the less urgent one
    local first, spilled
    run_with_slow_disk(line, runner, function()
      first = first or numbers(line.to)
      spilled = spilled or tonumber(C.weir_flow_buffer_count(flow, line.queue).spill.spilled)
    end)
    local out = numbers(line.to)
    C.weir_flow_free(flow)
    C.weir_pool_free(pool)
    runner:free()
    assert.equal(800, #out)
    assert.is_true(rising(out))
    assert.equal(400, of_class(first, 0))
    assert.is_true(spilled > 400)
    assert.same({}, left_of(directory, { 0, 2 }))
  end)

  it("is stopped while a sync hangs, and has it end", function()
    math.randomseed(seed)
    local directory, pool = new_name(), C.weir_pool_new(4)
    local line, runner = open_two_classes(directory, pool, { 2 })
    run_with_slow_disk(line, runner, function()
      C.weir_flow_stop(flow)
    end)
    local out = numbers(line.to)
    local received = tonumber(C.weir_flow_task_count(flow, line.queue).received)
    local spill = C.weir_flow_buffer_count(flow, line.queue).spill
    assert.equal(0, C.weir_flow_failure(flow, nil))
    C.weir_flow_free(flow)
    C.weir_pool_free(pool)
    runner:free()
    local left = left_of(directory, { 2 })
    assert.equal(received, #out + #left)
    assert.equal(tonumber(spill.records), #left)
  end)

  it("knows what a disk that hangs has not taken, while it does", function()
    math.randomseed(seed)
    open()
    local directory, pool = new_name(), C.weir_pool_new(4)
    local options = ffi.new("weir_queue_options", { max_records = 10,
      overflow = C.WEIR_OVERFLOW_SPILL })
    options.spills[C.WEIR_CLASS_NORMAL] = open_spill(directory, pool)
    local line = build(options, 400)
    local runner = driver.runner(function(task, run)
      return behaviours[task](run)
    end)
    local function unwritten()
      return tonumber(C.weir_flow_unwritten(flow, line.queue).dropped)
    end
    local found = ffi.new("uint32_t[64]")
    local function step_one(hangs)
      for i = 0, C.weir_flow_ready(flow, C.WEIR_HOME_ANY, 0, found, 64) - 1 do
        if (not hangs or found[i] ~= line.disk)
          and C.weir_flow_claim(flow, C.WEIR_HOME_ANY, found[i], 0) == 1 then
          C.weir_flow_run(flow, found[i], 0, runner.c)
          return true
        end
      end
    end
    jit.off(step_one)
    repeat
      assert.is_true(step_one(true))
    until unwritten() > 0
    C.weir_flow_abandon(flow, C.WEIR_ESTOPPED, "enough")
    while step_one(true) do -- luacheck: ignore 542
    end
    local read, out = tonumber(C.weir_flow_count(flow).records_read), #numbers(line.to)
    assert.equal(read, out + given_up(line, "dropped") + unwritten())
    while step_one(false) do -- luacheck: ignore 542
    end
    assert.equal(1, C.weir_flow_finished(flow))
    assert.equal(0, unwritten())
    local dropped = given_up(line, "dropped")
    C.weir_flow_free(flow)
    C.weir_pool_free(pool)
    runner:free()
    assert.equal(read, out + dropped + #left_behind(directory)) -- it has come back
    assert(os.execute("rm -r " .. directory) == 0)
  end)

  it("counts what a disk that fails has not taken", function()
    math.randomseed(seed)
    local directory, pool = new_name(), C.weir_pool_new(4)
    open()
    local options = ffi.new("weir_queue_options", { max_records = 10,
      overflow = C.WEIR_OVERFLOW_SPILL })
    local out, message = ffi.new("weir_spill *[1]"), ffi.new("char[?]", C.WEIR_SPILL_MESSAGE)
    -- No batch of it may be written, ever.
    assert.equal(0, C.weir_spill_open(out, directory, 100, pool, message))
    options.spills[C.WEIR_CLASS_NORMAL] = out[0]
    local line = build(options, 400)
    local runner = driver.runner(function(task, run)
      return behaviours[task](run)
    end)
    local function write_at_once()
      now[0] = now[0] + 5e6 -- nothing waits for company any more
      if C.weir_flow_claim(flow, C.WEIR_HOME_ANY, line.disk, 0) == 1 then
        C.weir_flow_run(flow, line.disk, 0, runner.c)
      end
    end
    jit.off(write_at_once)
    driver.run(flow, runner.c, now, write_at_once)
    local failure = ffi.new("const char *[1]")
    assert.equal(C.WEIR_EINVAL, C.weir_flow_failure(flow, failure))
    assert.matches("more than max_disk allows; raise it", ffi.string(failure[0]), 1, true)
    local stats = C.weir_flow_task_count(flow, line.queue)
    local spill = C.weir_flow_buffer_count(flow, line.queue).spill
    local sent = tonumber(C.weir_flow_port_sent(flow, line.queue, 0))
    assert.equal(tonumber(stats.received), sent + tonumber(stats.dropped))
    assert.equal(0, tonumber(spill.records))
    C.weir_flow_free(flow)
    C.weir_pool_free(pool)
    runner:free()
    assert(os.execute("rm -r " .. directory) == 0)
  end)

  it("holds its records for as long as a delay says", function()
    math.randomseed(seed)
    open()
    local queue = C.weir_flow_add_buffer(flow, "delay",
      ffi.new("weir_queue_options", { delay_ns = 3600e9 }))
    local from, to = source(5), sink("out")
    local write = segment("write", pass(1000, 0))
    connect(from, 0, write)
    connect(write, 0, queue)
    connect(queue, 0, to)
    local runner = driver.runner(function(task, run)
      return behaviours[task](run)
    end)
    local began = tonumber(now[0])
    driver.run(flow, runner.c, now)
    assert.same({ 1, 2, 3, 4, 5 }, numbers(to))
    assert.is_true(tonumber(now[0]) - began >= 3600e9)
    C.weir_flow_free(flow)
    runner:free()
  end)

  it("knows when a class is due while there is no room for another", function()
    math.randomseed(seed)
    open()
    local queue = C.weir_flow_add_buffer(flow, "delay",
      ffi.new("weir_queue_options", { delay_ns = 1e9 }))
    local background, critical = source(60000, C.WEIR_CLASS_NORMAL), source(1, 0)
    local write, to = segment("write", pass(1000, 0)), sink("out")
    connect(background, 0, write)
    connect(critical, 0, write)
    connect(write, 0, queue)
    connect(queue, 0, to)
    local runner = driver.runner(function(task, run)
      return behaviours[task](run)
    end)
    local function run_all(tasks)
      local steps
      repeat
        steps = 0
        for _, task in ipairs(tasks) do
          if C.weir_flow_claim(flow, C.WEIR_HOME_ANY, task, 0) == 1 then
            C.weir_flow_run(flow, task, 0, runner.c)
            steps = steps + 1
          end
        end
      until steps == 0
    end
    jit.off(run_all, true)
    run_all({ background, write, queue })
    now[0] = now[0] + 5e9
    run_all({ background, write, queue })
    assert.is_true(C.weir_flow_buffer_count(flow, queue).records > 0, "there is no room")
    now[0] = now[0] + 5e9
    run_all({ critical, write, queue })
    local next_ns = C.weir_flow_next_ns(flow, C.WEIR_HOME_ANY, C.WEIR_FLOW_ANYBODY)
    assert.equal(tonumber(now[0] + 1e9), tonumber(next_ns))
    driver.run(flow, runner.c, now)
    assert.equal(60001, #numbers(to))
    C.weir_flow_free(flow)
    runner:free()
  end)

  it("gives up what waits when the flow is abandoned, and counts it", function()
    math.randomseed(seed)
    open()
    local line = build(ffi.new("weir_queue_options", { delay_ns = 3600e9 }), 500)
    local runner = driver.runner(function(task, run)
      return behaviours[task](run)
    end)
    driver.run(flow, runner.c, now, function()
      if tonumber(C.weir_flow_buffer_count(flow, line.queue).records) == 500 then
        C.weir_flow_abandon(flow, C.WEIR_ESTOPPED, "enough")
      end
    end)
    assert.equal(500, tonumber(C.weir_flow_task_count(flow, line.queue).dropped))
    C.weir_flow_free(flow)
    runner:free()
  end)
end)
