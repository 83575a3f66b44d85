--- Records that wait, on a clock turned by hand: what comes out, when, and how many were
-- under way, beside what the options say.

local cjson = require("cjson")
local driver = require("spec.support.driver")
local engine = require("spec.support.engine")
local ffi = require("ffi")
local runner_of = require("weir.run.engine")
local worker = require("weir.run.worker")

local C = engine.load("engine/base/counter.h", "engine/sched/flow.h", "engine/sched/run.h")

local seed = tonumber(os.getenv("SEED")) or os.time()

local opened, runner

after_each(function()
  if opened then
    opened:close()
    opened = nil
  end
end)

-- Drives a script; its outputs by name, its result, and what the stage has counted.
-- `watch(count)` is called after each step.
local function play(text, limits, watch)
  local clock, now = driver.clock()
  local err
  opened, err = runner_of.open({ text = 'local weir = require "weir"\n' .. text, path = "wait.lua",
    options = { clock = clock, limits = limits, workers = 1 } })
  assert(opened, err and err.message)
  assert(opened:start(false))
  runner = driver.runner(worker.prepare(opened.flow, opened:setup(), 1))
  driver.run(opened.flow, runner.c, now, watch)
  runner:free()
  local counted, count = {}, ffi.new("uint32_t[1]")
  for _, task in ipairs(opened.plan.tasks) do
    if task.node.flights then
      local list = C.weir_flow_counters(opened.flow, task.number, count)
      for i = 0, count[0] - 1 do
        counted[ffi.string(list[i].name)] = tonumber(C.weir_counter_value(list[i]))
      end
    end
  end
  local result = opened:result()
  assert.is_true(result.ledger.balanced)
  return driver.outputs(opened), result, counted, tonumber(now[0]) / 1e6
end

local function numbers(rows)
  local out = {}
  for i, row in ipairs(rows) do
    out[i] = tonumber(row:match('"n":(%d+)'))
  end
  return out
end

-- As the source of a table.
local function list_of(values)
  return "{ " .. table.concat(values, ", ") .. " }"
end

local function upto(count)
  local out = {}
  for n = 1, count do
    out[n] = n
  end
  return out
end

local SCRIPT = [[
local rows, waits = {}, %s
for n, ms in ipairs(waits) do rows[n] = { n = n, ms = ms } end
local live = 0
weir.from(weir.memory{ name = "in", records = rows }):filter "n > 0"
  :map_async(function(r)
    live = live + 1
    r.live = live
    if r.ms < 1000 and r.ms > 0 then weir.sleep(r.ms .. "ms") end
    if r.ms >= 1000 then live = live - 1 weir.sleep "1h" end
    live = live - 1
    if r.ms %% 7 == 3 then error "no" end
    if r.ms %% 2 == 1 then return { n = r.n, live = r.live } end
  end, { concurrency = %d, ordered = %s, timeout = "10s" })
  :filter "n > 0" :to(weir.memory{ name = "out" })
weir.dead_letters():to(weir.memory{ name = "dead" })]]

local function random_waits(count)
  local waits = {}
  for n = 1, count do
    local dice = math.random(40)
    waits[n] = dice == 1 and 1000 or dice < 10 and 0 or math.random(0, 200)
  end
  return waits
end

