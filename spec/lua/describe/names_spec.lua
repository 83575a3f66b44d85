local support = require("spec.lua.describe.support")

local load, failure, names = support.load, support.failure, support.names

describe("names", function()
  it("come from :name and name =", function()
    local g = load([[
weir.from(weir.file{ path = "a", name = "in" }):filter "x" :name "good"
  :to(weir.stdout{ name = "o" })]])
    assert.same({ "in", "good", "o" }, names(g))
    assert.is_true(g.nodes[1].named and g.nodes[2].named and g.nodes[3].named)
  end)

  it("are derived from kind and subject", function()
    local g = load([[
weir.from(weir.sqlite{ path = "x.db", query = "select 1" }):sort{ by = { "a", "-b" } }
  :to(weir.sqlite{ path = "x.db", table = "t" }):to(weir.discard{}):to(weir.memory{})]])
    assert.same({ "sqlite:x.db", "sort:a,-b", "sqlite:t", "batch:t", "discard", "memory" },
      names(g))
    assert.is_false(g.nodes[2].named)
  end)

  it("count up where nothing is held by them", function()
    local g = load([[
local s = weir.from "a"
s:filter "x" :to(weir.stdout{})
s:filter "y" :name "filter:2" :to(weir.stdout{})
s:filter "z" :to(weir.stdout{})]])
    assert.same(
      { "file:a", "filter", "stdout", "filter:2", "stdout:2", "filter:3", "stdout:3" },
      names(g)
    )
  end)

  it("are never shared by two stages with state", function()
    local message = failure([[
local s = weir.from "a"
s:group_by("x"):aggregate{ n = weir.count() } :to "b"
s:group_by("x"):aggregate{ m = weir.count() } :to "c"]])
    assert.matches('^traffic%.lua:3: two stateful stages would be called "aggregate:x"', message)
    assert.matches('say :name "..." after one of them', message, 1, true)
    load([[
local s = weir.from "a"
s:group_by("x"):aggregate{ n = weir.count() } :to "b"
s:group_by("x"):aggregate{ m = weir.count() } :name "m" :to "c"]])
  end)

  it("are never given twice", function()
    assert.matches('traffic.lua:2: the name "x" is taken at traffic.lua:1',
      failure('local s = weir.from "a" :skip(1):name "x"\ns:skip(2):name "x" :to "b"'), 1, true)
    assert.matches('this stage is called "x" already',
      failure('weir.from "a" :skip(1):name "x" :name "y"'), 1, true)
  end)

  for what, text in pairs({
    ["a number"] = "7",
    ["an empty text"] = '""',
    ["a control character"] = '"a\\nb"',
    ["a very long text"] = '("x"):rep(1000)',
  }) do
    it("cannot be " .. what, function()
      assert.matches("^traffic%.lua:1: name: a name ",
        failure(('weir.from "a" :name(%s)'):format(text)))
    end)
  end
end)
