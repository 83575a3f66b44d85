local text = require("weir.expr.text")
local null = require("weir.lib.null").null

local record = {
  status = 500,
  path = "/a/b",
  none = null,
  digits = "7",
  yes = true,
  a = { b = { 1, 2 } },
  tags = { "x", "y" },
  ["user-agent"] = "curl",
  ["end"] = 3,
}

local function value(source)
  return text.compile(source).fn(record)
end

local function message_of(source)
  local ok, message = pcall(text.compile, source, "a.lua:3")
  assert.is_false(ok)
  return message
end

describe("a text expression", function()
  for source, wanted in pairs({
    ["status"] = 500,
    ["status == 500"] = true,
    ["status == '500'"] = false,
    ["status >= 500 and not path ~ '^/health'"] = true,
    ["1 + 2 * 3 - 4 / 2"] = 5,
    ["7 % 4 - -1"] = 4,
    ["'a' .. 1 .. 'b'"] = "a1b",
    ["not status == 400"] = true,
    ["status in (400, 500)"] = true,
    ["status not in (400, 500)"] = false,
    ["status in (a.b[1], 500)"] = true,
    ["path starts_with '/a'"] = true,
    ["path ends_with '/a'"] = false,
    ["path contains 'a/b'"] = true,
    ["tags contains 'y'"] = true,
    ["tags contains 'z'"] = false,
    ["a.b[2]"] = 2,
    ["a['b'][1]"] = 1,
    ['["user-agent"]'] = "curl",
    ['["end"] * 2'] = 6,
    ["lower('ABC')"] = "abc",
    ["math.floor(status / 7)"] = 71,
    ["string.len(path)"] = 4,
    ["tonumber(digits) + 1"] = 8,
    ["tostring(status == 500)"] = "true",
    ["tostring(status) == '500'"] = true,
    ["absent or 'unknown'"] = "unknown",
    ["none or 'unknown'"] = "unknown",
    ["status > 1 and 'big' or 'small'"] = "big",
    ["'it\\'s'"] = "it's",
    ["'C:\\logs\\t'"] = "C:\\logs\t",
    ["0x10 + 1e3 + .5"] = 1016.5,
    ["(((1)))"] = 1,
    ["min(3, 1, 2)"] = 1,
    ["-math.huge"] = -math.huge,
  }) do
    it("gives " .. tostring(wanted) .. " for " .. source, function()
      assert.equal(wanted, value(source))
    end)
  end

  it("takes a comparison with something missing or null as false", function()
    for _, field in ipairs({ "absent", "none", "a.c", "absent.x.y", "path.x" }) do
      for _, rest in ipairs({
        "== 1", "!= 1", "< 1", ">= 'x'", "in (1)", "not in (1)", "~ 'x'", "contains 'x'",
        "starts_with 'x'", "== absent", "!= absent", "not in (status)",
      }) do
        assert.equal(false, value(field .. " " .. rest), field .. " " .. rest)
      end
    end
  end)

  it("gives null for arithmetic and functions on something missing or null", function()
    for _, source in ipairs({ "absent + 1", "2 * none", "-none", "none .. 'x'", "lower(absent)",
      "max(1, none)", "tonumber('x')" }) do
      assert.equal(null, value(source), source)
    end
  end)

  it("tells null and absence apart by exists only", function()
    assert.is_true(value("none is null"))
    assert.is_true(value("absent is null"))
    assert.is_false(value("absent is not null"))
    assert.is_true(value("exists none"))
    assert.is_false(value("exists absent"))
    assert.is_true(value("exists (a.b)"))
  end)

  it("keeps integers exact that a double cannot hold", function()
    local fn = text.compile("9007199254740993 == id").fn
    local same = text.compile("9007199254740993").fn({})
    assert.equal("9007199254740993", tostring(same))
    assert.is_true(fn({ id = same }))
    assert.is_false(fn({ id = 2 ^ 53 }))
  end)

  it("tells what it was made of", function()
    local expr = text.compile("status < 5", "a.lua:3")
    assert.equal("text", expr.kind)
    assert.equal("status < 5", expr.text)
    assert.equal("a.lua:3", expr.where)
    assert.equal("order", expr.tree.kind)
    assert.equal("T.lt(r.status, 5, K[1])", expr.source)
  end)

  for source, wanted in pairs({
    ["path < 5"] = "a.lua:3: in `path < 5`: path is text and 5 is a number, so < cannot compare "
      .. "them; give types or infer = true, or write tonumber(path)",
    ["path + 1"] = "a.lua:3: in `path + 1`: path is text, and + needs a number",
    ["a .. 'x'"] = "a.lua:3: in `a .. 'x'`: a is a table, and .. needs text or a number",
    ["path ~ '/' .. '%'"] = "a.lua:3: in `path ~ '/' .. '%'`: "
      .. "malformed pattern (ends with '%')",
    ["yes ~ 'x'"] = "a.lua:3: in `yes ~ 'x'`: yes is true or false, and ~ needs text",
    ["lower(a)"] = "a.lua:3: in `lower(a)`: bad argument #1 to 'lower' "
      .. "(string expected, got table)",
  }) do
    it("names field and types when it fails: " .. source, function()
      local ok, message = pcall(text.compile(source, "a.lua:3").fn, record)
      assert.is_false(ok)
      assert.equal(wanted, message)
    end)
  end
end)

