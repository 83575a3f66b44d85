local engine = require("spec.support.engine")
local ffi = require("ffi")

local C = engine.load("engine/base/backoff.h")

local function waits(retries, count, seed)
  local backoff, out = ffi.new("weir_backoff"), {}
  C.weir_backoff_init(backoff, ffi.new("weir_retries", retries), seed or 1)
  for i = 1, count do
    out[i] = tonumber(C.weir_backoff_next(backoff))
  end
  return out, backoff
end

describe("backoff", function()
  it("doubles up to its limit", function()
    assert.same({ 100, 200, 400, 500, 500 },
      waits({ max = 100, backoff_ns = 100, max_backoff_ns = 500 }, 5))
  end)

  it("gives up when there are no more tries, and begins anew when it worked", function()
    local got, backoff = waits({ max = 2, backoff_ns = 100, max_backoff_ns = 500 }, 3)
    assert.same({ 100, 200, -1 }, got)
    C.weir_backoff_reset(backoff)
    assert.equal(100, tonumber(C.weir_backoff_next(backoff)))
  end)

  it("leaves a share of each wait to chance", function()
    local seen = {}
    for seed = 1, 200 do
      local wait = waits({ max = 1, backoff_ns = 1000, max_backoff_ns = 1000, jitter = 0.2 }, 1,
        seed * 7919)[1]
      assert.is_true(wait >= 800 and wait <= 1200, tostring(wait))
      seen[wait] = true
    end
    assert.is_true(#require("weir.lib.keys").sorted(seen) > 100)
  end)

  it("never overflows", function()
    local max = 2 ^ 62
    local got = waits({ max = 1000, backoff_ns = 1, max_backoff_ns = max }, 200)
    assert.equal(max, got[200])
  end)

  it("pauses after too many failures in a row, until it works again", function()
    local retries = { max = 100, backoff_ns = 100, max_backoff_ns = 500, breaker_failures = 3,
      breaker_pause_ns = 9000 }
    local got, backoff = waits(retries, 5)
    assert.same({ 100, 200, 9000, 9000, 9000 }, got)
    assert.equal(1, C.weir_backoff_is_open(backoff))
    C.weir_backoff_reset(backoff)
    assert.equal(0, C.weir_backoff_is_open(backoff))
    assert.equal(100, tonumber(C.weir_backoff_next(backoff)))
  end)

  it("never waits less for a pause, and gives up as without", function()
    local got = waits({ max = 3, backoff_ns = 100, max_backoff_ns = 500, breaker_failures = 1,
      breaker_pause_ns = 150 }, 4)
    assert.same({ 150, 200, 400, -1 }, got)
  end)
end)
