-- Segments whose stages are lifted: whatever a program cannot do is done row by row, in
-- its place, and nobody can tell.

local driver = require("spec.support.driver")
local engine = require("spec.support.engine")
local ffi = require("ffi")
local pipelines = require("weir.run.engine")
local worker = require("weir.run.worker")

local C = engine.load("engine/host/worker.h", "engine/sched/flow.h", "engine/sched/profile.h",
  "engine/sched/run.h")

local directory

local function write(name, count, record)
  local path = directory .. "/" .. name
  local file = assert(io.open(path, "wb"))
  for i = 1, count do
    file:write(record(i), "\n")
  end
  file:close()
  return path
end

local function open(script, options)
  local clock, now = driver.clock()
  local opened, err = pipelines.open({
    text = 'local weir = require "weir"\n' .. script
      .. '\nweir.dead_letters():to(weir.memory{ name = "dead" })',
    path = "test.lua",
    options = {
      clock = clock,
      lift = options.lift,
      profile = options.profile,
      limits = options.limits and ffi.new("weir_run_limits", options.limits),
    },
  })
  assert(opened, err and err.message)
  assert(opened:start(false))
  return opened, now
end

local function essence(letters)
  local out = {}
  for i, letter in ipairs(letters) do
    out[i] = letter:gsub('^{"time":%d+,', "{")
  end
  table.sort(out)
  return out
end

local function play(script, options)
  local opened, now = open(script, options)
  local runner = driver.runner(worker.prepare(opened.flow, opened:setup(), 1))
  driver.run(opened.flow, runner.c, now)
  runner:free()
  local outputs = driver.outputs(opened)
  outputs.dead = essence(outputs.dead)
  local result = opened:result()
  opened:close()
  assert.is_true(result.ledger.balanced)
  return outputs, result
end

-- What comes out lifted, having compared it with what comes out row by row.
local function both(script, limits)
  local by_row, result_by_row = play(script, { lift = false, limits = limits })
  local lifted, result = play(script, { lift = true, limits = limits })
  assert.same(by_row, lifted)
  assert.same(result_by_row.ledger.stages, result.ledger.stages)
  assert.equal(result_by_row.ok, result.ok)
  assert.equal(result_by_row.message, result.message)
  return lifted, result
end

-- Every seventh record has a text where a number is expected.
local function odd(i)
  return i % 7 == 0 and ('{"n":"x%d","k":"%d"}'):format(i, i % 3)
    or ('{"n":%d,"k":"%d","p":"/a/%d"}'):format(i, i % 3, i)
end

local CUTS = { { 1, 1, 0 }, { 5, 40, 0 }, { 7, 300, 100 }, { 1024, 4096, 0 } }

