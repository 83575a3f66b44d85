local engine = require("spec.support.engine")
local ffi = require("ffi")

local C = engine.load("engine/base/buf.h", "engine/data/quote.h")

local PLACES, PAD = 100, C.WEIR_BUF_PAD

describe("copying plain text", function()
  local from = ffi.new("uint8_t[?]", PLACES + PAD)
  local to = ffi.new("uint8_t[?]", PLACES + PAD)

  local function copy(size)
    ffi.fill(to, PLACES + PAD)
    local plain = C.weir_quote_copy(ffi.cast("char *", to), ffi.cast("char *", from), size)
    plain = tonumber(plain)
    assert.equal(ffi.string(from, plain), ffi.string(to, plain))
    return plain
  end

  it("stops at what a JSON string must escape, and at nothing else", function()
    for byte = 0, 255 do
      ffi.fill(from, PLACES + PAD, 0x61)
      from[byte % PLACES] = byte
      local special = byte < 0x20 or byte == 0x22 or byte == 0x5C
      assert.equal(special and byte % PLACES or PLACES, copy(PLACES))
    end
  end)

  it("does not care for what is behind the end", function()
    for size = 0, PLACES do
      for at = 0, PLACES + PAD - 1, 7 do
        ffi.fill(from, PLACES + PAD, 0xE4)
        from[at] = 0x0A
        assert.equal(math.min(at, size), copy(size))
      end
    end
  end)
end)
