local engine = require("spec.support.engine")
local ffi = require("ffi")

local C = engine.load("engine/op/match.h")

-- The whole text is surrounded by bytes that no search may look at.
local function search(text, pattern, from, caret)
  local fenced = "aaa" .. text .. "aaa"
  local match = ffi.new("weir_match", { from = from or 0 })
  local bytes = ffi.cast("const char *", fenced) + 3
  local code = C.weir_match_search(match, bytes, #text, pattern, #pattern,
    caret ~= false)
  return code, match
end

describe("match", function()
  it("tells where, from 0 to one past it", function()
    local code, match = search("xxabab", "(a)b")
    assert.same({ 1, 2, 4, 1, 2, 1 },
      { code, match.first, match.last, match.captures, match.start[0], match.size[0] })
  end)

  it("sees no byte before or behind its text", function()
    assert.equal(0, (search("bb", "a")))
    assert.equal(0, (search("b", "ba")))
    local _, match = search("b", "%f[%w]b%f[%W]")
    assert.same({ 0, 1 }, { match.first, match.last })
  end)

  it("takes a caret for a letter where told so", function()
    assert.equal(0, (search("b^a", "^a")))
    assert.equal(1, (search("b^a", "^a", 0, false)))
    assert.equal(1, (search("ba", "^a", 1)))
  end)

  it("takes () for a position", function()
    local _, match = search("abc", "b()")
    assert.same({ C.WEIR_MATCH_POSITION, 2 }, { match.size[0], match.start[0] })
  end)

  for pattern, fault in pairs({
    ["%"] = "ESCAPE", ["[a"] = "SET", ["%f"] = "FRONTIER", ["%bx"] = "BALANCE", [")"] = "CLOSE",
    ["%1"] = "REFERENCE", [("(a"):rep(40)] = "CAPTURES", [("a?"):rep(300)] = "DEPTH",
    [("a-"):rep(9) .. "b"] = "STEPS",
  }) do
    it("has a name for the fault of " .. pattern:sub(1, 20), function()
      local text = ("a"):rep(pattern:find("a%-") and 5000 or 500)
      assert.equal(C["WEIR_MATCH_" .. fault], (search(text, pattern)))
    end)
  end

  it("finds literals", function()
    assert.equal(3, tonumber(C.weir_match_literal("abcab", 5, 1, "ab", 2)))
    assert.equal(-1, tonumber(C.weir_match_literal("abcab", 4, 1, "ab", 2)))
    assert.equal(2, tonumber(C.weir_match_literal("abc", 3, 2, "", 0)))
  end)
end)
