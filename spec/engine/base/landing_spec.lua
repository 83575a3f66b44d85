local engine = require("spec.support.engine")
local ffi = require("ffi")

local C = engine.load("engine/base/landing.h")

describe("a landing", function()
  it("gives what has arrived in its order, and wakes for the first of those that wait", function()
    local woken = 0
    local wake = ffi.cast("void (*)(void *)", function()
      woken = woken + 1
    end)
    local landing = C.weir_landing_new(wake, nil)
    assert.is_true(C.weir_landing_take(landing) == nil)
    local arrivals = ffi.new("weir_arrival[3]")
    for i = 0, 2 do
      arrivals[i].ticket = i + 10
      C.weir_landing_put(landing, arrivals[i])
    end
    assert.equal(1, woken)
    for i = 0, 2 do
      assert.equal(1, C.weir_landing_waits(landing))
      assert.equal(i + 10, tonumber(C.weir_landing_take(landing).ticket))
    end
    assert.equal(0, C.weir_landing_waits(landing))
    C.weir_landing_put(landing, arrivals[0])
    assert.equal(2, woken)
    C.weir_landing_take(landing)
    C.weir_landing_unref(landing)
    wake:free()
  end)

  it("wakes nobody once it is closed, and drops what nobody takes when it goes", function()
    local dropped = {}
    local drop = ffi.cast("void (*)(weir_arrival *)", function(arrival)
      dropped[#dropped + 1] = tonumber(arrival.ticket)
    end)
    local landing = C.weir_landing_new(nil, nil)
    local arrivals = ffi.new("weir_arrival[2]")
    C.weir_landing_ref(landing)
    C.weir_landing_close(landing)
    for i = 0, 1 do
      arrivals[i].ticket, arrivals[i].drop = i, drop
      C.weir_landing_put(landing, arrivals[i])
    end
    C.weir_landing_unref(landing)
    assert.same({}, dropped)
    C.weir_landing_unref(landing)
    assert.same({ 0, 1 }, dropped)
    drop:free()
  end)
end)
