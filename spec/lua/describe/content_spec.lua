local content = require("weir.describe.content")
local support = require("spec.lua.describe.support")

local SCRIPT = [[
local p = weir.params{ least = 500 }
local csv = weir.csv{ types = { x = "number", y = "number" } }
local s = weir.from(weir.file{ path = "a", codec = csv })
s:filter(function(r) return r.status >= p.least end):set{ a = "b + 1", c = 7 }
  :to(weir.sqlite{ path = weir.secret "DB", table = "t" })
s:group_by{ "x", y = "z" } :aggregate{ n = weir.count{ where = "x" } } :to "b"]]

describe("content", function()
  it("is equal for two loads of one script", function()
    local first, second = support.load(SCRIPT), support.load(SCRIPT)
    assert.is_nil(content.difference(first, second))
    for i, node in ipairs(first.nodes) do
      assert.equal(content.text(node), content.text(second.nodes[i]))
    end
  end)

  it("tells options, expressions, lines and inputs", function()
    local base = 'local s = weir.from "a"\ns:filter "x > 1" :to "b"\ns:skip(1):to "c"'
    local g = support.load(base)
    for _, other in ipairs({
      (base:gsub("x > 1", "x > 2")),
      (base:gsub("skip%(1%)", "skip(2)")),
      (base:gsub('filter "x > 1"', "filter(function(r) return r.x > 1 end)")),
      (base:gsub('"c"', '"d"')),
      (base:gsub('to "b"', 'to(weir.file{ path = "b", append = true })')),
      (base:gsub("s:skip", "s:filter 'y' :skip")),
      (base:gsub("\ns:skip.*$", "")),
    }) do
      assert.is_string(content.difference(g, support.load(other)), other)
      assert.is_string(content.difference(support.load(other), g), other)
    end
  end)

  it("says where and how two loads differ", function()
    assert.equal(
      'traffic.lua:1: "skip" differs between two loads of the script: count = 1, then count = 2',
      content.difference(
        support.load('weir.from "a" :skip(1):to "c"'),
        support.load('weir.from "a" :skip(2):to "c"')
      )
    )
    assert.equal('traffic.lua:1: "skip" is there in the first load only',
      content.difference(
        support.load('weir.from "a" :skip(1):to "c"'),
        support.load('weir.from "a" :to "c"')
      ))
  end)

  it("shows no secret's value, only its name", function()
    local g = support.load(SCRIPT)
    assert.matches('path = secret "DB"', content.text(support.node(g, "sink")), 1, true)
  end)
end)
