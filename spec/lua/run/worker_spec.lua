-- Segments in a state of their own, as in the product: what fails in user code, and
-- what it may use up.

local driver = require("spec.support.driver")
local engine = require("spec.support.engine")
local ffi = require("ffi")
local json_model = require("spec.support.json_model")
local pipelines = require("weir.run.engine")

local C = engine.load("engine/base/err.h", "engine/host/worker.h", "engine/sched/flow.h")

local MIB = 2 ^ 20

local function open(script, options)
  local clock, now = driver.clock()
  options = options or {}
  options.clock = clock
  local opened, err = pipelines.open({
    text = 'local weir = require "weir"\n' .. script .. "\n"
      .. 'weir.dead_letters():to(weir.memory{ name = "dead" })',
    path = "test.lua",
    options = options,
  })
  assert(opened, err and err.message)
  assert(opened:start(false))
  return opened, now
end

-- Runs a script to its end; gives rows by sink, the result, and the worker's memory
-- and the flow's time in seconds after every step to `watch`.
local function play(script, options, watch)
  local opened, now = open(script, options)
  local worker_options = ffi.new("weir_worker_options")
  local setup, message = opened:setup(), ffi.new("char[1024]")
  local out = ffi.new("weir_worker *[1]")
  worker_options.setup, worker_options.number = setup, 1
  worker_options.memory_max = options and options.lua_memory or 0
  local code = C.weir_worker_new(out, opened.flow, worker_options, message, 1024)
  assert(code == 0, ffi.string(message))
  driver.run(opened.flow, C.weir_worker_runner(out[0]), now, watch and function()
    watch(tonumber(C.weir_worker_memory(out[0])), tonumber(now[0]) / 1e9)
  end)
  C.weir_worker_free(out[0])
  local rows = driver.outputs(opened)
  local result = opened:result()
  opened:close()
  assert.is_true(result.ledger.balanced)
  return rows, result
end

-- A source of n records { n = 1 }, { n = 2 }, ...
local function numbers(count)
  return ("weir.from(weir.generate{ count = %d, fn = function(n) return { n = n } end })"):format(
    count)
end

local function letters(rows)
  local out = {}
  for i, text in ipairs(rows.dead) do
    out[i] = json_model.decode(text)
  end
  return out
end

describe("a segment", function()
  it("makes a dead letter of a record whose lambda raises, with the place in the script", function()
    local rows, result = play(numbers(5) .. [[

  :map(function(r)
    if r.n == 3 then error("no threes") end
  end) :name "odd" :to(weir.memory{ name = "out" })]])
    assert.is_true(result.ok)
    assert.equal(4, #rows.out)
    local letter = letters(rows)[1]
    assert.equal("odd", letter.stage)
    assert.equal("ELAMBDA", letter.code)
    assert.truthy(letter.reason:find("test.lua:4: no threes", 1, true))
    assert.truthy(letter.traceback:find("test.lua:4", 1, true))
    assert.is_nil(letter.traceback:find("weir/run", 1, true))
    assert.equal('{"n":3}', letter.raw)
    assert.equal(1, result.dead_reasons[1].count)
  end)

  it("has its batches out in time, also if nothing follows", function()
    local rows, result = play([[
weir.from(weir.generate{ rate = "1/m", count = 3, fn = function(n) return { n = n } end })
  :batch{ records = 2, every = "1s" } :to(weir.memory{ name = "out" })]])
    assert.same({
      '{"records":[{"n":1}],"count":1}',
      '{"records":[{"n":2}],"count":1}',
      '{"records":[{"n":3}],"count":1}',
    }, rows.out)
    assert.is_true(result.ledger.balanced)
    rows = play([[
weir.from(weir.generate{ count = 5, fn = function(n) return { n = n } end })
  :batch{ records = 2, every = "1s" } :set{ first = "records[1].n" }
  :to(weir.memory{ name = "out" })]])
    assert.equal('{"records":[{"n":1},{"n":2}],"count":2,"first":1}', rows.out[1])
    assert.equal('{"records":[{"n":5}],"count":1,"first":5}', rows.out[3])
  end)

  it("goes on as on_error says", function()
    local fails = ':map(function(r) if r.n == 2 then error("bad") end end, { on_error = %s })'
      .. ':to(weir.memory{ name = "out" })'
    local rows = play(numbers(3) .. fails:format('"skip"'))
    assert.same({ '{"n":1}', '{"n":3}' }, rows.out)
    assert.same({}, rows.dead)
    rows = play(numbers(3) .. fails:format("function(err, r) return { n = r.n, err = err } end"))
    assert.equal(3, #rows.out)
    assert.truthy(rows.out[2]:find("test.lua:2: bad", 1, true))
    rows = play(numbers(3) .. fails:format("function() error('worse') end"))
    assert.equal(2, #rows.out)
    assert.equal(1, #rows.dead)
    local _, result = play(numbers(3) .. fails:format('"stop"'))
    assert.is_false(result.ok)
    assert.truthy(result.message:find('bad, in generate, record 2 (on_error = "stop")', 1, true))
  end)

  it("ends an endless loop when its fuel is spent, and goes on with the next record", function()
    local rows, result = play(numbers(3) .. [[
  :map(function(r) while r.n == 2 do r.x = 1 end end):to(weir.memory{ name = "out" })]])
    assert.is_true(result.ok)
    assert.equal(2, #rows.out)
    assert.equal("EFUEL", letters(rows)[1].code)
  end)

  it("survives a lambda that asks for too much memory", function()
    local rows, result = play(numbers(50) .. [[
  :map(function(r)
    if r.n % 20 == 0 then
      local hog = {}
      for i = 1, 1e7 do hog[i] = { i } end
    end
  end):to(weir.memory{ name = "out" })]], { lua_memory = 48 * MIB })
    assert.is_true(result.ok, result.message)
    assert.equal(48, #rows.out)
    for _, letter in ipairs(letters(rows)) do
      assert.equal("EMEMORY", letter.code)
    end
    assert.equal(2, #rows.dead)
  end)

  it("makes records at a rate, by the clock of the flow", function()
    local seconds
    local rows = play([[weir.from(weir.generate{ count = 100, rate = "10/s",
      fn = function(n) return { n = n } end }):to(weir.memory{ name = "out" })]], nil,
      function(_, now)
        seconds = now
      end)
    assert.equal(100, #rows.out)
    assert.is_true(seconds >= 10)
  end)

  it("finds an error in the last of many records", function()
    local rows = play(numbers(200000) .. [[
  :filter(function(r) if r.n == 200000 then error("last") end return false end)
  :to(weir.memory{ name = "out" })]])
    assert.equal('{"n":200000}', letters(rows)[1].raw)
  end)

  it("keeps its heap flat while lambdas allocate", function()
    local steps, early, late = 0, 0, 0
    play(numbers(1000000) .. [[
  :map(function(r) local t = { r.n, "x" .. r.n, { r } } ; r.n = #t[2] end)
  :filter "n < 0" :to(weir.memory{ name = "out" })]], nil, function(bytes)
      steps = steps + 1
      if steps < 600 then
        early = math.max(early, bytes)
      else
        late = math.max(late, bytes)
      end
    end)
    assert.is_true(steps > 1200)
    assert.is_true(late < early * 1.25 + MIB, ("%.1f MiB, later %.1f MiB"):format(early / MIB,
      late / MIB))
    assert.is_true(late < 32 * MIB, ("%.1f MiB"):format(late / MIB))
  end)
end)