describe("a lifted segment", function()
  local from

  setup(function()
    local pipe = assert(io.popen("mktemp -d"))
    directory = pipe:read("*l")
    pipe:close()
    from = ("local s = weir.from %q\n"):format(write("odd.jsonl", 200, odd))
  end)

  teardown(function()
    os.execute("rm -r " .. directory)
  end)

  -- The same script, cut in all ways.
  local function everywhere(script)
    local first
    for _, limits in ipairs(CUTS) do
      local outputs, result = both(from .. script, limits)
      first = first or outputs
      assert.same(first, outputs)
      assert.is_true(result.ok)
    end
    return first
  end

  it("does odd records in their places, and makes dead letters of those that fail", function()
    local outputs = everywhere([[
  s:filter(function(r) return r.n > 10 end)
  :map(function(r) r.twice = r.n * 2 end)
  :to(weir.memory{ name = "out" })]])
    assert.equal(28, #outputs.dead)
    assert.truthy(outputs.dead[1]:find("attempt to compare", 1, true), outputs.dead[1])
    assert.equal('{"n":11,"k":"2","p":"/a/11","twice":22}', outputs.out[1])
    assert.equal(200 - 28 - 9, #outputs.out)
  end)

  it("goes on behind what on_error says, in order", function()
    local fails = [[s:map(function(r) r.half = r.n / 2 end, { on_error = %s })
      :filter(function(r) return r.k ~= "1" end):to(weir.memory{ name = "out" })]]
    local outputs = everywhere(fails:format('"skip"'))
    assert.equal(0, #outputs.dead)
    outputs = everywhere(fails:format("function(err, r) r.half = -1 return r end"))
    assert.truthy(table.concat(outputs.out, "\n"):find('"half":-1', 1, true))
    outputs = everywhere(fails:format("function(err, r) error('again') end"))
    assert.equal(28, #outputs.dead)
  end)

  it("looks into tables as they are, where a function may change them", function()
    local outputs = everywhere([[
  local kinds, list = { ["0"] = "zero", ["1"] = "one" }, { "0", "1" }
  s:tap(function(r) if r.n == 100 then kinds.late = 1 kinds["1"] = "changed" end end)
  :map(function(r) r.kind = kinds[r.k] or "none" end)
  :map(function(r) for i, k in ipairs(list) do if k == r.k then r.at = i end end end)
  :to(weir.memory{ name = "out" })]])
    assert.equal('{"n":1,"k":"1","p":"/a/1","kind":"one","at":2}', outputs.out[1])
    assert.equal('{"n":103,"k":"1","p":"/a/103","kind":"changed","at":2}', outputs.out[103])
    assert.equal(200, #outputs.out)
  end)

  it("makes tables within records", function()
    local outputs = everywhere([[
  s:map(function(r) return { n = r.n, deep = { p = r.p, l = { r.k, 1 } } } end)
  :map(function(r) r.deep2 = r.deep.l[1] r.s = ("%s-%03d"):format(r.deep2, r.n) end)
  :to(weir.memory{ name = "out" })]])
    assert.equal('{"deep":{"l":["1",1],"p":"/a/1"},"n":1,"deep2":"1","s":"1-001"}',
      outputs.out[1])
    assert.equal(28, #outputs.dead)
  end)

  it("stops where on_error says stop", function()
    for _, limits in ipairs(CUTS) do
      local _, result = both(from .. [[s:map(function(r) r.half = r.n / 2 end,
        { on_error = "stop" }):to(weir.memory{ name = "out" })]], limits)
      assert.is_false(result.ok)
    end
  end)

  it("routes odd records where the lambda says", function()
    local outputs = everywhere([[
  local ways = s:route{
    { "small", when = function(r) return r.p and r.n < 50 end },
    { "text", when = function(r) return #r.n < 4 end },
  }
  ways.small:to(weir.memory{ name = "small" })
  ways.text:to(weir.memory{ name = "text" })
  ways.default:to(weir.memory{ name = "default" })]])
    assert.equal(42, #outputs.small)
  end)

  it("adds odd records to their groups in their places", function()
    local outputs = everywhere([[
  s:group_by{ "k", big = function(r) return #r.k .. (r.p or "none"):sub(1, 4) end }
  :aggregate{ n = weir.count(), last = weir.last "n", f = weir.first "p",
    s = weir.sum("n", { where = function(r) return r.p end }) }
  :to(weir.memory{ name = "out" })]])
    assert.truthy(#outputs.out > 3)
  end)

  it("orders records, and makes dead letters of what has no order", function()
    local outputs = everywhere([[
  s:map(function(r) r.o = r.n end)
  :sort{ by = { "k", function(r) return -r.n end } }
  :to(weir.memory{ name = "out" })]])
    assert.equal(28, #outputs.dead)
    outputs = everywhere([[
  s:top{ n = 2, by = function(r) return r.n end, key = "k", into = "rank" }
  :to(weir.memory{ name = "out" })]])
    assert.equal(6, #outputs.out)
  end)

  it("goes on with stages that are not lifted", function()
    everywhere([[
  s:filter(function(r) return r.p end)
  :map(function(r) r.m = r.n % 5 end)
  :skip(3)
  :flat_map(function(r)
    local out = {}
    for i = 1, r.m do out[i] = { i = i, n = r.n } end
    return out
  end)
  :map(function(r) r.sum = r.i + r.n end)
  :to(weir.memory{ name = "out" })]])
    local outputs = everywhere([[
  s:filter(function(r) return r.n % 2 == 0 end)
  :map(function(r) return { n = r.n, t = "a" .. r.n } end)
  :take(20)
  :to(weir.memory{ name = "out" })]])
    assert.equal(20, #outputs.out)
  end)

  it("follows stages that are not lifted, in a segment of its own", function()
    local outputs = everywhere([[
  local seen = 0
  s:filter(function(r) return r.k ~= "2" end)
  :map(function(r) seen = seen + 1 r.seen = seen end)
  :map(function(r) r.q = r.p:match("^(.*)/") .. r.n * 2 end)
  :filter(function(r) return r.q ~= "/a6" end)
  :to(weir.memory{ name = "out" })]])
    assert.equal('{"n":1,"k":"1","p":"/a/1","seen":1,"q":"/a2"}', outputs.out[1])
    assert.equal('{"n":4,"k":"1","p":"/a/4","seen":3,"q":"/a8"}', outputs.out[2])
    assert.truthy(outputs.dead[1]:find('"position":', 1, true), outputs.dead[1])
    outputs = everywhere([[
  s:flat_map(function(r) return { { k = r.k, i = 1 }, { k = r.k, i = r.n } } end)
  :group_by{ k = function(r) return "k" .. r.k end }
  :aggregate{ n = weir.count(), max = weir.max "i" }
  :to(weir.memory{ name = "out" })]])
    assert.equal(3, #outputs.out)
  end)

  it("shares its strip with others, entered in turn", function()
    local outputs = everywhere([[
  local b = s:filter(function(r) return r.k == "1" end)
  b:map(function(r) r.x = r.k .. "x" end):to(weir.memory{ name = "x" })
  b:select("n", "k"):to(weir.memory{ name = "n" })
  s:map(function(r) r.q = r.n + 1 end):to(weir.memory{ name = "q" })
  s:filter "n > 100":to(weir.memory{ name = "big" })]])
    assert.equal(67, #outputs.x)
  end)
end)

-- --- memory

describe("lifted lambdas", function()
  local RECORDS = 400000
  local ENTRY_MAX = 12 -- an entry, for a thousand records, may allocate a little

  local function plain(i)
    return ('{"ts":%d,"path":"/a/b%d/c","n":%d,"s":"text \\"%d\\""}'):format(i, i % 10, i % 100,
      i)
  end

  setup(function()
    local pipe = assert(io.popen("mktemp -d"))
    directory = pipe:read("*l")
    pipe:close()
    write("plain.jsonl", RECORDS, plain)
  end)

  teardown(function()
    os.execute("rm -r " .. directory)
  end)

  -- What Lua and the engine have allocated in the stages so far: how often.
  local function allocations(opened)
    local count = 0
    for _, task in ipairs(opened.plan.tasks) do
      for mark = 1, task.kind == "segment" and #task.stages + C.WEIR_MARK_KINDS - 1 or 0 do
        count = count + tonumber(C.weir_flow_mark(opened.flow, task.number, mark).allocations)
      end
    end
    return count
  end

  -- How often in all, and how often behind the first fifth of the records.
  local function counted(script)
    local from = ("local s = weir.from %q\n"):format(directory .. "/plain.jsonl")
    local opened = open(from .. script, { profile = true })
    local options = ffi.new("weir_worker_options")
    local setup, message = opened:setup(), ffi.new("char[1024]")
    local out = ffi.new("weir_worker *[1]")
    options.setup, options.number = setup, 1
    local code = C.weir_worker_new(out, opened.flow, options, message, 1024)
    assert(code == 0, ffi.string(message))
    local early
    driver.run(opened.flow, C.weir_worker_runner(out[0]), nil, function()
      if not early and C.weir_flow_count(opened.flow).records_read >= RECORDS / 5 then
        early = allocations(opened)
      end
    end)
    local all = allocations(opened)
    C.weir_worker_free(out[0])
    opened:close()
    return all, all - early
  end

  local function is_steady(script)
    local all, late = counted(script)
    assert.truthy(all > 0)
    assert.truthy(late < ENTRY_MAX * RECORDS / C.WEIR_RUN_ROWS,
      ("%d allocations, %d of them late"):format(all, late))
  end

  it("allocate nothing for a record", function()
    is_steady([[
  s:filter(function(r) return r.n >= 50 or r.s:find("7", 1, true) end)
  :map(function(r) r.prefix = r.path:match("^(.*)/") r.t = "t" .. r.n * 2 end)
  :to(weir.discard{})]])
    is_steady([[
  s:map(function(r) return { n = r.n, s = r.s:upper(), k = r.n < 10 and "few" or "many" } end)
  :to(weir.discard{})]])
    is_steady([[
  s:group_by{ p = function(r) return r.path:match("^(.*)/") end }
  :aggregate{ n = weir.count(), a = weir.avg(function(r) return r.n end) }
  :to(weir.discard{})]])
    is_steady([[
  s:filter "n >= 10":set{ m = "n * 2" }:select("n", "m", "path"):to(weir.discard{})]])
    is_steady([[
  s:filter(function(r) return r.n > 1 end):top{ n = 10, by = "n" }:to(weir.discard{})]])
  end)
end)
