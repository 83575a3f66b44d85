local driver = require("spec.support.driver")
local engine = require("spec.support.engine")
local ffi = require("ffi")

local C = engine.load("engine/data/batch.h", "engine/data/line.h", "engine/io/memory.h",
  "engine/sched/flow.h", "engine/ring/urgency.h")

local seed = tonumber(os.getenv("SEED")) or os.time()
local MS = 1e6

describe(("urgency (seed %d)"):format(seed), function()
  -- The rule, said slowly: a key for each that compares as a whole.
  local function key(one, now, max_starvation)
    if now - one.since > max_starvation then
      return { -1, 0, one.since }
    end
    return { one.priority, one.deadline == 0 and math.huge or one.deadline, one.since }
  end

  local function before(a, b)
    for i = 1, 3 do
      if a[i] ~= b[i] then
        return a[i] < b[i]
      end
    end
    return false
  end

  local function random_one()
    return { priority = math.random(0, 4), deadline = math.random(0, 3) * math.random(0, 50),
      since = math.random(0, 100) }
  end

  local function given(one)
    return ffi.new("weir_urgency", { one.priority, one.deadline, one.since })
  end

  it("orders by class, deadline and wait, and ages", function()
    math.randomseed(seed)
    for _ = 1, 1000 do
      local now, starvation = 100, math.random(0, 100)
      local a, b = random_one(), random_one()
      local want = before(key(a, now, starvation), key(b, now, starvation))
      assert.equal(want and 1 or 0, C.weir_urgency_before(given(a), given(b), now, starvation))
    end
  end)
end)

