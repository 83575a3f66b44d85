local engine = require("spec.support.engine")
local int = require("weir.native.int")
local record = require("weir.native.record")

local C = engine.load("engine/op/record.h")

local function read(text)
  local json = '{"v":' .. text .. "}"
  assert.equal(C.WEIR_OK, C.weir_rows_open_text(record.rows, 0, json, #json, -1))
  return record.slot(0).v
end

describe("weir.int", function()
  it("is what a double cannot hold, and nothing else", function()
    assert.equal("number", type(read("9007199254740992")))
    assert.is_true(int.is(read("9007199254740993")))
    assert.is_true(int.is(read("-9007199254740993")))
    assert.equal("number", type(read("-9223372036854775808")))
    assert.is_true(int.is(read("18446744073709551615")))
    assert.equal("number", type(read("18446744073709551616")))
    assert.equal("number", record.type(read("9007199254740993")))
  end)

  it("prints without a suffix and joins with texts", function()
    local big = read("18446744073709551615")
    assert.equal("18446744073709551615", tostring(big))
    assert.equal("id 18446744073709551615!", "id " .. big .. "!")
    assert.equal("-9007199254740993", tostring(read("-9007199254740993")))
  end)

  it("compares exactly, with numbers too", function()
    local big = read("9007199254740993")
    assert.is_true(big == read("9007199254740993"))
    assert.is_false(big == 9007199254740992)
    assert.is_true(big > 9007199254740992)
    assert.is_true(9007199254740994 > big)
    assert.is_true(big <= read("9007199254740993"))
    assert.is_false(big == "9007199254740993")
    assert.is_false(big == nil)
    assert.is_false(big < 0 / 0)
    assert.is_false(big > 0 / 0)
    assert.error_matches(function() return big < {} end, "compare")
  end)

  it("computes exactly, and gives plain numbers where they are exact", function()
    local big = read("9007199254740993")
    assert.equal("9007199254740995", tostring(big + 2))
    assert.equal(9007199254740991, big - 2)
    assert.equal("number", type(big - 1))
    assert.equal("18014398509481986", tostring(big * 2))
    assert.equal("27021597764222979", tostring(big * 3))
    assert.equal(3, big % 10)
    assert.equal(-7, big % -10)
    assert.equal("-9007199254740993", tostring(-big))
    assert.is_true(-(-big) == big)
    assert.equal(9007199254740992 / 2, big / 2)
    assert.equal(9007199254740992 + 0.5, big + 0.5)
    assert.is_true((big % 0) ~= (big % 0))
  end)

  it("raises on overflow, at the caller's line", function()
    local big = read("18446744073709551615")
    local _, problem = pcall(function() return big + 1 end)
    assert.matches("int_spec.lua:%d+: integer overflow", problem)
    assert.error_matches(function() return big * big end, "overflow")
    assert.error_matches(function() return -big end, "overflow")
    assert.error_matches(function() return big + {} end, "arithmetic on a table")
  end)

  it("goes back into a record as it was", function()
    local r = record.slot(0)
    local big = read("18446744073709551615")
    r.w = big
    r.list = { big }
    assert.equal('{"v":18446744073709551615,"w":18446744073709551615,'
      .. '"list":[18446744073709551615]}', tostring(r))
  end)

  it("has nothing to write to", function()
    local big = read("18446744073709551615")
    for _, key in ipairs({ "magnitude", "negative", "x", 0, 1 }) do
      assert.has_error(function() big[key] = 1 end)
    end
    assert.has_error(function() return big[1] end)
    assert.has_error(function() return big.x end)
  end)
end)