describe("a text expression that makes no sense", function()
  for source, wanted in pairs({
    ["status = 500"] = "a.lua:3: expected an operator or the end, found `=`; write == to compare\n"
      .. "  status = 500\n         ^",
    ["lowr(x)"] = 'a.lua:3: there is no function lowr; did you mean "lower"?\n  lowr(x)\n  ^',
    ["lower(x, y)"] = "a.lua:3: lower takes 1 argument, not 2\n  lower(x, y)\n  ^",
    ["a == null"] = "a.lua:3: a comparison with null is always false; say: a is null\n"
      .. "  a == null\n  ^",
    ["@per"] = 'a.lua:3: there is no @per; did you mean "peer"?\n  @per\n  ^',
    ["x &&\n y"] = "a.lua:3: expected an operator or the end, found `&`; write and\n  x &&\n    ^",
    ["a < b < c"] = "a.lua:3: expected the end, found `<`; comparisons cannot be chained; "
      .. "join them with and\n  a < b < c\n        ^",
    ["'abc"] = "a.lua:3: expected a closing ', found the end\n  'abc\n      ^",
    ["a ~ '%'"] = "a.lua:3: malformed pattern (ends with '%')\n  a ~ '%'\n      ^",
    [" "] = "a.lua:3: a text expression is empty; a field name is the shortest one",
  }) do
    it("is shown with a caret: " .. source, function()
      assert.equal(wanted, message_of(source))
    end)
  end

  it("may be hostile", function()
    assert.truthy(message_of(("("):rep(10000) .. "x"):find("nested too deep", 1, true))
    assert.truthy(message_of(("x+"):rep(3000) .. "x"):find("too long", 1, true))
    assert.truthy(message_of(("x"):rep(2 ^ 20)):find("may have 16384 bytes", 1, true))
    assert.truthy(message_of("x\0y"):find("expected an operator", 1, true))
  end)

  it("never raises anything but its own message, whatever the bytes", function()
    local seed = tonumber(os.getenv("SEED")) or os.time()
    math.randomseed(seed)
    local pieces = { "a", "b.c", "[1]", "(", ")", "'", '"', "==", "<", "..", "and ", "not ",
      " in ", "null", "@", "peer", "lower(", ",", "1", ".5", "\\", "\255", "\n", "is ",
      "exists ", "-", "%" }
    for _ = 1, 20000 do
      local parts = {}
      for i = 1, math.random(8) do
        parts[i] = pieces[math.random(#pieces)]
      end
      local source = table.concat(parts)
      local ok, expr, message = pcall(text.try, source)
      assert.is_true(ok, ("seed %d: %q: %s"):format(seed, source, tostring(expr)))
      assert.is_true(expr ~= nil or type(message) == "string")
    end
  end)
end)

-- A slow and obvious meaning of the same expressions, built as they are written.
describe("random text expressions", function()
  local function absent(v)
    return v == nil or v == null
  end

  local function truth(v)
    return not absent(v) and v ~= false
  end

  local number, condition

  local function pick(...)
    return (select(math.random(select("#", ...)), ...))
  end

  local function arithmetic(depth)
    local lt, lf = number(depth - 1)
    local rt, rf = number(depth - 1)
    local op = pick("+", "-", "*", "/", "%")
    local apply = loadstring("local a, b = ... return a " .. op .. " b")
    return ("(%s %s %s)"):format(lt, op, rt), function(r)
      local a, b = lf(r), rf(r)
      if absent(a) or absent(b) then
        return null
      end
      return apply(a, b)
    end
  end

  function number(depth)
    if depth > 0 and math.random() < 0.5 then
      return arithmetic(depth)
    elseif math.random() < 0.5 then
      local n = math.random(-3, 3)
      return tostring(n), function()
        return n
      end
    end
    local name = pick("x", "y", "z")
    return name, function(r)
      return r[name]
    end
  end

  local function comparison(depth)
    local lt, lf = number(depth)
    local rt, rf = number(depth)
    local op = pick("==", "!=", "<", "<=", ">", ">=")
    local apply = loadstring("local a, b = ... return a " .. op:gsub("!", "~") .. " b")
    return ("%s %s %s"):format(lt, op, rt), function(r)
      local a, b = lf(r), rf(r)
      return not absent(a) and not absent(b) and apply(a, b)
    end
  end

  local function junction(depth)
    local lt, lf = condition(depth - 1)
    local rt, rf = condition(depth - 1)
    if math.random() < 0.5 then
      return ("(%s and %s)"):format(lt, rt), function(r)
        return truth(lf(r)) and truth(rf(r))
      end
    end
    return ("(%s or %s)"):format(lt, rt), function(r)
      return truth(lf(r)) or truth(rf(r))
    end
  end

  function condition(depth)
    local chance = math.random()
    if depth > 0 and chance < 0.4 then
      return junction(depth)
    elseif depth > 0 and chance < 0.6 then
      local t, f = condition(depth - 1)
      return "not " .. t, function(r)
        return not truth(f(r))
      end
    elseif chance < 0.7 then
      local t, f = number(0)
      return t .. " is null", function(r)
        return absent(f(r))
      end
    elseif chance < 0.8 then
      local t, f = number(0)
      return t .. " in (1, 2)", function(r)
        return f(r) == 1 or f(r) == 2
      end
    end
    return comparison(depth)
  end

  it("mean what a slow model says", function()
    local seed = tonumber(os.getenv("SEED")) or os.time()
    math.randomseed(seed)
    for _ = 1, 5000 do
      local source, model = condition(3)
      local fn = text.compile(source).fn
      for _ = 1, 5 do
        local r = { x = math.random(-3, 3), y = pick(null, 1, 2), z = pick(nil, 0, 3) }
        assert(truth(model(r)) == truth(fn(r)), ("seed %d: %s"):format(seed, source))
      end
    end
  end)
end)
