local engine = require("spec.support.engine")
local ffi = require("ffi")
local support = require("spec.engine.io.support")

local C = engine.load("engine/base/clock.h", "engine/io/interval_source.h")

local MS = 1000000LL
local EVERY = 10 * MS

local source, pool
local now = ffi.new("int64_t[1]")

local function tick()
  local read, code = support.next(source, pool)
  return read and read.rows[1].text, code
end

local function expect(n, ms)
  assert.equal(('{"n":%d,"time":%d}'):format(n, ms), (tick()))
end

describe("an interval", function()
  before_each(function()
    now[0] = 1000 * MS
    local out = ffi.new("weir_source *[1]")
    assert.equal(0, C.weir_interval_source_new(out, ffi.new("weir_interval_options", {
      every_ns = EVERY, clock = C.weir_clock_by_hand(now),
    })))
    source, pool = out[0], C.weir_pool_new(1)
  end)

  after_each(function()
    C.weir_source_free(source)
    C.weir_pool_free(pool)
  end)

  it("ticks at once, and then every so often", function()
    expect(1, 1000)
    now[0] = now[0] + EVERY
    expect(2, 1010)
    now[0] = now[0] + EVERY
    expect(3, 1020)
    assert.equal(0, tonumber(source.counters[0].value))
  end)

  it("does not drift, however late a tick is taken", function()
    expect(1, 1000)
    now[0] = now[0] + EVERY + 7 * MS
    expect(2, 1010)
    now[0] = now[0] + 3 * MS
    expect(3, 1020)
  end)

  it("leaves out what was missed, and counts it", function()
    expect(1, 1000)
    now[0] = now[0] + 5 * EVERY + MS
    expect(6, 1050)
    assert.equal(4, tonumber(source.counters[0].value))
    assert.equal("ticks_missed", ffi.string(source.counters[0].name))
    now[0] = now[0] + EVERY
    expect(7, 1060)
  end)

  it("ends when it is stopped", function()
    expect(1, 1000)
    source.ops.cancel(source)
    local row, code = tick()
    assert.is_nil(row)
    assert.equal(C.WEIR_ESTOPPED, code)
  end)
end)
