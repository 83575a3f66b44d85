local null = require("weir.lib.null").null
local numbers = require("weir.expr.numbers")
local ops = require("weir.expr.ops")
local record = require("weir.native.record")
local text = require("weir.expr.text")

local big = numbers.tonumber("9007199254740993")
local least = numbers.tonumber("-9223372036854775808")

local function show(...)
  local parts = {}
  for i = 1, select("#", ...) do
    parts[i] = tostring((select(i, ...)))
  end
  return table.concat(parts, " ")
end

describe("functions of numbers", function()
  it("keep exact integers exact", function()
    local m = numbers.math
    assert.equal("9007199254740993", show(m.floor(big)))
    assert.equal("9007199254740993", show(m.ceil(big)))
    assert.equal("9007199254740993", show(m.abs(-big)))
    assert.equal("9223372036854775808", show(m.abs(least)))
    assert.equal("9007199254740993", show(m.max(big, 1, 2 ^ 53)))
    assert.equal("9007199254740993", show(m.min(big, 2 ^ 60)))
    assert.equal("1", show(m.min(big, "1")))
    assert.equal("-3", show(m.fmod(-big, 10)))
    assert.equal("9007199254740993 0", show(m.modf(big)))
    assert.equal(math.sqrt(2 ^ 53), m.sqrt(big))
    assert.equal(2 ^ 106, m.pow(big, 2))
    local _, problem = pcall(function() m.max(big, {}) end)
    assert.matches("numbers_spec.lua:%d+: bad argument", problem)
  end)

  it("answer for plain numbers as Lua does", function()
    for name, fn in pairs(numbers.math) do
      for _, arguments in ipairs(type(fn) == "function" and name ~= "randomseed"
        and name ~= "random" and { { 1.5 }, { -2.5, 3 }, { "7", 2 }, { "x" }, { 3, 1, 2 } }
        or {}) do
        local wanted = show(pcall(math[name], unpack(arguments)))
        local got = show(pcall(fn, unpack(arguments)))
        assert.equal((wanted:gsub("'%w*%??'", "")), (got:gsub("'%w*%??'", "")))
      end
    end
  end)

  it("read digits exactly", function()
    assert.equal("number", type(numbers.tonumber("9007199254740991")))
    assert.equal("18446744073709551615", show(numbers.tonumber(" 00018446744073709551615 ")))
    assert.equal(18446744073709551616, numbers.tonumber("18446744073709551616"))
    assert.is_nil(numbers.tonumber("90071992547409930x"))
    assert.equal(255, numbers.tonumber("ff", 16))
    assert.error_matches(function() numbers.tonumber() end, "bad argument")
  end)

  it("format exact integers", function()
    for template, wanted in pairs({ ["%d"] = "9007199254740993",
      ["%20d|"] = "    9007199254740993|",
      ["%-20i|"] = "9007199254740993    |", ["%020d"] = "00009007199254740993",
      ["%+d"] = "+9007199254740993", ["%x"] = "20000000000001", ["%#X"] = "0X20000000000001",
      ["%s"] = "9007199254740993", ["%g"] = "9.0072e+15", ["%%%d%%"] = "%9007199254740993%",
      ["%.18d"] = "009007199254740993" }) do
      assert.equal(wanted, numbers.format(template, big))
    end
    local all = numbers.tonumber("18446744073709551615")
    assert.equal("ffffffffffffffff", numbers.format("%x", all))
    assert.equal("a 1 -9223372036854775808", numbers.format("%s %d %d", "a", 1, least))
    assert.equal("007", numbers.format("%03d", 7))
  end)

  it("give no address away", function()
    for _, template in ipairs({ "%p", "%-20p", "a%%%p" }) do
      local _, problem = pcall(function() numbers.format(template, {}) end)
      assert.matches("numbers_spec.lua:%d+: string.format: %%p is not here", problem)
    end
    assert.equal("%p", numbers.format("%%p"))
    local named = setmetatable({}, { __tostring = function() return "me" end, __metatable = 1 })
    for value, shown in pairs({ [{}] = "table", [print] = "function", [null] = "null",
      [coroutine.create(print)] = "thread", [named] = "me", [big] = "9007199254740993" }) do
      assert.equal(shown, numbers.shown(value))
      assert.equal("1 <" .. shown .. ">", numbers.format("%d <%s>", 1, value))
    end
  end)
end)

describe("numbers in text expressions", function()
  setup(function()
    ops.use_records(record)
  end)

  local r = { c = big, whole = 1e17, digits = "9007199254740993" }
  for source, wanted in pairs({
    ["floor(c)"] = "9007199254740993",
    ["max(c, 1)"] = "9007199254740993",
    ["format('%d', c)"] = "9007199254740993",
    ["tonumber(digits)"] = "9007199254740993",
    ["digits + 1"] = "9007199254740994",
    ["-digits"] = "-9007199254740993",
    ["whole .. ''"] = "100000000000000000",
    ["tostring(whole)"] = "100000000000000000",
    ["sub(whole, 1, 3)"] = "100",
    ["whole ~ '^1000'"] = "true",
    ["0.1 + 0.2 .. ''"] = "0.3",
  }) do
    it("are written and computed in full: " .. source, function()
      assert.equal(wanted, tostring(text.compile(source).fn(r)))
    end)
  end
end)
