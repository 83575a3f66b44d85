local pattern = require("weir.expr.pattern")
local support = require("spec.support.pattern")

local function message_of(text, define)
  local program, message = pattern.compile(text, define)
  assert.is_nil(program)
  return message
end

local function ops_of(text, define)
  return #assert(pattern.compile(text, define)).ops
end

describe("pattern text", function()
  it("stands for itself but for what begins with %", function()
    local read = support.reader("100%% (a|b) [x] {y}? \\ .* %{INT:n}")
    assert.same({ { n = "3" } }, (read("100% (a|b) [x] {y}? \\ .* 3")))
  end)

  it("may define names by other names, and before the built-in ones", function()
    local read = support.reader("%{PAIR}", {
      PAIR = "%{KEY:key}=%{WORD:value}", KEY = "%[a-z]+", WORD = "%[0-9]+",
    })
    assert.same({ { key = "a", value = "12" } }, (read("a=12\na=b")))
  end)

  it("takes special characters of a class literally behind a backslash", function()
    local read = support.reader("%{C:c}", { C = [=[%[\]\\^-]+]=] })
    assert.same({ { c = "]\\^-" } }, (read("]\\^-")))
  end)

  it("counts repetitions", function()
    local read = support.reader("%[a]{2}%[b]{1,2}%[c]{0,1}%[d]{2,}%[e]?%[?]%[f]*")
    local rows = read("aabdd?\naabbcddde?ff\nabdd?\naabbbdd?\naabd?\n")
    assert.equal(2, #rows)
  end)

  it("needs few steps for a date", function()
    assert.equal(2, ops_of("%{HTTPDATE:time}"))
    assert.equal(2, ops_of("%{UUID}"))
  end)
end)

describe("pattern messages", function()
  it("show the pattern, a caret and the nearest name", function()
    assert.equal(
      'no pattern is called "WROD"; did you mean "WORD"?\n  a %{WROD:x} b\n      ^',
      message_of("a %{WROD:x} b")
    )
  end)

  it("show the definition that is wrong", function()
    assert.equal(
      'no pattern is called "MINEE"; did you mean "MINE"?\n  x%{MINEE}\n     ^',
      message_of("%{MINE:a}", { MINE = "x%{MINEE}" })
    )
  end)

  for text, expected in pairs({
    ["%{WORD"] = "'}' was expected",
    ["%{}"] = "a pattern's name was expected",
    ["%{WORD:}"] = "a field's name was expected",
    ["%{WORD:a:}"] = "a type was expected",
    ["%{WORD:a:integr}"] = 'did you mean "integer"',
    ["%x"] = "'%' begins",
    ["a%"] = "'%' begins",
    ["%(a"] = "the group is not closed",
    ["%(a%|"] = "the group is not closed",
    ["a%)"] = "outside any group",
    ["a%|b"] = "outside any group",
    ["%[]"] = "a class needs a character",
    ["%[a"] = "']' was expected",
    ["%[z-a]"] = "the range z-a is empty",
    ["%[\195\188]"] = "a class is of ASCII characters",
    ["%[a]{"] = "a count was expected",
    ["%[a]{2,1}"] = "repeated 2 to 1 times matches nothing",
    ["%[a]{0}"] = "matches nothing",
    ["%[a]{99999}"] = "a count is at most 65535",
    ["%{INT:a} %{INT:a}"] = 'the field "a" is captured twice',
    ["%(%{INT:a}%|x%) %{INT:a}"] = 'the field "a" is captured twice',
    ["a\nb"] = "a line has no newline",
    ["%{LOOP}"] = '"LOOP" is defined by itself',
  }) do
    it(("say of %q: %s"):format(text, expected), function()
      local message = message_of(text, { LOOP = "a%{LOOP2}", LOOP2 = "%{LOOP}" })
      assert.truthy(message:find(expected, 1, true), message)
      assert.truthy(message:find("\n +%^$"), message)
    end)
  end

  it("refuse a pattern that is too large", function()
    local define = { A = ("%(a%|b%)"):rep(40) }
    define.B = ("%{A}"):rep(40)
    assert.truthy(message_of("%{B}", define):find("too large", 1, true))
    assert.truthy(message_of(("a"):rep(100000)):find("longer than", 1, true))
  end)
end)
