local ffi = require("ffi")
local engine = require("spec.support.engine")

local C = engine.load("engine/base/buf.h", "engine/data/value.h", "engine/op/sort_key.h")

local TEXTS = {
  "null", "false", "true", "0", "-0", "1", "-1", "1.5", "-1.5", "1e300", "-1e300", "1e400",
  "-1e400", "5e-324", "9007199254740991", "9007199254740992", "9007199254740993",
  "-9007199254740993", "18446744073709551615", "-9223372036854775808", '""', '"a"', '"a\\u0000"',
  '"abcdefgh"', '"abcdefghi"', '"abcdefgi"', '"\\u00e4"', '"\\uffff"', "{}", "[]", '{"a":1}', "[1]",
}

-- Holds texts for as long as the values of them are looked at.
local scratch = ffi.gc(ffi.new("weir_buf"), C.weir_buf_fini)

local function read_all()
  local values = ffi.new("weir_value[?]", #TEXTS + 2)
  C.weir_buf_clear(scratch)
  C.weir_buf_reserve(scratch, 1024)
  for i, text in ipairs(TEXTS) do
    assert.equal(0, C.weir_value_read({ text, #text }, scratch, values[i - 1]))
  end
  values[#TEXTS].kind = C.WEIR_ABSENT
  values[#TEXTS + 1].kind, values[#TEXTS + 1].number = C.WEIR_NUMBER, 0 / 0
  return values, #TEXTS + 2
end

describe("a sort key", function()
  it("has a prefix that never contradicts it, either way", function()
    local values, count = read_all()
    for descends = 0, 1 do
      local descending = ffi.new("uint32_t[1]", descends)
      for i = 0, count - 1 do
        for j = 0, count - 1 do
          local left = C.weir_sort_key_prefix(values[i], descends)
          local right = C.weir_sort_key_prefix(values[j], descends)
          local sign = C.weir_sort_key_compare(values + i, values + j, descending, 1)
          assert.is_true(left == right or (left < right) == (sign < 0) and sign ~= 0,
            ("%s and %s"):format(TEXTS[i + 1] or i, TEXTS[j + 1] or j))
        end
      end
    end
  end)

  it("puts what is missing last, either way", function()
    local values, count = read_all()
    for descends = 0, 1 do
      local descending = ffi.new("uint32_t[1]", descends)
      for i = 1, count - 3 do
        assert.is_true(C.weir_sort_key_compare(values, values + i, descending, 1) > 0)
        assert.is_true(C.weir_sort_key_prefix(values[i], descends)
          < C.weir_sort_key_prefix(values[0], descends))
      end
      assert.equal(0, C.weir_sort_key_compare(values, values + count - 2, descending, 1))
    end
  end)
end)
