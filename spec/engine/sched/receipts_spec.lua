--- A source made of FFI callbacks, which compiled code must not meet.

jit.off()

local driver = require("spec.support.driver")
local engine = require("spec.support.engine")
local ffi = require("ffi")

local C = engine.load("engine/base/err.h", "engine/data/line.h", "engine/data/receipt.h",
  "engine/io/memory.h", "engine/sched/flow.h")

local seed = tonumber(os.getenv("SEED")) or os.time()

-- A source of `count` records { "n": 1 } .. in batches of one to three, each with a receipt
-- for the last number in it.
local function source(receipts, count)
  local given = 0
  local ops = ffi.new("weir_source_ops")
  ops.next = function(_, batch)
    if given == count then
      return C.WEIR_EEND
    end
    for _ = 1, math.min(math.random(3), count - given) do
      given = given + 1
      local text = ('{"n":%d}'):format(given)
      C.weir_line_add(batch, text, #text)
    end
    batch.receipt = C.weir_receipts_issue(receipts,
      ffi.new("weir_offset", { position = given }))
    return C.WEIR_OK
  end
  ops.free = function() end
  local made = ffi.new("weir_source", { ops = ops })
  return made, function()
    ops.next:free()
    ops.free:free()
  end, ops
end

-- Passes on the rows that keep(number) chooses.
local function filter(keep)
  return function(run)
    return driver.each_row(run, function(bytes, size)
      if keep(tonumber(ffi.string(bytes, size):match("%d+"))) then
        C.weir_line_add(run.out[0], bytes, size)
      end
    end)
  end
end

local function every_third(number)
  return number % 3 == 0
end

local function all()
  return true
end

-- source -> third -> sink, and source -> buffer -> all -> sink
local function build(flow, made, behaviours)
  local from = C.weir_flow_add_source(flow, "in", made)
  local names = { "third", "all" }
  local keep = { every_third, all }
  local sinks = {}
  local buffer = C.weir_flow_add_buffer(flow, "buffer", ffi.new("weir_queue_options", {
    max_records = 20, overflow = C.WEIR_OVERFLOW_BLOCK, delay_ns = math.random(0, 2) * 1e6 }))
  C.weir_flow_connect(flow, from, 0, buffer, 0)
  for i, name in ipairs(names) do
    local segment = C.weir_flow_add_segment(flow, name, 1, 1)
    behaviours[segment] = filter(keep[i])
    local out = ffi.new("weir_sink *[1]")
    C.weir_memory_sink_new(out)
    sinks[i] = C.weir_flow_add_sink(flow, "out " .. name, out[0])
    C.weir_flow_connect(flow, i == 1 and from or buffer, 0, segment, 0)
    C.weir_flow_connect(flow, segment, 0, sinks[i], 0)
  end
  return sinks
end

-- Sees that of what is released every row has been written; gives the last position.
local function check(flow, sinks, receipts, last)
  local offset = ffi.new("weir_offset")
  while C.weir_receipts_released(receipts, offset) == C.WEIR_OK do
    assert.is_true(offset.position > last)
    last = tonumber(offset.position)
    assert.is_true(#driver.rows(flow, sinks[1]) >= math.floor(last / 3))
    assert.is_true(#driver.rows(flow, sinks[2]) >= last)
  end
  return last
end

describe(("receipts in a flow (seed %d)"):format(seed), function()
  it("are released when all that was made of them is written, and all in the end", function()
    math.randomseed(seed)
    for _ = 1, 20 do
      local count = math.random(0, 120)
      local clock, now = driver.clock()
      local flow, behaviours, last = C.weir_flow_new(clock), {}, 0
      C.weir_flow_limit(flow, { rows = math.random(1, 5), out_bytes = math.random(20, 2000),
        hold_bytes = math.random(0, 1) * 200 })
      local receipts = C.weir_receipts_new()
      local made, free, ops = source(receipts, count)
      local sinks = build(flow, made, behaviours)
      local runner = driver.runner(function(task, run)
        return behaviours[task](run)
      end)
      driver.run(flow, runner.c, now, function()
        last = check(flow, sinks, receipts, last)
      end)
      assert.equal(count, check(flow, sinks, receipts, last))
      assert.equal(0, tonumber(C.weir_receipts_owed(receipts)))
      C.weir_flow_free(flow)
      C.weir_receipts_free(receipts)
      runner:free()
      free()
      assert(ops)
    end
  end)

  it("of records that a filter took away are not kept for what may come", function()
    math.randomseed(1)
    local clock = driver.clock()
    local flow, receipts = C.weir_flow_new(clock), C.weir_receipts_new()
    local made, free = source(receipts, 100)
    local behaviours = { filter(function()
      return false
    end) }
    local from = C.weir_flow_add_source(flow, "in", made)
    local segment = C.weir_flow_add_segment(flow, "none", 1, 1)
    local out = ffi.new("weir_sink *[1]")
    C.weir_memory_sink_new(out)
    C.weir_flow_connect(flow, from, 0, segment, 0)
    C.weir_flow_connect(flow, segment, 0, C.weir_flow_add_sink(flow, "out", out[0]), 0)
    local runner = driver.runner(function(task, run)
      return behaviours[task](run)
    end)
    local offset = ffi.new("weir_offset")
    for _ = 1, 3 do
      for _, task in ipairs({ from, segment }) do
        assert.equal(1, C.weir_flow_claim(flow, C.WEIR_HOME_ANY, task, 0))
        C.weir_flow_run(flow, task, 0, runner.c)
      end
      assert.equal(C.WEIR_OK, C.weir_receipts_released(receipts, offset))
    end
    C.weir_flow_free(flow)
    C.weir_receipts_free(receipts)
    runner:free()
    free()
  end)
end)
