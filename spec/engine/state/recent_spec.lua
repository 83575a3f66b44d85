local engine = require("spec.support.engine")
local ffi = require("ffi")

local C = engine.load("engine/base/err.h", "engine/base/mem.h", "engine/state/recent.h")

local seed = tonumber(os.getenv("SEED")) or os.time()

local function new(within_ns, max_keys)
  return ffi.gc(C.weir_recent_new(within_ns, max_keys), C.weir_recent_free)
end

local function meet(recent, key, now_ns)
  return C.weir_recent_meet(recent, key, #key, now_ns)
end

-- The slow model: a list of { key, since }, the oldest first.
local Model = {}
Model.__index = Model

function Model.new(within_ns, max_keys)
  return setmetatable({ within = within_ns, max = max_keys, keys = {} }, Model)
end

function Model:meet(key, now_ns)
  while self.keys[1] and now_ns - self.keys[1].since >= self.within do
    table.remove(self.keys, 1)
  end
  for _, one in ipairs(self.keys) do
    if one.key == key then
      return C.WEIR_RECENT_KNOWN
    end
  end
  local crowded = #self.keys == self.max
  if crowded then
    table.remove(self.keys, 1)
  end
  table.insert(self.keys, { key = key, since = now_ns })
  return crowded and C.WEIR_RECENT_CROWDED or C.WEIR_RECENT_NEW
end

describe(("recent keys (seed %d)"):format(seed), function()
  it("are known until the time since they first came is over", function()
    local recent = new(100, 0)
    assert.equal(C.WEIR_RECENT_NEW, meet(recent, "a", 0))
    assert.equal(C.WEIR_RECENT_KNOWN, meet(recent, "a", 60))
    assert.equal(C.WEIR_RECENT_KNOWN, meet(recent, "a", 99))
    assert.equal(C.WEIR_RECENT_NEW, meet(recent, "a", 100))
    assert.equal(1, tonumber(C.weir_recent_count(recent)))
  end)

  it("leave, the oldest first, when there are too many", function()
    local recent = new(1000, 2)
    assert.equal(C.WEIR_RECENT_NEW, meet(recent, "a", 0))
    assert.equal(C.WEIR_RECENT_NEW, meet(recent, "", 1))
    assert.equal(C.WEIR_RECENT_CROWDED, meet(recent, "c", 2))
    assert.equal(C.WEIR_RECENT_KNOWN, meet(recent, "", 3))
    assert.equal(C.WEIR_RECENT_CROWDED, meet(recent, "a", 4))
    assert.equal(2, tonumber(C.weir_recent_count(recent)))
  end)

  it("are those of a slow model", function()
    math.randomseed(seed)
    for _, case in ipairs({ { 50, 7 }, { 400, 90 }, { 3000, 1000 }, { 1, 1 } }) do
      local recent, model, now = new(unpack(case)), Model.new(unpack(case)), 0
      for _ = 1, 6000 do
        now = now + math.random(0, 3)
        local key = ("k"):rep(math.random(0, 40)) .. math.random(2 * case[2])
        assert.equal(model:meet(key, now), meet(recent, key, now))
        assert.equal(#model.keys, tonumber(C.weir_recent_count(recent)))
      end
    end
  end)

  it("take no more memory the longer it goes on", function()
    local recent, now = new(1000, 0), 0
    local function go_on()
      for _ = 1, 20000 do
        now = now + 1
        meet(recent, "key number " .. now, now)
      end
      return engine.held()
    end
    local used = go_on()
    assert.is_true(go_on() < 1.1 * used)
    assert.equal(1000, tonumber(C.weir_recent_count(recent)))
  end)
end)
