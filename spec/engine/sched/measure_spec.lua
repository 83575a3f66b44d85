local driver = require("spec.support.driver")
local engine = require("spec.support.engine")
local ffi = require("ffi")
local pipelines = require("weir.run.engine")
local worker = require("weir.run.worker")

local C = engine.load("engine/base/histogram.h", "engine/io/memory.h", "engine/sched/edge.h",
  "engine/sched/flow.h", "engine/sched/measure.h")

local ROWS = 3000

local histogram = ffi.new("weir_histogram")

local function count(known)
  return known ~= 0 and tonumber(histogram.count) or nil
end

local function handed_on(flow, task)
  C.weir_histogram_reset(histogram)
  return count(C.weir_flow_add_latency(flow, task, histogram))
end

local function waited(edge)
  C.weir_histogram_reset(histogram)
  return count(C.weir_edge_add_waits(edge, histogram))
end

describe("how long records take", function()
  it("is known of a sink in any case, and of nothing else", function()
    local flow, from, to, edge = driver.pair(ROWS)
    assert.is_nil(handed_on(flow, to))
    driver.run(flow)
    assert.equal(ROWS, handed_on(flow, to))
    assert.is_true(C.weir_histogram_quantile(histogram, 1) < 60e9)
    assert.is_nil(handed_on(flow, from))
    assert.is_nil(waited(edge))
    C.weir_flow_free(flow)
  end)

  it("is known of all that hands on, and of what they wait on, once somebody asks", function()
    local flow, from, to, edge = driver.pair(ROWS)
    C.weir_flow_measure(flow, 1)
    driver.run(flow)
    assert.same({ ROWS, ROWS, ROWS }, { handed_on(flow, from), handed_on(flow, to), waited(edge) })
    C.weir_flow_free(flow)
  end)
end)

local SCRIPT = [[
local weir = require "weir"
local rows = {}
for n = 1, %d do
  rows[n] = { n = 100000 + n, long = ("x"):rep(n %% 7) }
end
weir.from(weir.memory{ name = "in", records = rows })
  :filter "n %% 2 == 0" :name "even"
  :set{ m = "n * 2" } :name "double"
  :flat_map(function(r) return { { n = r.n }, { n = r.m } } end) :name "two"
  :select("n") :name "last"
  :to(weir.memory{ name = "out" })
]]

-- What a record weighs at each stage, so far as is known, and how many were weighed.
local function weights(lift, asked)
  local clock, now = driver.clock()
  local opened, err = pipelines.open({ text = SCRIPT:format(20 * ROWS), path = "weights.lua",
    options = { clock = clock, lift = lift, workers = 1, measured = asked } })
  assert(opened, err and err.message)
  assert(opened:start(false))
  local runner = driver.runner(worker.prepare(opened.flow, opened:setup(), 1))
  driver.run(opened.flow, runner.c, now)
  runner:free()
  assert.equal(20 * ROWS, #driver.outputs(opened).out)
  local means, records = {}, {}
  local task = opened.plan.tasks[2]
  for i, stage in ipairs(task.stages) do
    local weight = C.weir_flow_weight(opened.flow, task.number, stage.index)
    means[i], records[i] = weight.bytes / weight.records, weight.records
  end
  assert.is_true(opened:result().ledger.balanced)
  opened:close()
  return means, records
end

describe("what records weigh inside a segment", function()
  for _, lift in ipairs({ true, false }) do
    it("is seen on some of them, " .. (lift and "lifted" or "row by row"), function()
      local means, records = weights(lift, true)
      assert.is_true(math.abs(means[1] - #'{"n":123456,"long":"xxx"}\n') < 1.5, means[1])
      assert.is_true(math.abs(means[2] - #'{"n":123456,"long":"xxx","m":246912}\n') < 1.5, means[2])
      assert.is_true(math.abs(means[3] - #'{"n":123456}\n') < 1.5, means[3])
      assert.is_true(records[3] == 2 * records[2] and records[2] == records[1])
      assert.equal(0, records[4]) -- what the last one gives is written
    end)
  end

  it("is not looked at where nobody asks", function()
    local _, records = weights(true, nil)
    assert.same({ 0, 0, 0, 0 }, records)
  end)
end)
