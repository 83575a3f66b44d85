local fuel = require("weir.expr.fuel")
local strings = require("weir.expr.strings")

-- What a call gives or raises, without the place of an error.
local function outcome(fn, ...)
  local results = { pcall(fn, ...) }
  if not results[1] then
    local message = tostring(results[2]):gsub("^[^:]+:%d+: ", "")
    results[2] = message:gsub("'%?'", "'f'"):gsub("to '%a+'", "to 'f'")
  end
  return results
end

local function same(name, ...)
  local wanted, got = outcome(string[name], ...), outcome(strings[name], ...)
  for i = 1, 12 do
    if wanted[i] ~= got[i] then
      return false, wanted, got
    end
  end
  return true
end

local function collected(gmatch)
  return function(s, pattern)
    local parts = {}
    for a, b, c in gmatch(s, pattern) do
      parts[#parts + 1] = ("%s,%s,%s"):format(tostring(a), tostring(b), tostring(c))
    end
    return table.concat(parts, ";")
  end
end

describe("find, match, gmatch and gsub with a limit", function()
  local pieces = { "a", "b", ".", "%a", "%d", "%w", "%s", "[ab]", "[^a]", "[a-c]", "[%a_]", "[]a]",
    "[^]]", "*", "+", "-", "?", "(", ")", "()", "^", "$", "%b()", "%bab", "%f[a]", "%f[%w]", "%1",
    "%2", "%", "[", "%.", "%%", "\0", "%z", "x", "%g", "%p", "%u", "%x", "%L", "\200", "[a-", "%]" }
  local text = { "a", "b", "c", "ab", " ", "(", ")", "x", "1", "\0", "\200", ".", "%", "A", "_" }
  local templates = { "x", "%0", "%1", "%2", "%%", "%", "y", "%x" }

  local function some(list, most)
    local parts = {}
    for i = 1, math.random(0, most) do
      parts[i] = list[math.random(#list)]
    end
    return table.concat(parts)
  end

  local function by_function(a, b)
    if a == "a" then
      return nil
    end
    return a == "c" and {} or tostring(a) .. tostring(b)
  end

  it("give and raise exactly what Lua's do", function()
    local seed = tonumber(os.getenv("SEED")) or os.time()
    math.randomseed(seed)
    local by_table = { a = "1", ab = 2, b = false, [1] = "one" }
    for _ = 1, 20000 do
      local s, p = some(text, 8), some(pieces, 6)
      local init = math.random() < 0.3 and math.random(-10, 10) or nil
      local all = outcome(collected(string.gmatch), s, p)
      local ok = same("find", s, p, init) and same("find", s, p, init, true)
        and same("match", s, p, init) and same("gsub", s, p, some(templates, 3), init)
        and same("gsub", s, p, by_table) and same("gsub", s, p, by_function)
        and all[2] == outcome(collected(strings.gmatch), s, p)[2]
      assert(ok, ("seed %d: %q %q"):format(seed, s, p))
    end
  end)

  for _, arguments in ipairs({
    { nil, "x" }, { "x", nil }, { 11, 1 }, { 12, 2 }, { "x", {} }, { {}, "x" }, { "abc", "b", "2" },
    { "abc", "b", "z" }, { "abc", "b", 1.5 }, { "abc", "b", -1.5 }, { "abc", "b", {} },
    { "x", "x", true }, { "x", "x", "y", "z" }, { "x", "x", "y", "1" }, { "x", "x", "y", {} },
  }) do
    it("take and refuse the arguments of Lua's: " .. tostring(arguments[2]), function()
      for _, name in ipairs({ "find", "match", "gsub" }) do
        assert.is_true((same(name, unpack(arguments, 1, 4))), name)
      end
    end)
  end

  it("find what is longer than a few bytes", function()
    local needle = ("ab"):rep(40)
    assert.same({ 4, 83 }, { strings.find("xyz" .. needle .. "x", needle) })
    assert.same({ nil }, { strings.find("xyz", needle) })
  end)

  it("name the user's line", function()
    local _, message = pcall(function()
      local x = strings.find("x", "%")
      return x
    end)
    assert.truthy(message:find("strings_spec.lua:%d+: malformed pattern"))
  end)

  it("may be called from a replacement", function()
    assert.equal("[b][c]", (strings.gsub("ab ac", "%s*a(%a)", function(letter)
      strings.find("something else", "(e)(l)")
      return "[" .. letter .. "]"
    end)))
  end)

  it("give up on a pattern that would run for ages, and take fuel", function()
    local started = os.clock()
    fuel.refill(1e9)
    local ok, message = pcall(strings.find, ("a"):rep(100000), "a-a-a-a-a-b")
    assert.is_false(ok)
    assert.equal("pattern takes too long on this text", message)
    assert.is_true(os.clock() - started < 60)  -- not for ages, even under a sanitizer
    assert.is_true(fuel.cell.left < 1e9 - 1e5)
    fuel.refill(math.huge)
  end)
end)
