local driver = require("spec.support.driver")
local engine = require("spec.support.engine")
local exposition = require("weir.run.exposition")
local metrics = require("weir.run.metrics")
local prometheus = require("spec.support.prometheus")
local runner_of = require("weir.run.engine")
local worker = require("weir.run.worker")

local C = engine.load("engine/sched/flow.h")

local RECORDS = 4000

local SCRIPT = [[
local weir = require "weir"
local rows = {}
for n = 1, %d do
  rows[n] = { n = n, host = 'we"b\\' .. n %% 3 }
end
local all = weir.from(weir.memory{ name = "in", records = rows })
local few = all:filter("n %% 4 == 0") :name "few"
  :map(function(r) if r.n %% 40 == 0 then error "no" end r.m = r.n * 2 end) :name "double"
few:buffer{ max_records = 100, overflow = "drop_oldest" } :name "wait"
  :to(weir.memory{ name = "a" })
all:flat_map(function(r) return { { n = r.n }, { n = -r.n } } end) :name "twice"
  :group_by{ digit = "n %% 10" }:aggregate{ n = weir.count() } :to(weir.memory{ name = "b" })
all:merge(all):to(weir.memory{ name = "c" })
]]

-- What is dropped is taken, of a stage and of a buffer.
local ASIDE = [[
local weir = require "weir"
local rows = {}
for n = 1, %d do
  rows[n] = { n = n %% 8 }
end
local some = weir.from(weir.memory{ name = "in", records = rows })
  :dedup{ key = "n", within = "1h" } :name "once"
some:side "dropped" :to(weir.memory{ name = "again" })
local wait = some:buffer{ max_records = 2, overflow = "drop_newest" } :name "wait"
wait:side "dropped" :to(weir.memory{ name = "late" })
wait:to(weir.memory{ name = "out" })
]]

local opened, runner, now

-- Opens the pipeline and drives it; watch(count) is called after each step.
local function play(watch, script)
  local clock
  clock, now = driver.clock()
  local err
  opened, err = runner_of.open({
    text = (script or SCRIPT):format(RECORDS), path = "many.lua",
    options = { clock = clock, workers = 2 },
  })
  assert(opened, err and err.message)
  assert(opened:start(false))
  local runners = {}
  for number = 1, 2 do
    runner = driver.runner(worker.prepare(opened.flow, opened:setup(), number))
    runners[number] = runner.c
  end
  watch = watch(opened)
  driver.run(opened.flow, runners, now, watch)
end

after_each(function()
  if opened then
    opened:close()
  end
end)

local function node_of(snapshot, name)
  for _, node in ipairs(snapshot.nodes) do
    if node.name == name then
      return node
    end
  end
end

local COUNTS = { "received", "made", "sent", "filtered", "absorbed", "dead" }