-- What must come out in any case.
local function expected(waits)
  local out, dead, late = {}, 0, 0
  for n, ms in ipairs(waits) do
    if ms >= 1000 then
      late = late + 1
    elseif ms % 7 == 3 then
      dead = dead + 1
    else
      out[#out + 1] = n
    end
  end
  return out, dead + late, late
end

describe("map_async", function()
  it(("loses nothing, keeps its order and its limit (seed %d)"):format(seed), function()
    math.randomseed(seed)
    for _ = 1, 30 do
      local waits, limit = random_waits(math.random(0, 200)), math.random(1, 12)
      local ordered = math.random(2) == 1
      local limits = ffi.new("weir_run_limits", math.random(1, 40), math.random(40, 4000), 500)
      local outputs, result, counted =
        play(SCRIPT:format(list_of(waits), limit, tostring(ordered)), limits)
      local out, dead, late = expected(waits)
      local got = numbers(outputs.out)
      for _, row in ipairs(outputs.out) do
        assert.is_true(tonumber(row:match('"live":(%d+)')) <= limit)
      end
      if not ordered then
        table.sort(got)
      end
      assert.same(out, got)
      assert.same({ dead, dead, late }, { result.dead, #outputs.dead, counted.timeouts })
    end
  end)

  it("has as many under way as it may, so that waits pass together", function()
    local waits = {}
    for n = 1, 100 do
      waits[n] = 100
    end
    local _, _, counted, ms = play(SCRIPT:format(list_of(waits), 50, "true"))
    assert.equal(100, counted.waits)
    assert.is_true(ms < 1000 + 400, tostring(ms)) -- the clock began at 1 s; one by one it is 10 s
  end)

  it("gives records as they are done, if order does not matter", function()
    local outputs = play(SCRIPT:format("{ 250, 100, 25, 0 }", 4, "false"))
    assert.same({ 4, 3, 2, 1 }, numbers(outputs.out))
    outputs = play(SCRIPT:format("{ 250, 100, 25, 0 }", 4, "true"))
    assert.same({ 1, 2, 3, 4 }, numbers(outputs.out))
  end)

  it("lets a branch beside it go on, and keeps order with it", function()
    local outputs = play([[
local rows = {}
for n = 1, 50 do rows[n] = { n = n } end
local s = weir.from(weir.memory{ name = "in", records = rows })
local slow = s:map_async(function(r) weir.sleep(51 - r.n .. "ms") end, { concurrency = 8 })
slow:merge(s:map(function(r) r.n = r.n + 100 end)):to(weir.memory{ name = "out" })]])
    local slow, quick = {}, 0
    for _, n in ipairs(numbers(outputs.out)) do
      if n <= 50 then
        slow[#slow + 1] = n
      else
        quick = quick + 1
      end
    end
    assert.same(upto(50), slow)
    assert.equal(50, quick)
  end)

  it("takes what the function returns as it was then", function()
    local outputs = play([[
local t = {}
weir.from(weir.memory{ records = { { n = 1 }, { n = 2 } } })
  :map_async(function(r)
    weir.sleep(r.n == 1 and "9ms" or "1ms")
    t.n, t.seen = r.n, (t.seen or 0) + 1
    return t
  end):to(weir.memory{ name = "out" })]])
    assert.same({ '{"n":1,"seen":2}', '{"n":2,"seen":1}' }, outputs.out)
  end)

  describe("with classes of priority", function()
    -- Background records that take so long, and a critical one each 100 ms, merged.
    local CLASSES = [[
local rows = {}
for n = 1, %d do rows[n] = { n = n, ms = %d } end
local slow = weir.from(weir.memory{ name = "slow", records = rows }):priority "background"
local fast = weir.from(weir.generate{ name = "fast", rate = "10/s", count = 10, fn = function(n)
  return { n = 1000 + n, ms = 10, time = weir.now() }
end }):priority "critical"
local begun = 0
local done = slow:merge(fast):map_async(function(r)
    begun = begun + 1
    r.begun, r.waited = begun, r.time and weir.now() - r.time
    weir.sleep(r.ms .. "ms")
    return r
  end, { concurrency = %d, timeout = "1h", ordered = %s })
  :route{ { "critical", when = "n > 1000" } }
done.critical:to(weir.memory{ name = "critical" })
done.default%s:to(weir.memory{ name = "background" })]]

    local function critical_of(outputs)
      local longest, list = 0, {}
      for i, row in ipairs(outputs.critical) do
        local r = cjson.decode(row)
        longest, list[i] = math.max(longest, r.waited), r.n
      end
      return list, longest
    end

    for _, ordered in ipairs({ "true", "false" }) do
      it("begins what is urgent first, ordered = " .. ordered, function()
        local outputs = play(CLASSES:format(300, 3000, 2, ordered, ""))
        local list, longest = critical_of(outputs)
        assert.equal(10, #list)
        assert.equal(300, #outputs.background)
        assert.is_true(longest <= 1000, longest)
      end)

      it("leaves not all calls to what is less so, ordered = " .. ordered, function()
        local outputs = play(CLASSES:format(40, 600000, 4, ordered, ""))
        local list, longest = critical_of(outputs)
        assert.equal(10, #list)
        assert.equal(40, #outputs.background)
        assert.is_true(longest <= 1000, longest)
      end)
    end

    it("holds nobody up for the room that another lacks", function()
      local outputs = play(CLASSES:format(400, 1, 2, "true",
        ':throttle{ rate = "100/s" }'))
      local list, longest = critical_of(outputs)
      assert.equal(10, #list)
      assert.equal(400, #outputs.background)
      assert.same(upto(400), numbers(outputs.background))
      assert.is_true(longest <= 1000, longest)
    end)
  end)

  describe("with batches set aside,", function()
    -- Of three classes; what is begun of the lower ones stands aside for the next.
    local MIXED = [[
local rows = {}
for n = 1, 400 do rows[n] = { n = n, class = n %% 3 } end
local classes = { [0] = "background", "normal", "critical" }
weir.from(weir.memory{ name = "in", records = rows })
  :priority(function(r) return classes[r.class] end)
  :map_async(function(r) weir.sleep(5 + r.n %% 7 .. "ms") end,
    { concurrency = 6, ordered = %s, timeout = "1h" })
  :to(weir.memory{ name = "out" })]]
    local SMALL = ffi.new("weir_run_limits", 20, 400, 500)

    local run, flights -- of the map_async
    local aside -- how often something of it stood aside

    -- Rows that are not begun, but for those of the batch at hand.
    local function count_aside()
      local left = 0
      for place = 0, flights.place_count - 1 do
        left = left + flights.places[place].left
      end
      return left - flights.under_way - (run.row_end - run.row)
    end

    -- Has `ending` come after so many steps.
    local function play_until(steps, ordered, ending)
      run, flights, aside = nil, nil, 0
      return play(MIXED:format(ordered), SMALL, function(count)
        for _, task in ipairs(flights and {} or opened.plan.tasks) do
          if task.node.flights then
            run = C.weir_flow_run_of(opened.flow, task.number, 0)
            flights = run.flights
          end
        end
        aside = aside + (count_aside() > 0 and 1 or 0)
        if count == steps then
          ending(opened.flow)
        end
      end)
    end

    local ENDINGS = {
      ["a stop lets all that has come arrive"] = C.weir_flow_stop,
      ["a failure gives up what is under way"] = function(flow)
        C.weir_flow_fail(flow, -5, "it broke")
      end,
      ["what is abandoned ends"] = function(flow)
        C.weir_flow_abandon(flow, -5, "enough")
      end,
    }
    for title, ending in pairs(ENDINGS) do
      it(("%s (seed %d)"):format(title, seed), function()
        math.randomseed(seed)
        local stood = 0
        for round = 1, 30 do
          local steps = math.random(1, 200)
          local outputs, result =
            play_until(steps, round % 2 == 0 and "true" or "false", ending)
          stood = stood + aside
          assert.equal(0, flights.taken)
          assert.equal(0, flights.under_way)
          assert.equal(0, flights.awaited)
          if ending == C.weir_flow_stop then
            assert.is_true(result.ok)
            assert.equal(opened:stats().records_in, #outputs.out)
          end
          opened:close()
          opened = nil
        end
        assert.is_true(stood > 0)
      end)
    end
  end)

  it("has begun no batch before one has come", function()
    local clock = driver.clock()
    opened = assert(runner_of.open({ path = "wait.lua", options = { clock = clock, workers = 1 },
      text = [[
local weir = require "weir"
weir.from(weir.memory{ records = {} }):map_async(function() end)
  :to(weir.memory{ name = "out" })]] }))
    assert(opened:start(false))
    for _, task in ipairs(opened.plan.tasks) do
      if task.node.flights then
        local flights = C.weir_flow_run_of(opened.flow, task.number, 0).flights
        assert.equal(C.WEIR_FLIGHT_NONE, flights.launching)
        assert.equal(C.WEIR_FLIGHT_NONE, flights.at)
      end
    end
  end)

  it("answers as on_error says", function()
    local script = [[
weir.from(weir.memory{ records = { { n = 1 }, { n = 2 }, { n = 3 } } })
  :map_async(function(r) weir.sleep "1ms" if r.n == 2 then error "no" end end, { on_error = %s })
  :to(weir.memory{ name = "out" })]]
    assert.same({ 1, 3 }, numbers(play(script:format('"skip"')).out))
    opened:close()
    assert.same({ 1, 22, 3 }, numbers(play(script:format(
      "function(_, r) return { n = r.n * 11 } end")).out))
    opened:close()
    local _, result = play(script:format('"stop"'))
    assert.is_false(result.ok)
    assert.matches("^map_async: wait.lua:3: no, in memory, record 2", result.message)
  end)

  it("gives up what is under way when nobody wants it any more", function()
    local outputs, result = play([[
local rows = {}
for n = 1, 50 do rows[n] = { n = n } end
weir.from(weir.memory{ records = rows })
  :map_async(function(r) weir.sleep(r.n > 3 and "1h" or "1ms") end):take(3)
  :to(weir.memory{ name = "out" })]])
    assert.same({ 1, 2, 3 }, numbers(outputs.out))
    assert.is_true(result.ok)
  end)

  it("tells what cannot wait", function()
    local outputs = play([[
weir.from(weir.memory{ records = { { n = 1 }, { n = 2 }, { n = 3 }, { n = 4 }, { n = 5 } } })
  :map_async(function(r)
    if r.n == 1 then os.execute "ls" end
    if r.n == 2 then coroutine.wrap(function() weir.sleep "1ms" end)() end
    if r.n == 3 then coroutine.yield(1) end
    if r.n == 4 then table.sort({ 2, 1 }, function() weir.sleep "1ms" end) end
    if r.n == 5 then weir.sleep(3) end
  end):map(function() weir.http_get "http://localhost/" end)
  :to(weir.memory{ name = "out" })
weir.dead_letters():to(weir.memory{ name = "dead" })]])
    local reasons = {}
    for i, letter in ipairs(outputs.dead) do
      reasons[i] = cjson.decode(letter).reason:gsub(" %(record %d%)$", "")
    end
    table.sort(reasons)
    assert.same({
      "wait.lua:3: coroutine.yield: there is nothing to yield to; weir.sleep waits",
      "wait.lua:3: weir.http_get and weir.sleep cannot wait inside table.sort and the like",
      "wait.lua:4: os.execute is not here: it would block; use :exec or weir.exec",
      "wait.lua:5: weir.sleep cannot wait in a coroutine of the script's own: call it in the"
        .. " function of :map_async itself",
      'wait.lua:8: weir.sleep: a duration such as "250ms", "10s", "5m", "1h" or "7d" is needed',
    }, reasons)
    opened:close()
    local _, result = play([[
weir.from(weir.memory{ records = { { n = 1 } } })
  :map(function() weir.http_get "http://localhost/" end):to(weir.memory{ name = "out" })]])
    assert.equal("wait.lua:3: weir.http_get waits, so it belongs in the function of :map_async;"
      .. " here it would block", result.dead_reasons[1].reason)
  end)
end)
