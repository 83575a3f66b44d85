local engine = require("spec.support.engine")
local ffi = require("ffi")

local C = engine.load("engine/base/clock.h", "engine/loop/loop.h")

local clock = C.weir_clock_real()

local function work_ms(ms)
  local start = clock.monotonic_ns(clock.context)
  while clock.monotonic_ns(clock.context) - start < ms * 1e6 do end
end

describe("a step of the loop", function()
  it("ends when its time is over, however long its user did something else", function()
    local out = ffi.new("weir_loop *[1]")
    assert.equal(0, C.weir_loop_new(out, 1, nil, nil))
    for _, timeout_ms in ipairs({ 0, 1, 5 }) do
      C.weir_loop_step(out[0], timeout_ms)
      work_ms(timeout_ms + 5)
      C.weir_loop_step(out[0], timeout_ms)
    end
    C.weir_loop_free(out[0])
  end)
end)
