local ffi = require("ffi")
local engine = require("spec.support.engine")

local C = engine.load("engine/base/err.h", "engine/data/value.h")

local scratch = ffi.new("weir_buf")

local function read(text)
  local out = ffi.new("weir_value")
  local code = C.weir_value_read(ffi.new("weir_slice", text, #text), scratch, out)
  return code == C.WEIR_OK and out or nil, code
end

local function write(value)
  local out = ffi.new("weir_buf")
  C.weir_value_write(out, value)
  local text = ffi.string(out.bytes, out.size)
  C.weir_buf_fini(out)
  return text
end

local function write_number(number)
  return write(ffi.new("weir_value", { kind = C.WEIR_NUMBER, number = number }))
end

local function compare(left, right)
  local first, second = assert(read(left)), assert(read(right))
  local sign = C.weir_value_compare(first, second)
  return sign < 0 and -1 or sign > 0 and 1 or 0
end

describe("value", function()
  it("reads the words of JSON", function()
    assert.equal(C.WEIR_NULL, read("null").kind)
    assert.equal(C.WEIR_TRUE, read("true").kind)
    assert.equal(C.WEIR_FALSE, read("false").kind)
    assert.equal(C.WEIR_OBJECT, read("{}").kind)
    assert.equal(C.WEIR_ARRAY, read("[1, 2]").kind)
  end)

  for _, text in ipairs({ "nul", "True", "", "x", "nulll", "{", "[}", '"\\x"', '"a\nb"' }) do
    it(("says ESYNTAX to %q"):format(text), function()
      assert.equal(C.WEIR_ESYNTAX, select(2, read(text)))
    end)
  end

  for _, text in ipairs({ "01", "1.", "+1", "-", ".5", "1e", "1e+", "1.e1", "0x1", "1_0", "--1",
    "-01", "1.5.2", "1e5e5", "12345678x", "1a", "-a", "1.12345678.", "0.0e" }) do
    it("says ENUMBER to " .. text, function()
      assert.equal(C.WEIR_ENUMBER, select(2, read(text)))
    end)
  end

  it("reads numbers as the C library does", function()
    math.randomseed(7)
    local function digits(count)
      local out = {}
      for i = 1, count do
        out[i] = math.random(0, 9)
      end
      return (table.concat(out):gsub("^0+(%d)", "%1"))
    end
    for _ = 1, 50000 do
      local text = (math.random(2) == 1 and "-" or "") .. digits(math.random(25))
      if math.random(2) == 1 then
        text = text .. "." .. ("0"):rep(math.random(0, 3)) .. digits(math.random(25))
      end
      if math.random(3) == 1 then
        text = text .. "e" .. (math.random(2) == 1 and "-" or "") .. math.random(0, 330)
      end
      local value = assert(read(text), text)
      if value.kind == C.WEIR_NUMBER then
        assert.equal(tonumber(text), value.number, text)
      else
        assert.equal(text, write(value))
      end
    end
  end)

  it("keeps integers of 2^53 and more", function()
    for _, text in ipairs({ "9007199254740992", "9007199254740993", "-9007199254740994",
      "18446744073709551615", "-9223372036854775808" }) do
      assert.equal(C.WEIR_INTEGER, read(text).kind)
      assert.equal(text, write(read(text)))
    end
    assert.equal(C.WEIR_NUMBER, read("9007199254740991").kind)
    assert.equal(C.WEIR_NUMBER, read("18446744073709551616").kind)
    assert.equal(C.WEIR_NUMBER, read("-9223372036854775809").kind)
    assert.equal(math.huge, read("1e400").number)
    assert.equal(-math.huge, read("-1e400").number)
    assert.equal(0, read("1e-400").number)
    assert.equal(-math.huge, 1 / read("-0").number)
  end)

  it("undoes escapes", function()
    local value = read([["a\"\\\/\b\f\n\r\t\u0041\u00e9\u20ac\ud83d\ude00"]])
    assert.equal(C.WEIR_TEXT, value.kind)
    assert.equal('a"\\/\b\f\n\r\tAé€😀', ffi.string(value.text, value.size))
    value = read([["\u0000"]])
    assert.equal("\0", ffi.string(value.text, value.size))
    assert.equal(C.WEIR_EUTF8, select(2, read([["\ud800"]])))
    assert.equal(C.WEIR_EUTF8, select(2, read([["\udc00\ud800"]])))
    assert.equal(C.WEIR_ESYNTAX, select(2, read([["\u12"]])))
  end)

  it("writes text that reads back the same", function()
    math.randomseed(8)
    for _ = 1, 2000 do
      local bytes = {}
      for i = 1, math.random(0, 20) do
        bytes[i] = string.char(math.random(0, 127))
      end
      local text = table.concat(bytes)
      local out = ffi.new("weir_buf")
      C.weir_write_text(out, text, #text)
      local json = ffi.string(out.bytes, out.size)
      C.weir_buf_fini(out)
      local value = assert(read(json))
      assert.equal(text, ffi.string(value.text, value.size))
    end
  end)

  it("writes the shortest number that reads back the same", function()
    for number, text in pairs({ [0] = "0", [-1] = "-1", [0.1] = "0.1", [123.456] = "123.456",
      [1e21] = "1e+21", [2 ^ 53] = "9007199254740992", [5e-324] = "4.94065645841247e-324",
      [2 ^ 63] = "9223372036854775808",
      [-2 ^ 60] = "-1152921504606846976", [2 ^ 64] = "1.8446744073709552e+19",
      [1 / 3] = "0.3333333333333333", [-0.5] = "-0.5", [1e16] = "10000000000000000",
      [0.30000000000000004] = "0.30000000000000004", [1700000000.25] = "1700000000.25" }) do
      assert.equal(text, write_number(number))
    end
    assert.equal("null", write_number(0 / 0))
    assert.equal("null", write_number(math.huge))
    math.randomseed(9)
    local bits = ffi.new("union { uint32_t words[2]; double number; }")
    for _ = 1, 50000 do
      -- The exponent stays below that of NaN, whose bits Lua may take for something else.
      bits.words[0], bits.words[1] = math.random(0, 2 ^ 32 - 1), math.random(0, 0x7fefffff)
      local number = math.random(2) == 1 and bits.number
        or math.random(-1e6, 1e6) / 10 ^ math.random(0, 12)
      local text = write_number(number)
      assert.equal(number, tonumber(text))
      assert.is_true(#text <= #("%.17g"):format(number) + 1, text)
    end
  end)

  it("orders numbers and integers exactly", function()
    assert.equal(-1, compare("9007199254740992", "9007199254740993"))
    assert.equal(1, compare("9007199254740994", "9007199254740993"))
    assert.equal(1, compare("18446744073709551616", "18446744073709551615"))
    assert.equal(-1, compare("-9007199254740993", "-9007199254740992"))
    assert.equal(-1, compare("-9007199254740993", "9007199254740993"))
    assert.equal(1, compare("1e400", "18446744073709551615"))
    assert.equal(0, compare("9007199254740993", "9007199254740993"))
    assert.equal(0, compare("1.0", "1"))
  end)

  it("orders kinds", function()
    local texts = { "null", "false", "true", "-1", "0", "1e400", '""', '"a"', '"aa"', '"b"', "[1]",
      "{}" }
    for i, left in ipairs(texts) do
      for j, right in ipairs(texts) do
        assert.equal(i < j and -1 or i > j and 1 or 0, compare(left, right))
      end
    end
  end)
end)
