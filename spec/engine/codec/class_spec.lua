local engine = require("spec.support.engine")
local ffi = require("ffi")

local C = engine.load("engine/base/buf.h", "engine/codec/class.h")

local seed = tonumber(os.getenv("SEED")) or os.time()

local SIZE_MAX = 100

-- Few members or nearly all, so that runs are long.
local function random_class()
  local has = ffi.new("uint8_t[256]")
  local few = math.random(2) == 1
  for byte = 0, 127 do
    has[byte] = (math.random(40) == 1) == few and 1 or 0
  end
  -- One byte beyond ASCII stands for all.
  local high = math.random(0, 1)
  has[math.random(128, 255)] = high
  local class = C.weir_class_of(has)
  ffi.fill(has + 128, 128, high)
  return class, has
end

local function random_bytes(has, bytes)
  local common = math.random(0, 1)
  for i = 0, SIZE_MAX + C.WEIR_BUF_PAD - 1 do
    repeat
      bytes[i] = math.random(0, 255)
    until has[bytes[i]] == common or math.random(60) == 1
  end
end

local function is_inside(byte)
  return byte >= 0x80 and byte < 0xC0
end

local function slow_seek(has, wanted, bytes, size)
  for at = 0, size - 1 do
    if not is_inside(bytes[at]) and has[bytes[at]] == wanted then
      return at
    end
  end
  return size
end

describe("a class of characters", function()
  local bytes = ffi.new("uint8_t[?]", SIZE_MAX + C.WEIR_BUF_PAD)

  local function check(seek)
    math.randomseed(seed)
    for _ = 1, 2000 do
      local class, has = random_class()
      random_bytes(has, bytes)
      local size = math.random(0, SIZE_MAX)
      local wanted = math.random(0, 1)
      assert.equal(slow_seek(has, wanted, bytes, size),
        seek(class, wanted, ffi.cast("char *", bytes), size))
    end
  end

  it(("is entered and left where each byte says so, seed %d"):format(seed), function()
    check(C.weir_class_seek_scalar)
  end)

  it(("is so 32 bytes at a time, seed %d"):format(seed), function()
    if C.weir_class_has_avx2() == 0 then
      pending("this CPU has no AVX2")
    end
    check(C.weir_class_seek_avx2)
  end)
end)
