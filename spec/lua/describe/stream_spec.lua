local support = require("spec.lua.describe.support")

local load, failure, node = support.load, support.failure, support.node

local function fails(text, expected)
  assert.matches(expected, failure('local s = weir.from "a"; ' .. text), 1, true)
end

describe("stream", function()
  it("names the nearest method", function()
    fails('s:fliter "x"', 'traffic.lua:1: a stream has no method "fliter"; did you mean "filter"?')
    fails("s.size = s.size", 'a stream has no method "size"')
  end)

  it("names the nearest function of weir, or all", function()
    assert.matches('weir.fil: there is no such name; did you mean "file"?',
      failure("weir.fil{}"), 1, true)
    assert.matches("weir.kubernetes: there is no such name; there are avg, bus, coalesce,",
      failure("weir.kubernetes{}"), 1, true)
  end)

  it("says what a stage takes, with an example", function()
    fails("s:filter()", "traffic.lua:1: filter: its argument must be a text expression or a"
      .. ' function(r), not nothing; for example :filter "status >= 500"')
    fails("s:map 'x'", 'map: its argument must be a function(r), not "x"')
    fails("s:take 'x'", "take: its argument must be a whole number of at least 0")
    fails("s:take(-1)", "of at least 0, not -1")
    fails("s:merge()", "merge: its argument must be streams, not an empty table")
    fails('s:merge("b")', "merge: its argument must be streams")
    fails('s:filter("x", { wher = 1 })', 'filter: unknown option "wher"')
    fails('s:filter("x", "y")', "filter: options are one table, not \"y\"")
    fails('s:filter("x", {}, 3)', "filter: too many arguments; for example :filter")
    fails('s.filter("x")', "filter: a stream is needed, not \"x\"; call it with a colon")
    fails("s:filter(s)", "not a stream")
  end)

  it("shows a text expression with a caret where it goes wrong", function()
    local message = failure('weir.from "a"\n  :filter "status >="\n:to "b"')
    assert.matches("^traffic%.lua:%d: ", message)
    assert.matches("\n +%^$", message)
  end)

  it("takes on_error and parallel in every last table", function()
    local g = load([[
weir.from "a"
  :filter("x", { on_error = "skip", parallel = true })
  :select("a", "b", { on_error = function(err, r) return { e = err } end })
  :to "b"]])
    assert.equal("skip", node(g, "filter").on_error)
    assert.is_true(node(g, "filter").parallel)
    local handler = node(g, "select").on_error
    assert.same({ e = "x" }, handler.fn("x"))
    assert.equal("traffic.lua:3", handler.where)
    fails('s:filter("x", { on_error = "skp" })', '"dead_letter", "skip", "stop" or a function')
  end)

  it("takes constants where an expression may stand", function()
    local g = load('weir.from "a" :set{ n = 1, env = weir.value "prod", t = true } :to "b"')
    local values = {}
    for _, column in ipairs(node(g, "set").columns) do
      values[column.name] = column.expr.fn({})
    end
    assert.same({ n = 1, env = "prod", t = true }, values)
  end)

  it("starts from sources alone", function()
    assert.matches("weir.from: a source is needed", failure("weir.from()"), 1, true)
    assert.matches("this is a stream already", failure('weir.from(weir.from "a")'), 1, true)
    assert.matches("weir.stdout is no source: it can only stand in :to",
      failure("weir.from(weir.stdout{})"), 1, true)
    assert.matches("weir.stdin is no sink: it can only stand in weir.from",
      failure('weir.from "a" :to(weir.stdin{})'), 1, true)
    fails("s:to()", 'to: a sink is needed, such as :to "errors.csv", not nothing')
    fails('s:to("a", "b")', "takes one sink; for two, say :to(a):to(b)")
  end)

  describe("group_by", function()
    it("marks, and aggregate takes what it marked", function()
      local g = load([[
weir.from "a" :group_by{ "host", area = "path" } :aggregate{ n = weir.count() } :to "b"]])
      local aggregate = node(g, "aggregate")
      assert.equal("aggregate:host,area", aggregate.name)
      assert.equal("field", aggregate.keys[1].expr.kind)
      assert.equal("field", aggregate.keys[2].expr.kind)
      assert.same({ { name = "n", aggregate = { kind = "count" } } }, aggregate.columns)
    end)

    it("stands bare or in a table", function()
      local g = load('weir.from "a" :group_by("x", "y"):aggregate{ n = weir.count() } :to "b"')
      assert.equal("aggregate:x,y", node(g, "aggregate").name)
    end)

    it("must be followed by aggregate", function()
      fails('s:group_by("x"):filter "y"', "marked by group_by can only be aggregated")
      fails('s:group_by("x"):to "y"', "marked by group_by can only be aggregated")
      fails('s:group_by("x"):group_by("y")', "marked by group_by can only be aggregated")
      fails('s:to "y"; s:group_by("x")', "group_by: :aggregate must follow")
    end)

    it("may be missing: then the whole input is the group", function()
      local g = load('weir.from "a" :aggregate{ n = weir.count() } :to "b"')
      assert.same({}, node(g, "aggregate").keys)
      assert.equal("aggregate", node(g, "aggregate").name)
    end)

    it("refuses an aggregate called as one of its columns", function()
      fails('s:group_by("n"):aggregate{ n = weir.count() }', '"n" is a column of group_by already')
    end)
  end)

  it("takes aggregates with conditions, and only aggregates", function()
    local g = load([[
weir.from "a" :aggregate{
  failed = weir.count{ where = "status >= 500" },
  bytes = weir.sum(function(r) return r.bytes end, { where = function(r) return r.ok end }),
} :to "b"]])
    local bytes, failed = unpack(node(g, "aggregate").columns)
    assert.equal("bytes", bytes.name)
    assert.equal("lambda", bytes.aggregate.expr.kind)
    assert.equal("lambda", bytes.aggregate.where.kind)
    assert.is_true(failed.aggregate.where.fn({ status = 500 }))
    fails('s:aggregate{ n = "x" }', '"n" must be an aggregate such as weir.count(), not "x"')
    fails("s:aggregate{ weir.count() }", "an aggregate needs a name: { name = ... }")
    fails("s:aggregate{}", "must be aggregates by name")
    fails('weir.count("x")', "weir.count: counts records, so it takes no expression")
    fails("weir.sum()", 'for example weir.sum("bytes")')
    fails('weir.sum("x", { when = "y" })', 'weir.sum: unknown option "when"')
  end)

  it("routes by name", function()
    local g = load([[
local to = weir.from "a" :route({
  { "errors", when = "status >= 500", priority = "high" },
  { "slow", when = function(r) return r.ms > 10 end },
}, { all = true })
to.errors:to "b"
to.slow:to "c"
to.default:to "d"]])
    local route = node(g, "route")
    assert.is_true(route.all)
    assert.equal("errors", route.routes[1].name)
    assert.equal("high", route.routes[1].priority)
    assert.equal("lambda", route.routes[2].when.kind)
    assert.same({ node = route, port = "errors" }, g.nodes[3].inputs[1])
    assert.same({ node = route, port = "default" }, g.nodes[5].inputs[1])
  end)

  it("lets default be, but no route", function()
    fails('s:route{ { "x", when = "y" } }', 'nothing takes the output "x" of route')
    load('weir.from "a" :route{ { "x", when = "y" } }.x:to "b"')
  end)

  it("refuses routes that cannot work", function()
    fails('s:route{ { "x", when = "y" } }.y:to "b"', 'route: no stream is called "y"')
    fails('s:route{ { "errors", when = "y" } }.error:to "b"', 'did you mean "errors"?')
    fails('s:route{ { "x" } }', 'route "x": option "when" is required')
    fails('s:route{ { when = "y" } }', "a route begins with its name")
    fails('s:route{ { "default", when = "y" } }', '"default" is taken')
    fails('s:route{ { "x", when = "y" }, { "x", when = "z" } }', '"x" is taken')
    fails('s:route{ { "x", when = "y" }, all = true }', "options come after it")
    fails('s:route{ { "x", when = "y", priority = "hi" } }', 'must be "critical" or "high"')
    fails("s:route{}", "route: its argument must be a list of routes")
  end)

  it("splits in two, or in n", function()
    local g = load([[
local yes, no = weir.from "a" :split "x > 1"
yes:to "b"; no:to "c"]])
    assert.equal("yes", g.nodes[3].inputs[1].port)
    assert.equal("no", g.nodes[4].inputs[1].port)
    assert.equal("text", node(g, "split").expr.kind)
    g = load([[
local a, b = weir.from "a" :split(2, { key = "host" })
a:to "b"; b:to "c"]])
    assert.equal(2, node(g, "split").count)
    assert.equal("host", node(g, "split").key[1].text)
    assert.equal("2", g.nodes[4].inputs[1].port)
    fails("local y = s:split 'x'; y:to 'b'", 'nothing takes the output "no" of split')
    fails("s:split(1)", "whole number from 2 to 256, not 1")
    fails("s:split('x', { key = 'y' })", 'option "key" belongs to a split in n')
    fails("s:split()", "must be an expression, or a number of streams")
  end)

  it("passes itself to a function, and gives what that gives", function()
    local g = load([[
local function first(s, n) return s:take(n) end
weir.from "a" :pipe(first, 3):to "b"]])
    assert.equal(3, node(g, "take").count)
    fails("s:pipe(function() end)", "pipe: the function gave nothing back")
    fails("s:pipe(3)", "pipe: a function of a stream is needed, not 3")
  end)

  it("orders by one or more expressions", function()
    local g = load([[
weir.from "a"
  :sort{ by = { "day", "-price", function(r) return r.x end } }
  :top{ n = 3, by = "-price", key = { "day", "host" }, ties = true }
  :to "b"]])
    local by = node(g, "sort").by
    assert.same({ false, true, false }, { by[1].descends, by[2].descends, by[3].descends })
    assert.equal(7, by[2].expr.fn({ price = 7 }))
    local top = node(g, "top")
    assert.equal("top:-price", top.name)
    assert.equal(2, #top.key)
    assert.equal("rank", top.into)
    fails("s:sort{}", 'sort: option "by" is required; for example :sort{ by = "-price" }')
    fails("s:sort{ by = {} }", "must be what orders")
    fails("s:top{ n = 0, by = 'x' }", "at least 1, not 0")
  end)

  it("renames and drops by plain names", function()
    local g = load('weir.from "a" :rename{ b = "x", a = "y" } :drop_fields("u", "v"):to "b"')
    assert.same({ { new = "a", old = "y" }, { new = "b", old = "x" } }, node(g, "rename").fields)
    assert.same({ "u", "v" }, node(g, "drop_fields").fields)
    fails('s:rename{ a = "x", b = "x" }', '"x" is renamed both to "a" and to "b"')
    fails('s:rename{ "x" }', "must be new names of fields")
    fails('s:rename{ a = "x.y" }', '"x.y" reads as a field inside a field')
    fails('s:drop_fields("x.y")', "a name with a dot is \"['x.y']\"")
    g = load([=[weir.from "a" :drop_fields("['x.y']"):to "b"]=])
    assert.same({ "x.y" }, node(g, "drop_fields").fields)
    fails("s:drop_fields()", "must be a text or a list of texts")
  end)
end)