describe(("a flow with classes (seed %d)"):format(seed), function()
  local flow, now, behaviours, runner

  before_each(function()
    math.randomseed(seed)
    local clock
    clock, now = driver.clock()
    flow, behaviours = C.weir_flow_new(clock), {}
    runner = driver.runner(function(task, run)
      return behaviours[task](run)
    end)
  end)

  after_each(function()
    C.weir_flow_free(flow)
    runner:free()
  end)

  local function source(name, first, last, class)
    local task = C.weir_flow_add_source(flow, name, driver.numbers(first, last))
    C.weir_flow_set_class(flow, task, 0, class)
    return task
  end

  local function sink(name)
    local out = ffi.new("weir_sink *[1]")
    assert(C.weir_memory_sink_new(out) == 0)
    return C.weir_flow_add_sink(flow, name, out[0])
  end

  -- Passes rows, `ms` a row on the clock.
  local function slow(name, ms)
    local task = C.weir_flow_add_segment(flow, name, 1, 1)
    behaviours[task] = function(run)
      return driver.each_row(run, function(bytes, size)
        C.weir_line_add(run.out[0], bytes, size)
        now[0] = now[0] + ms * MS
      end)
    end
    return task
  end

  -- Always the task that the flow names first, as a worker does.
  local function run_urgent()
    local ready = ffi.new("uint32_t[1]")
    while C.weir_flow_finished(flow) == 0 do
      assert.equal(1, C.weir_flow_ready(flow, C.WEIR_HOME_ANY, 0, ready, 1))
      assert.equal(1, C.weir_flow_claim(flow, C.WEIR_HOME_ANY, ready[0], 0))
      C.weir_flow_run(flow, ready[0], 0, runner.c)
    end
  end

  local function numbers(task)
    local out = {}
    for i, row in ipairs(driver.rows(flow, task)) do
      out[i] = tonumber(row:match("%d+"))
    end
    return out
  end

  local function two_classes(max_starvation_ms, lanes)
    C.weir_flow_set_starvation(flow, max_starvation_ms * MS)
    local urgent, later = source("urgent", 1, 20000, 0), source("later", 100001, 110000, 4)
    local through, to = slow("slow", 0.01), sink("out")
    C.weir_flow_set_lanes(flow, through, lanes or 1)
    C.weir_flow_connect(flow, later, 0, through, 0)
    C.weir_flow_connect(flow, urgent, 0, through, 0)
    C.weir_flow_connect(flow, through, 0, to, 0)
    return to
  end

  local function classes_of(list)
    local urgent, later = {}, {}
    for _, n in ipairs(list) do
      table.insert(n > 100000 and later or urgent, n)
    end
    return urgent, later
  end

  it("brings what is urgent first, and keeps the order of each class", function()
    local to = two_classes(1e9)
    run_urgent()
    local list = numbers(to)
    local urgent, later = classes_of(list)
    assert.equal(20000, #urgent)
    assert.equal(10000, #later)
    for i = 1, 20000 do
      assert.equal(i, urgent[i])
      assert.is_true(list[i] <= 100000 or i > 20000)
    end
    for i = 1, 10000 do
      assert.equal(100000 + i, later[i])
    end
  end)

  it("names the most urgent of several first, in whatever order they stand", function()
    local to = sink("out")
    for i, class in ipairs({ 3, 0, 4, 1, 2 }) do
      C.weir_flow_connect(flow, source("s" .. i, 1, 10, class), 0, to, 0)
    end
    local ready = ffi.new("uint32_t[1]")
    local urgent = 2 -- behind the sink and the first source
    for _ = 1, 6 do
      assert.equal(1, C.weir_flow_ready(flow, C.WEIR_HOME_READER, 0, ready, 1))
      assert.equal(urgent, ready[0])
    end
    run_urgent()
    assert.equal(50, #numbers(to))
  end)

  -- On each hand-over: to be read, and to be taken by the segment.
  it("lets nobody wait longer than max_starvation, and a few batches", function()
    local to = two_classes(30)
    run_urgent()
    local list, waited = numbers(to), 0
    local urgent, later = classes_of(list)
    assert.equal(30000, #urgent + #later)
    for i = 1, 20000 do -- while there are both, 0.01 ms a record
      waited = list[i] > 100000 and 0 or waited + 0.01
      assert.is_true(waited < 2 * 30 + 6 * 10, waited)
    end
    assert.is_true(list[20000] > 100000 or #later > 0)
  end)

  -- Numbered records, so many due each millisecond, in small batches as sockets give them.
  local function arriving(per_ms, ms)
    local task, began, made = C.weir_flow_add_segment(flow, "in", 1, 1), tonumber(now[0]), 0
    local all = per_ms * ms
    behaviours[task] = function(run)
      local due = math.floor((tonumber(now[0]) - began) / MS) * per_ms
      due = math.min(all, due, made + math.random(1, 5))
      for n = made + 1, due do
        local text = ('{"n":%d}'):format(n)
        C.weir_line_add(run.out[0], text, #text)
      end
      made = due
      run.resume_ns = began + (math.floor(made / per_ms) + 1) * MS
      return made < all and C.WEIR_RUN_MORE or C.WEIR_RUN_DONE
    end
    C.weir_flow_set_class(flow, task, 0, 0)
    return task, function(n)
      return began + math.ceil(n / per_ms) * MS
    end
  end

  local function number_of(run)
    local span = run.batch.rows[run.row]
    local text = ffi.string(run.batch.bytes.bytes + span.start, span["end"] - span.start)
    return tonumber(text:match("%d+"))
  end

  -- Hands every row to `port_of`, which says where it goes.
  local function parting(name, ports, port_of)
    local task = C.weir_flow_add_segment(flow, name, ports, 1)
    behaviours[task] = function(run)
      if run.finishing ~= 0 then
        return C.WEIR_RUN_DONE
      end
      while run.row < run.row_end do
        local n = number_of(run)
        local text = ('{"n":%d}'):format(n)
        C.weir_line_add(run.out[port_of(n)], text, #text)
        run.row = run.row + 1
      end
      now[0] = now[0] + 0.005 * MS
      return run.row < run.batch.row_count and C.WEIR_RUN_MORE or C.WEIR_RUN_DONE
    end
    return task
  end

  local function run_on_time()
    local ready = ffi.new("uint32_t[1]")
    while C.weir_flow_finished(flow) == 0 do
      if C.weir_flow_ready(flow, C.WEIR_HOME_ANY, 0, ready, 1) == 1 then
        assert.equal(1, C.weir_flow_claim(flow, C.WEIR_HOME_ANY, ready[0], 0))
        C.weir_flow_run(flow, ready[0], 0, runner.c)
      else
        now[0] = C.weir_flow_next_ns(flow, C.WEIR_HOME_ANY, C.WEIR_FLOW_ANYBODY)
      end
    end
  end

  -- Twice as many come as can be done, a hundredth of them critical, with stages in between.
  local function overload(options)
    C.weir_flow_set_starvation(flow, 1000 * MS)
    local from, due = arriving(100, 400)
    local part = parting("part", 2, function(n)
      return n % 100 == 0 and 0 or 1
    end)
    C.weir_flow_set_class(flow, part, 0, 0)
    C.weir_flow_set_class(flow, part, 1, 4)
    local between = parting("between", 1, function()
      return 0
    end)
    local queue = C.weir_flow_add_buffer(flow, "queue", ffi.new("weir_queue_options", options))
    local longest, done = 0, 0
    local costly = parting("costly", 1, function(n)
      now[0], done = now[0] + 0.02 * MS, done + 1
      longest = n % 100 == 0 and math.max(longest, tonumber(now[0]) - due(n)) or longest
      return 0
    end)
    local to = sink("out")
    C.weir_flow_connect(flow, from, 0, part, 0)
    C.weir_flow_connect(flow, part, 0, between, 0)
    C.weir_flow_connect(flow, part, 1, between, 0)
    C.weir_flow_connect(flow, between, 0, queue, 0)
    C.weir_flow_connect(flow, queue, 0, costly, 0)
    C.weir_flow_connect(flow, costly, 0, to, 0)
    run_on_time()
    return longest / MS, done, C.weir_flow_buffer_count(flow, queue)
  end

  for _, policy in ipairs({ "DROP_OLDEST", "DROP_NEWEST" }) do
    it("has what is critical done in time when there is twice too much: " .. policy, function()
      local longest, done, queue = overload({ max_records = 5000,
        overflow = C["WEIR_OVERFLOW_" .. policy] })
      assert.is_true(longest < 10, longest)
      assert.equal(40000, done + tonumber(queue.dropped_oldest + queue.dropped_newest))
      assert.is_true(done < 30000)
    end)
  end

  it("loses nothing in any order of steps, in any number of lanes", function()
    for lanes = 1, 5 do
      C.weir_flow_limit(flow, { rows = math.random(1, 200), out_bytes = math.random(20, 4000),
        hold_bytes = 0 })
      local to, runners = two_classes(math.random(0, 50), lanes), {}
      for i = 1, lanes do
        runners[i] = runner.c
      end
      driver.run(flow, runners, now)
      local urgent, later = classes_of(numbers(to))
      assert.equal(20000, #urgent)
      assert.equal(10000, #later)
      for i = 2, 20000 do
        assert.is_true(urgent[i] > urgent[i - 1])
      end
      C.weir_flow_free(flow)
      local clock
      clock, now = driver.clock()
      flow = C.weir_flow_new(clock)
    end
  end)
end)

-- One segment, makers of several classes before it, and a list of what waits where beside it:
-- each time, the model says which record comes next.
describe(("a segment with classes, beside a slow model (seed %d)"):format(seed), function()
  local RUNS, STARVATION = 1000, 5 * MS
  local flow, now, behaviours, runner, model

  local function write(run, n)
    local text = ('{"n":%d}'):format(n)
    C.weir_line_add(run.out[0], text, #text)
  end

  -- Makes a batch each time it is asked, until it has made as many as it is to.
  local function maker(number)
    local one = { class = math.random(0, 4), within = math.random(0, 2) * 10 * MS, waiting = {},
      left = math.random(1, 6), next = number * 100000 }
    one.task = C.weir_flow_add_segment(flow, "maker" .. number, 1, 1)
    C.weir_flow_set_class(flow, one.task, 0, one.class)
    C.weir_flow_set_deadline(flow, one.task, 0, one.within)
    behaviours[one.task] = function(run)
      if one.left == 0 then
        return C.WEIR_RUN_DONE
      end
      local batch = { rows = {}, class = one.class,
        deadline = one.within > 0 and tonumber(now[0]) + one.within or math.huge }
      for i = 1, math.random(1, 9) do
        one.next = one.next + 1
        batch.rows[i] = one.next
        write(run, one.next)
      end
      table.insert(one.waiting, batch)
      one.left = one.left - 1
      return C.WEIR_RUN_MORE
    end
    return one
  end

  -- What may come next, the more urgent classes first.
  local function candidates(time)
    local list = {}
    for class = 0, 4 do
      local begun = model.begun[class]
      if begun then
        list[#list + 1] = { batch = begun, since = begun == model.held and time or begun.since }
      else
        for _, one in ipairs(model.makers) do
          if one.class == class and one.waiting[1] then
            one.since = one.since or time
            list[#list + 1] = { batch = one.waiting[1], since = one.since, maker = one }
          end
        end
      end
    end
    return list
  end

  local function is_before(a, b, time)
    local starved_a, starved_b = time - a.since > STARVATION, time - b.since > STARVATION
    if starved_a ~= starved_b then
      return starved_a
    elseif not starved_a and a.batch.class ~= b.batch.class then
      return a.batch.class < b.batch.class
    elseif not starved_a and a.batch.deadline ~= b.batch.deadline then
      return a.batch.deadline < b.batch.deadline
    end
    return a.since < b.since
  end

  -- The batch that the segment must work at now.
  local function turn(time)
    local best
    for _, one in ipairs(candidates(time)) do
      if not best or is_before(one, best, time) then
        best = one
      end
    end
    if best.batch ~= model.held and model.held then
      model.held.since = time
    end
    if best.maker then
      table.remove(best.maker.waiting, 1)
      best.maker.since = nil
      model.begun[best.batch.class] = best.batch
    end
    model.held = best.batch
    return best.batch
  end

  local function segment()
    local task = C.weir_flow_add_segment(flow, "slow", 1, 1)
    behaviours[task] = function(run)
      if run.finishing ~= 0 then
        return C.WEIR_RUN_DONE
      end
      local batch = turn(tonumber(now[0]))
      while run.row < run.row_end do
        local span = run.batch.rows[run.row]
        local n = tonumber(ffi.string(run.batch.bytes.bytes + span.start + 5,
          span["end"] - span.start - 6))
        assert.equal(table.remove(batch.rows, 1), n)
        write(run, n)
        run.row = run.row + 1
      end
      now[0] = now[0] + math.random(0, MS)
      if batch.rows[1] then
        return C.WEIR_RUN_MORE
      end
      model.begun[batch.class], model.held = nil, nil
      return C.WEIR_RUN_DONE
    end
    return task
  end

  local function try(task)
    if C.weir_flow_claim(flow, C.WEIR_HOME_ANY, task, 0) == 1 then
      C.weir_flow_run(flow, task, 0, runner.c)
      return true
    end
  end

  local function check_order(to)
    local last, count = {}, 0
    for _, row in ipairs(driver.rows(flow, to)) do
      local n = tonumber(row:match("%d+"))
      local of = math.floor(n / 100000)
      assert.is_true(n == (last[of] or of * 100000) + 1)
      last[of], count = n, count + 1
    end
    for i, one in ipairs(model.makers) do
      assert.equal(one.next, last[i])
    end
    return count
  end

  local function random_run()
    local clock
    clock, now = driver.clock()
    flow, behaviours, model = C.weir_flow_new(clock), {}, { makers = {}, begun = {} }
    C.weir_flow_limit(flow, { rows = math.random(1, 4), out_bytes = 1e6, hold_bytes = 0 })
    C.weir_flow_set_starvation(flow, STARVATION)
    for i = 1, math.random(1, 5) do
      model.makers[i] = maker(i)
    end
    local slow, out = segment(), ffi.new("weir_sink *[1]")
    for _, one in ipairs(model.makers) do
      C.weir_flow_connect(flow, one.task, 0, slow, 0)
    end
    assert(C.weir_memory_sink_new(out) == 0)
    local to = C.weir_flow_add_sink(flow, "out", out[0])
    C.weir_flow_connect(flow, slow, 0, to, 0)
    while C.weir_flow_finished(flow) == 0 do
      if math.random() < 0.4 then
        try(model.makers[math.random(#model.makers)].task)
      else
        candidates(tonumber(now[0])) -- as the claim looks at them
        try(slow)
      end
      now[0] = now[0] + (math.random(10) == 1 and math.random(0, 4 * MS) or 0)
      while try(to) do end
    end
    local count = check_order(to)
    C.weir_flow_free(flow)
    return count
  end
  jit.off(random_run, true)

  it("works at what the model says, every time", function()
    math.randomseed(seed)
    runner = driver.runner(function(task, run)
      return behaviours[task](run)
    end)
    local count = 0
    for _ = 1, RUNS do
      count = count + random_run()
    end
    runner:free()
    assert.is_true(count > RUNS)
  end)
end)