describe("metrics", function()
  it("tell of what was handed on, and not of what was dropped and taken elsewhere", function()
    local meter
    play(function(engine_)
      meter = metrics.new(engine_)
      meter:measure()
      return function() end
    end, ASIDE)
    local snapshot = meter:snapshot(1000)
    local once, wait = node_of(snapshot, "once"), node_of(snapshot, "wait")
    assert.same({ 8, 8, RECORDS - 8 }, { once.sent, once.latency.count, once.dropped.duplicate })
    assert.equal(8 * #'{"n":1}\n', once.bytes)
    assert.is_true(wait.dropped.dropped_newest > 0)
    assert.equal(wait.sent, wait.latency.count)
    assert.equal(wait.sent * #'{"n":1}\n', wait.bytes)
  end)

  it("never go back while a run is at work, and agree with the ledger at its end", function()
    local meter, last
    local grows, waited = 0, 0
    play(function(engine_)
      meter = metrics.new(engine_)
      return function(step)
        local snapshot = meter:snapshot(step * 10)
        for i, node in ipairs(last and last.nodes or {}) do
          local same = snapshot.nodes[i]
          assert.equal(node.name, same.name)
          for _, count in ipairs(COUNTS) do
            assert.is_true(same[count] >= node[count], node.name .. " " .. count)
          end
        end
        last = snapshot
        grows = grows + (node_of(snapshot, "wait").sent > waited and 1 or 0)
        waited = node_of(snapshot, "wait").sent
      end
    end)
    assert.is_true(grows > 3, "what a buffer sends is seen while it does")
    local snapshot = meter:snapshot(1e6)
    assert.equal("finished", snapshot.state)
    local ledger = opened:result().ledger
    assert.is_true(ledger.balanced)
    for i, stage in ipairs(ledger.stages) do
      for _, count in ipairs(COUNTS) do
        assert.equal(stage[count], snapshot.nodes[i][count], stage.name .. " " .. count)
      end
      assert.same(stage.dropped, snapshot.nodes[i].dropped)
    end
    assert.equal(RECORDS, node_of(snapshot, "in").made)
    assert.equal(RECORDS / 40, node_of(snapshot, "double").dead)
    assert.equal(RECORDS / 40, snapshot.errors[1].count)
    assert.equal("ELAMBDA", snapshot.errors[1].code)
    assert.is_true(node_of(snapshot, "wait").buffer.records_max > 0)
    assert.same({ seconds = 0 }, node_of(snapshot, "wait").lag)
    assert.same({ seconds = 0 }, node_of(snapshot, "a").lag)
    assert.is_true(node_of(snapshot, "wait").bytes > 0)
  end)

  it("have bytes where nothing is written too, about as many as there would be", function()
    local meter
    play(function(engine_)
      meter = metrics.new(engine_)
      meter:measure()
      return function() end
    end)
    local snapshot = meter:snapshot(1000)
    local few, double = node_of(snapshot, "few"), node_of(snapshot, "double")
    local exact = 0
    for n = 4, RECORDS, 4 do
      exact = exact + #('{"n":%d,"host":"we\\"b\\\\1"}\n'):format(n)
    end
    assert.is_true(math.abs(few.bytes / exact - 1) < 0.1, few.bytes .. " for " .. exact)
    for _, edge in ipairs(snapshot.edges) do
      if edge.from == double.task and edge.port == "out" then
        assert.equal(edge.bytes, double.bytes) -- what was sent, and not what died
      end
    end
  end)

  it("have how old records were where they were handed on, and how long they waited", function()
    local meter
    play(function(engine_)
      meter = metrics.new(engine_)
      meter:measure()
      return function()
        now[0] = now[0] + 1000000
      end
    end)
    local snapshot = meter:snapshot(1000)
    local double = node_of(snapshot, "double")
    assert.equal(RECORDS / 4 - RECORDS / 40, double.latency.count)
    assert.equal(double.latency.p99, node_of(snapshot, "few").latency.p99)
    assert.equal("double", node_of(snapshot, "few").latency.with)
    assert.is_nil(double.latency.with)
    assert.equal(RECORDS, node_of(snapshot, "in").latency.count)
    assert.is_nil(node_of(snapshot, "aggregate:digit").latency) -- made of many
    for _, edge in ipairs(snapshot.edges) do
      assert.equal(edge.received, edge.waited and edge.waited.count or 0, edge.from)
      assert.is_true(edge.received == 0 or edge.waited.p999 > 0)
    end
    assert.is_true(node_of(snapshot, "wait").waited.p50 > 0)
  end)

  it("are what Prometheus reads, at every moment", function()
    local meter, names
    play(function(engine_)
      meter = metrics.new(engine_)
      return function(step)
        if step % 10 == 0 then
          prometheus.read(exposition.text(meter:snapshot()))
        end
      end
    end)
    names = prometheus.read(exposition.text(meter:snapshot()))
    assert.equal(RECORDS, prometheus.value(names, "weir_records_made_total", { node = "in" }))
    assert.equal(1, prometheus.value(names, "weir_pipeline_state", { state = "finished" }))
    assert.equal(RECORDS / 40, prometheus.value(names, "weir_errors_total", { code = "ELAMBDA" }))
    assert.equal(RECORDS, prometheus.value(names, "weir_latency_seconds_count", { node = "c" }) / 2)
    for _, family in ipairs(exposition.families) do
      local samples = names[family.name]
      for _, sample in ipairs(samples and samples.samples or {}) do
        for label in pairs(sample.labels) do
          assert(label == "le" or family.labels:find(label, 1, true), family.name .. " " .. label)
        end
      end
    end
  end)

  it("know the rates of a second and of a minute", function()
    local count = 0
    local stub = {
      graph = { pipeline = "p" }, plan = { tasks = {}, edges = {} }, edges = {}, options = {},
      state = function() return "running" end,
      hindrances = function() return {} end,
      stats = function()
        return { elapsed_ms = 0, records_in = count, records_out = 0, bytes_in = 0, bytes_out = 0,
          errors = 0 }
      end,
    }
    opened = { close = function() end }
    local clock = driver.clock()
    stub.flow = C.weir_flow_new(clock)
    local meter = metrics.new(stub)
    local rate
    for second = 1, 200 do
      count = count + (second <= 100 and 1000 or 10)
      rate = meter:snapshot(second * 1000).read.rate
      if second == 5 then
        assert.same({ s = 1000, m = 1000 }, rate)
      elseif second == 130 then
        assert.same({ s = 10, m = 505 }, rate)
      end
    end
    assert.same({ s = 10, m = 10 }, rate)
    assert.is_true(#meter.book.history < 70)
    C.weir_flow_free(stub.flow)
  end)
end)
