local engine = require("spec.support.engine")
local ffi = require("ffi")

local C = engine.load("engine/state/buckets.h")

local S = 1e9
local seed = tonumber(os.getenv("SEED")) or os.time()

local forgotten = ffi.new("double[1]")

local function new(max_keys)
  forgotten[0] = 0
  return ffi.gc(C.weir_buckets_new(max_keys, forgotten), C.weir_buckets_free)
end

local function take(buckets, key, rate, burst, now_ns)
  return C.weir_buckets_take(buckets, key, #key, rate, burst, now_ns)
end

describe(("buckets (seed %d)"):format(seed), function()
  it("give each key its burst, and then as many as its rate", function()
    local buckets = new(100)
    local got = {}
    for _, key in ipairs({ "a", "a", "a", "b", "a", "b", "b" }) do
      got[#got + 1] = take(buckets, key, 10, 2, S)
    end
    assert.same({ 1, 1, 0, 1, 0, 1, 0 }, got)
    assert.equal(0, take(buckets, "a", 10, 2, 1.09 * S))
    assert.equal(1, take(buckets, "a", 10, 2, 1.1 * S))
    assert.equal(0, take(buckets, "a", 10, 2, 1.1 * S))
  end)

  it("are those of a slow model as long as there are not too many", function()
    math.randomseed(seed)
    local buckets, model, now = new(1000), {}, 0
    for _ = 1, 20000 do
      now = now + math.random(0, 3) * 1e6
      local key = "k" .. math.random(300)
      local one = model[key] or { tokens = 3, since = now }
      model[key] = one
      local tokens = math.min(3, one.tokens + (now - one.since) * 7 / S)
      local granted = tokens >= 1 - 1e-9
      one.tokens, one.since = granted and tokens - 1 or tokens, now
      assert.equal(granted and 1 or 0, take(buckets, key, 7, 3, now))
    end
    assert.equal(0, forgotten[0])
  end)

  it("of keys that nobody asked for lately go, and those that were not full are counted", function()
    local buckets = new(4)
    for _, key in ipairs({ "a", "a", "b" }) do
      take(buckets, key, 1, 2, 0)
    end
    assert.equal(0, take(buckets, "a", 1, 2, 0))
    take(buckets, "c", 1, 2, 0) -- a and b are the older generation
    assert.equal(0, take(buckets, "a", 1, 2, 0)) -- and a is of the newer again
    assert.equal(0, forgotten[0])
    take(buckets, "d", 1, 2, 0.5 * S) -- b goes, and had one of two
    assert.equal(1, forgotten[0])
    take(buckets, "e", 1, 2, 99 * S)
    take(buckets, "f", 1, 2, 99 * S) -- those that go now were full long ago
    assert.equal(1, forgotten[0])
  end)
end)
