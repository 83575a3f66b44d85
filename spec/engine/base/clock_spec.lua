local engine = require("spec.support.engine")
local ffi = require("ffi")

local C = engine.load("engine/base/clock.h", "engine/base/waker.h")

describe("a clock", function()
  it("stands still until its hand is turned", function()
    local now = ffi.new("int64_t[1]", 5)
    local clock = C.weir_clock_by_hand(now)
    assert.equal(5, tonumber(clock.monotonic_ns(clock.context)))
    now[0] = 7
    assert.equal(7, tonumber(clock.monotonic_ns(clock.context)))
    assert.equal(7, tonumber(clock.wall_ns(clock.context)))
  end)
end)

describe("a waker", function()
  local waker

  before_each(function()
    waker = C.weir_waker_new()
  end)

  after_each(function()
    C.weir_waker_free(waker)
  end)

  it("does not sleep when it was woken after it had prepared", function()
    local ticket = C.weir_waker_prepare(waker)
    C.weir_waker_wake(waker)
    C.weir_waker_sleep(waker, ticket, 0) -- for ever, if the wake were lost
  end)

  it("wakes by itself at a time that is over", function()
    C.weir_waker_sleep(waker, C.weir_waker_prepare(waker), 1)
  end)

  it("sleeps anew after a sleep that was called off", function()
    C.weir_waker_prepare(waker)
    C.weir_waker_cancel(waker)
    C.weir_waker_wake(waker)
    C.weir_waker_sleep(waker, C.weir_waker_prepare(waker), 1)
  end)
end)
