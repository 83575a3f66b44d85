local busy_of = require("weir.run.busy")
local driver = require("spec.support.driver")
local engine = require("spec.support.engine")
local pipelines = require("weir.run.engine")

local C = engine.load("engine/sched/flow.h", "engine/sched/run.h")

local SCRIPT = [[
local weir = require "weir"
weir.from(weir.memory{ name = "in", records = { { n = 1 } } })
  :filter "n > 0" :name "first"
  :set{ m = "n" } :name "second"
  :filter "m > 0" :name "third"
  :to(weir.discard{})
]]

describe("the time of a segment", function()
  local opened, run, busy, segment

  before_each(function()
    opened = assert(pipelines.open({ text = SCRIPT, path = "p.lua",
      options = { clock = driver.clock(), workers = 1 } }))
    busy = busy_of.new(opened) -- before there is a flow
    assert(opened:start(false))
    for _, task in ipairs(opened.plan.tasks) do
      if task.kind == "segment" then
        segment = task.name
        run = C.weir_flow_run_of(opened.flow, task.number, 0)
      end
    end
  end)

  after_each(function()
    opened:close()
  end)

  local function look_at(mark, times)
    run.mark = mark
    for _ = 1, times do
      busy:look()
    end
  end

  it("is nobody's until somebody has looked while it was at work", function()
    assert.is_false(busy:look())
    busy:add(segment, 1)
    assert.is_nil(busy:of("first"))
    run.mark = 2
    assert.is_true(busy:look())
    busy:add(segment, 1)
    assert.same({ 0, 2, 0 }, { busy:of("first"), busy:of("second"), busy:of("third") })
  end)

  it("is shared by what was seen since the last time, and only grows", function()
    look_at(1, 1)
    look_at(3, 3)
    busy:add(segment, 4)
    assert.same({ 1, 0, 3 }, { busy:of("first"), busy:of("second"), busy:of("third") })
    look_at(2, 5)
    busy:add(segment, 10)
    assert.same({ 1, 10, 3 }, { busy:of("first"), busy:of("second"), busy:of("third") })
    local late = 5 + 4 * 0.6
    assert.near(5 / late, busy:share("second"), 1e-9)
    assert.near(3 * 0.6 / late, busy:share("third"), 1e-9)
  end)

  it("is the first stage's for reading, the last one's for writing; garbage is nobody's", function()
    look_at(3 + C.WEIR_MARK_READ, 1)
    look_at(3 + C.WEIR_MARK_WRITE, 3)
    look_at(3 + C.WEIR_MARK_COLLECT, 9)
    busy:add(segment, 4)
    assert.same({ 1, 0, 3 }, { busy:of("first"), busy:of("second"), busy:of("third") })
  end)
end)
