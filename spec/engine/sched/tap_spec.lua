local driver = require("spec.support.driver")
local engine = require("spec.support.engine")
local ffi = require("ffi")

local C = engine.load("engine/base/buf.h", "engine/data/line.h", "engine/io/memory.h",
  "engine/sched/flow.h", "engine/sched/tap.h")

local ROWS = 3000

local function play()
  local clock = driver.clock()
  local flow = C.weir_flow_new(clock)
  local sink = ffi.new("weir_sink *[1]")
  assert(C.weir_memory_sink_new(sink) == 0)
  local from = C.weir_flow_add_source(flow, "from", driver.numbers(1, ROWS))
  local to = C.weir_flow_add_sink(flow, "to", sink[0])
  C.weir_flow_connect(flow, from, 0, to, 0)
  return flow, from, to
end

-- The rows that a tap gives, and how many records have passed.
local function taken(take)
  local buf = ffi.new("weir_buf")
  C.weir_buf_init(buf)
  local passed, rows, at, size = tonumber(take(buf)), {}, 0, ffi.new("uint32_t[1]")
  while at < tonumber(buf.size) do
    ffi.copy(size, buf.bytes + at, 4)
    rows[#rows + 1] = ffi.string(buf.bytes + at + 4, size[0])
    at = at + 4 + size[0]
  end
  C.weir_buf_fini(buf)
  return rows, passed
end

describe("a tap", function()
  local pool, tap

  before_each(function()
    pool, tap = C.weir_pool_new(1), C.weir_tap_new()
  end)

  after_each(function()
    C.weir_tap_free(tap)
    C.weir_pool_free(pool)
  end)

  local function offer(rows, text)
    local batch = C.weir_batch_new(pool)
    for n = 1, rows do
      local row = text or ('{"n":%d}'):format(n)
      C.weir_line_add(batch, row, #row)
    end
    C.weir_tap_offer(tap, batch)
    C.weir_batch_unref(batch)
  end

  local function take()
    return taken(function(buf)
      return C.weir_tap_take(tap, buf)
    end)
  end

  it("shows nothing of what passed before it was opened, or after it was closed", function()
    offer(5)
    C.weir_tap_open(tap, 1)
    assert.same({ {}, 0 }, { take() })
    offer(2)
    C.weir_tap_open(tap, 0)
    offer(3)
    assert.same({ {}, 0 }, { take() })
  end)

  it("shows all of a few rows, and of many some from everywhere", function()
    C.weir_tap_open(tap, 1)
    offer(2)
    assert.same({ { '{"n":1}', '{"n":2}' }, 2 }, { take() })
    offer(1600)
    local rows, passed = take()
    assert.same({ C.WEIR_TAP_ROWS, 1600 }, { #rows, passed })
    assert.same({ '{"n":1}', '{"n":1501}' }, { rows[1], rows[#rows] })
  end)

  it("holds no more than it may when nobody takes", function()
    C.weir_tap_open(tap, 1)
    local long = ('{"t":"%s"}'):format(("x"):rep(20000))
    for _ = 1, 10 do
      offer(16, long)
    end
    offer(1, ('{"t":"%s"}'):format(("x"):rep(C.WEIR_TAP_BYTES)))
    local rows, passed = take()
    assert.same({ math.floor(C.WEIR_TAP_BYTES / (#long + 4)), 161 }, { #rows, passed })
  end)

  it("says what it wants of a stage, and is given no more", function()
    local taps = ffi.new("weir_tap *[3]")
    taps[1] = tap
    assert.equal(-1, C.weir_tap_wanting(taps, 3, 0))
    C.weir_tap_add(tap, "{}", 2)
    C.weir_tap_open(tap, 1)
    assert.equal(1, C.weir_tap_wanting(taps, 3, 2))
    for _ = 1, C.WEIR_TAP_WANTED + 1 do
      C.weir_tap_add(tap, "{}", 2)
    end
    assert.equal(-1, C.weir_tap_wanting(taps, 3, 0))
    assert.equal(C.WEIR_TAP_WANTED, #take())
    assert.equal(1, C.weir_tap_wanting(taps, 3, 0))
    C.weir_tap_open(tap, 0)
    assert.equal(-1, C.weir_tap_wanting(taps, 3, 0))
  end)

  it("of a port shows what the port sends", function()
    local flow, from = play()
    C.weir_flow_tap(flow, from, 0, 1)
    driver.run(flow)
    local rows, passed = taken(function(buf)
      return C.weir_flow_take_tapped(flow, from, 0, buf)
    end)
    assert.equal(ROWS, passed)
    assert.equal('{"n":1}', rows[1])
    C.weir_flow_free(flow)
  end)
end)

describe("a flow that is paused", function()
  local ready = ffi.new("uint32_t[4]")

  local function count_ready(flow)
    return C.weir_flow_ready(flow, C.WEIR_HOME_ANY, 0, ready, 4)
  end

  it("rests, and goes on where it was", function()
    local flow, _, to = play()
    C.weir_flow_pause(flow, 1)
    assert.equal(0, count_ready(flow))
    assert.equal(0, tonumber(C.weir_flow_next_ns(flow, C.WEIR_HOME_ANY, C.WEIR_FLOW_ANYBODY)))
    C.weir_flow_pause(flow, 0)
    driver.run(flow, nil, nil, function(step)
      if step == 2 then
        C.weir_flow_pause(flow, 1)
        while count_ready(flow) > 0 do -- what is under way arrives
          assert.equal(to, ready[0])
          assert(C.weir_flow_claim(flow, C.WEIR_HOME_ANY, to, 0) == 1)
          C.weir_flow_run(flow, to, 0, nil)
        end
        C.weir_flow_pause(flow, 0)
      end
    end)
    assert.equal(ROWS, #driver.rows(flow, to))
    C.weir_flow_free(flow)
  end)

  it("can be stopped", function()
    local flow, _, to = play()
    C.weir_flow_pause(flow, 1)
    C.weir_flow_stop(flow)
    driver.run(flow)
    assert.equal(0, #driver.rows(flow, to))
    C.weir_flow_free(flow)
  end)
end)
