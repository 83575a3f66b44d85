local engine = require("spec.support.engine")
local ffi = require("ffi")

local C = engine.load("engine/data/json.h", "engine/data/utf8.h")

-- Short texts are checked byte by byte, so they are the model of the kernel.
local function is_good(bytes, size)
  return C.weir_utf8_check(bytes, size) == size
end

-- Where one rule ends and the next begins.
local edges = {
  0x00, 0x41, 0x7F, 0x80, 0x8F, 0x90, 0x9F, 0xA0, 0xBF, 0xC0, 0xC1, 0xC2, 0xDF, 0xE0, 0xE1, 0xEC,
  0xED, 0xEE, 0xEF, 0xF0, 0xF1, 0xF3, 0xF4, 0xF5, 0xFF,
}

describe("UTF-8 in blocks", function()
  if C.weir_utf8_has_avx2() == 0 then
    pending("this CPU has no AVX2")
    return
  end

  it("is judged as byte by byte, at every place in a block", function()
    local room = ffi.new("char[96]")
    local piece = ffi.new("unsigned char[4]")
    local wrong, good = 0, 0
    local number = 0
    for _, a in ipairs(edges) do
      for _, b in ipairs(edges) do
        for _, c in ipairs(edges) do
          for _, d in ipairs(edges) do
            piece[0], piece[1], piece[2], piece[3] = a, b, c, d
            local expected = is_good(ffi.cast("char *", piece), 4)
            number = number + 1
            local at = number % 61
            ffi.fill(room, 64, 0x61)
            ffi.copy(room + at, piece, 4)
            if (C.weir_utf8_holds_avx2(room, 65) == 1) ~= expected then
              wrong = wrong + 1
            end
            good = good + (expected and 1 or 0)
          end
        end
      end
    end
    assert.equal(0, wrong)
    assert.is_true(good > 500)
  end)

  it("sees a sequence that the end cuts off", function()
    for size = 1, 70 do
      local text = ("x"):rep(size - 1) .. "\xC3"
      assert.equal(0, C.weir_utf8_holds_avx2(text, size))
      assert.equal(size - 1, tonumber(C.weir_utf8_check(text, size)))
      text = ("x"):rep(size) .. "\xF0\x9F\x98\x80"
      assert.equal(1, C.weir_utf8_holds_avx2(text, #text))
      assert.equal(0, C.weir_utf8_holds_avx2(text, #text - 1))
    end
  end)

  it("is pointed at where it goes wrong", function()
    local text = ("é"):rep(40) .. "\xC0\x80" .. ("é"):rep(40)
    assert.equal(80, tonumber(C.weir_utf8_check(text, #text)))
  end)
end)
