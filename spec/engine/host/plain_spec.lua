local ffi = require("ffi")
local engine = require("spec.support.engine")
local encode = require("weir.native.encode")
local int = require("weir.native.int")
local list = require("weir.lib.list")
local null = require("weir.lib.null").null
local record = require("weir.native.record")

local C = engine.load("engine/data/json.h")

-- The same module, in a state that has no weir.plain.
local function without_plain()
  local loaded, preload = package.loaded["weir.plain"], package.preload["weir.plain"]
  package.loaded["weir.plain"] = nil
  package.preload["weir.plain"] = function()
    error("none")
  end
  local module = assert(loadfile("lua/weir/native/encode.lua"))()
  package.loaded["weir.plain"], package.preload["weir.plain"] = loaded, preload
  module.rows = record.rows
  return module
end

local function pick(from)
  return from[math.random(#from)]
end

local scalars = { 0, -1, 200, 1.5, 0 / 0, 2 ^ 60, true, false, "", "text", 'q"\\\n', "\195\169",
  "a\0b", null }
local odd = { "\255", print, int.from(ffi.new("weir_value", { magnitude = 2 ^ 60 + 1ULL })),
  setmetatable({ 1 }, {}), { [1.5] = 1 }, { 1, nil, 3 }, { 1, a = 2 }, { [true] = 1 } }

local function some_table(depth, some_value)
  local t = {}
  if math.random(3) == 1 then
    for i = 1, math.random(0, 5) do
      t[i] = some_value(depth - 1)
    end
    return t
  end
  for _ = 1, math.random(0, 6) do
    local key = pick({ "a", "b", "ab", "", 'k"', "\195\169", "z" .. math.random(90) })
    t[key] = some_value(depth - 1)
  end
  return t
end

local function some_value(depth)
  local kind = math.random(40)
  if kind == 1 then
    return pick(odd)
  elseif kind > 28 and depth > 0 then
    return some_table(depth, some_value)
  end
  return pick(scalars)
end

describe("plain tables", function()
  local a, b, slow

  before_each(function()
    a, b, slow = ffi.new("weir_buf"), ffi.new("weir_buf"), without_plain()
  end)

  after_each(function()
    C.weir_buf_fini(a)
    C.weir_buf_fini(b)
  end)

  local function compare(value)
    C.weir_buf_clear(a)
    C.weir_buf_clear(b)
    C.weir_buf_text(a, "before")
    C.weir_buf_text(b, "before")
    local problem = slow.put(b, value)
    assert.equal(problem, encode.put(a, value))
    assert.equal(ffi.string(b.bytes, b.size), ffi.string(a.bytes, a.size))
    return problem
  end

  it("are written as the slow way writes them, and refused where it refuses", function()
    local seed = tonumber(os.getenv("SEED")) or os.time()
    print("seed", seed)
    math.randomseed(seed)
    local refused = 0
    for _ = 1, 20000 do
      if compare({ v = some_value(4), w = some_value(2) }) then
        refused = refused + 1
      end
    end
    assert.is_true(refused > 100 and refused < 10000)
  end)

  it("come back from what was written", function()
    local seed = tonumber(os.getenv("SEED")) or os.time()
    print("seed", seed)
    math.randomseed(seed)
    local plain, value = require("weir.plain"), ffi.new("weir_value")
    local function address(pointer)
      return tonumber(ffi.cast("uintptr_t", pointer))
    end
    local function take()
      return plain.take(address(ffi.cast("weir_buf *", a)),
        address(ffi.cast("weir_value *", value)), null, function() return int.from(value) end,
        list.metatable)
    end
    for _ = 1, 5000 do
      C.weir_buf_clear(a)
      if not encode.put(a, { v = some_value(4), w = some_value(2) }) then
        local text = ffi.string(a.bytes, a.size)
        local found = take()
        C.weir_buf_clear(a)
        assert.is_nil(encode.put(a, found))
        assert.equal(text, ffi.string(a.bytes, a.size))
      end
    end
    for text, expected in pairs({ ['{"a":1,"\\u0061":[2,null]}'] = { a = { 2, null } },
      ['{"a":}'] = false, ['{"a":"\\ud800"}'] = false, [("["):rep(2000)] = false }) do
      C.weir_buf_clear(a)
      C.weir_buf_text(a, text)
      assert.same(expected, take() or false)
    end
  end)

  it("may be large, deep, or contain themselves", function()
    local wide, long, deep, own = {}, {}, {}, {}
    for i = 1, 200 do
      wide["k" .. i], long[i], deep = i, i, { deep }
    end
    own.own = own
    for _, value in ipairs({ wide, long, deep, own, { 1, { x = wide } } }) do
      compare(value)
    end
  end)
end)
