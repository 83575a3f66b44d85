-- A look at what stages inside a segment let go. That it changes nothing, random
-- pipelines show; here is what it shows.

local driver = require("spec.support.driver")
local engine = require("spec.support.engine")
local ffi = require("ffi")
local pipelines = require("weir.run.engine")
local worker = require("weir.run.worker")

local C = engine.load("engine/base/buf.h", "engine/sched/flow.h", "engine/sched/tap.h")

local RECORDS = 3000

local SCRIPT = ([[
local weir = require "weir"
local rows, seen = {}, 0
for n = 1, %d do
  rows[n] = { n = n }
end
weir.from(weir.memory{ name = "in", records = rows })
  :filter "n %% 2 == 0" :name "even"
  :set{ m = "n * 2" } :name "double"
  :map(function(r) seen = seen + 1; r.seen = seen end) :name "count"
  :dedup{ key = "n", within = "1h" } :name "once"
  :filter "n %% 1000 == 0" :name "rare"
  :flat_map(function(r) return { { a = r.n }, { a = -r.seen } } end) :name "two"
  :select("a") :name "last"
  :to(weir.memory{ name = "out" })
weir.dead_letters():to(weir.memory{ name = "dead" })
]]):format(RECORDS)

local function open(lift)
  local clock, now = driver.clock()
  local opened, err = pipelines.open({ text = SCRIPT, path = "look.lua",
    options = { clock = clock, lift = lift, workers = 1 } })
  assert(opened, err and err.message)
  assert(opened:start(false))
  return opened, now
end

local function place_of(opened, name)
  for _, task in ipairs(opened.plan.tasks) do
    for i, stage in ipairs(task.stages or {}) do
      if stage.node.name == name then
        assert(i < #task.stages, name .. " is inside")
        return task.number, stage.index
      end
    end
  end
end

local function taken(flow, task, stage)
  local buf, rows, at, size = ffi.new("weir_buf"), {}, 0, ffi.new("uint32_t[1]")
  C.weir_buf_init(buf)
  C.weir_flow_take_looked(flow, task, stage, buf)
  while at < tonumber(buf.size) do
    ffi.copy(size, buf.bytes + at, 4)
    rows[#rows + 1] = ffi.string(buf.bytes + at + 4, size[0])
    at = at + 4 + size[0]
  end
  C.weir_buf_fini(buf)
  return rows
end

-- What is seen at a stage, taken after every step if `greedy`, else once.
local function seen_at(name, lift, greedy)
  local opened, now = open(lift)
  local task, stage = place_of(opened, name)
  C.weir_flow_look(opened.flow, task, stage, 1)
  local runner = driver.runner(worker.prepare(opened.flow, opened:setup(), 1))
  local all = {}
  local function take()
    for _, row in ipairs(taken(opened.flow, task, stage)) do
      all[#all + 1] = row
    end
  end
  driver.run(opened.flow, runner.c, now, greedy and take)
  take()
  runner:free()
  assert.is_true(opened:result().ledger.balanced)
  local written = #driver.outputs(opened).out
  opened:close()
  assert.equal(RECORDS / 1000 * 2, written)
  return all
end

local EXPECTED = {
  even = function(i) return ('{"n":%d}'):format(2 * i) end,
  once = function(i) return ('{"n":%d,"m":%d,"seen":%d}'):format(2 * i, 4 * i, i) end,
}
EXPECTED.count = EXPECTED.once

describe("a look inside a segment", function()
  for _, lift in ipairs({ true, false }) do
    local how = lift and "lifted" or "row by row"

    it("shows the first records that a stage lets go, and then no more, " .. how, function()
      for name, row_of in pairs(EXPECTED) do
        local rows = seen_at(name, lift, false)
        assert.equal(C.WEIR_TAP_WANTED, #rows, name)
        for i, row in ipairs(rows) do
          assert.equal(row_of(i), row, name)
        end
      end
    end)

    it("shows more to whoever takes them, " .. how, function()
      assert.is_true(#seen_at("even", lift, true) > C.WEIR_TAP_WANTED)
    end)

    it("waits for what is rare, " .. how, function()
      assert.same({ '{"n":1000,"m":2000,"seen":500}', '{"n":2000,"m":4000,"seen":1000}',
        '{"n":3000,"m":6000,"seen":1500}' }, seen_at("rare", lift, false))
    end)

    it("shows the elements of a flat_map, " .. how, function()
      assert.same({ '{"a":1000}', '{"a":-500}', '{"a":2000}', '{"a":-1000}', '{"a":3000}',
        '{"a":-1500}' }, seen_at("two", lift, false))
    end)
  end
end)
