local support = require("spec.lua.describe.support")

local load, failure, node = support.load, support.failure, support.node

describe("graph", function()
  it("is a chain of nodes with their lines", function()
    local g = load([[

weir.from "access.jsonl"
  :filter "status >= 500"
  :to "errors.csv"]])
    assert.equal("traffic", g.pipeline)
    assert.same({ "a" }, g.args)
    assert.same({ "file:access.jsonl", "filter", "file:errors.csv" }, support.names(g))
    local source, filter, sink = unpack(g.nodes)
    assert.same({ { node = source, port = "out" } }, filter.inputs)
    assert.same({ { node = filter, port = "out" } }, sink.inputs)
    assert.equal("traffic.lua:2", source.where)
    assert.matches("^traffic%.lua:%d$", filter.where)
    assert.equal("text", filter.expr.kind)
    assert.is_true(filter.expr.fn({ status = 503 }))
    assert.same({ "access.jsonl" }, source.source.path)
    assert.equal("json", source.source.codec.kind)
    assert.equal(16 * 2 ^ 20, source.source.max_record_bytes)
    assert.equal("errors.csv", sink.sink.path)
    assert.equal("csv", sink.sink.codec.kind)
  end)

  it("gives lambdas as they are, with the line where they begin", function()
    local g = load("weir.from 'a'\n:map(\nfunction(r) r.x = 1 end):to 'b'")
    local expr = node(g, "map").expr
    assert.equal("lambda", expr.kind)
    assert.equal("traffic.lua:3", expr.where)
    local r = {}
    expr.fn(r)
    assert.same({ x = 1 }, r)
  end)

  it("fans out where a stream is used twice", function()
    local g = load([[
local s = weir.from "a"
s:filter "x" :to "b"
s:filter "y" :to "c"
s:to "d":to(weir.stdout{})]])
    assert.same(
      { "file:a", "filter", "file:b", "filter:2", "file:c", "file:d", "stdout" },
      support.names(g)
    )
    assert.equal(g.nodes[1], g.nodes[2].inputs[1].node)
    assert.equal(g.nodes[1], g.nodes[4].inputs[1].node)
    assert.equal(g.nodes[1], g.nodes[7].inputs[1].node)
  end)

  it("merges several sources", function()
    local g = load('weir.from("a", weir.stdin{}):to "c"')
    local merge = node(g, "merge")
    assert.equal(2, #merge.inputs)
    assert.equal("file:a", merge.inputs[1].node.name)
    assert.equal("stdin", merge.inputs[2].node.name)
  end)

  it("reads a list of texts as one source of files", function()
    local g = load('weir.from{ "a.csv.gz", "b.csv" }:to "c"')
    assert.same({ "a.csv.gz", "b.csv" }, g.nodes[1].source.path)
    assert.equal("csv", g.nodes[1].source.codec.kind)
    assert.matches("different formats", failure('weir.from{ "a.csv", "b.tsv" }:to "c"'))
  end)

  it("shares a node where one object is used twice", function()
    local g = load([[
local out, input = weir.file{ path = "out.jsonl" }, weir.file{ path = "in.jsonl" }
weir.from(input):filter "x" :to(out)
weir.from(input):filter "y" :to(out)]])
    assert.same({ "file:in.jsonl", "filter", "file:out.jsonl", "filter:2" }, support.names(g))
    assert.equal(2, #node(g, "sink").inputs)
  end)

  it("refuses two writers of one file", function()
    assert.matches('traffic.lua:2: to: "b" is written at traffic.lua:1 already',
      failure('weir.from "a":to "b"\nweir.from "c":to "b"'), 1, true)
  end)

  it("says which streams end nowhere, all at once", function()
    assert.equal(
      'traffic.lua:1: nothing takes the output of filter; '
        .. "end it in :to(sink), or in :to(weir.discard{})\n"
        .. 'traffic.lua:2: nothing takes the output of source "file:b"; '
        .. "end it in :to(sink), or in :to(weir.discard{})",
      failure('weir.from "a" :filter "x"\nweir.from "b"')
    )
    assert.matches("describes no stream", failure("local x = 1"))
  end)

  it("refuses calls outside of loading", function()
    local weir = require("weir")
    assert.has_error(function()
      weir.from("a")
    end)
    assert.matches("belongs in the script", select(2, pcall(weir.from, "a")))
  end)

  it("forgets a load that failed", function()
    failure('weir.from "a" :filtr "x"')
    assert.same({ "file:a", "file:b" }, support.names(load('weir.from "a" :to "b"')))
  end)

  it("has the options of the pipeline, and defaults without any", function()
    local g = load('weir.from "a" :to "b"')
    assert.equal("dead_letter", g.options.on_error)
    assert.equal(512 * 2 ^ 20, g.options.max_memory_bytes)
    g = load('weir.options{ max_errors = "1%", on_error = "skip" }; weir.from "a" :to "b"')
    assert.same({ share = 0.01 }, g.options.max_errors)
    g = load('weir.options{ max_errors = 5 }; weir.from "a" :to "b"')
    assert.same({ count = 5 }, g.options.max_errors)
    assert.matches('unknown option "max_memry"; did you mean "max_memory"?',
      failure("weir.options{ max_memry = 1 }"), 1, true)
    local again = failure("weir.options{}\nweir.options{}")
    assert.matches("was called at traffic.lua:1", again, 1, true)
  end)

  it("collects the dead letters that nothing took", function()
    local g = load([[
local s = weir.from "a" :filter(function(r) return r.x > 1 end)
s:to "b"
s:side "dead" :to "c"
weir.dead_letters():to "d"
weir.dead_letters():filter "stage == 'map'" :to "e"]])
    local sink = g.nodes[4]
    assert.same({ node = g.nodes[2], port = "dead" }, sink.inputs[1])
    local dead = node(g, "dead_letters")
    assert.equal("dead_letters", dead.name)
    assert.equal(dead, node({ nodes = { g.nodes[6] } }, "sink").inputs[1].node)
  end)

  it("says which side outputs a stage has", function()
    assert.matches('side: filter has no side output "late"; it has "dead"',
      failure('weir.from "a" :filter "x" :side "late"'), 1, true)
    assert.matches('side: take has no side output "dead"; it has none',
      failure('weir.from "a" :take(1):side "dead"'), 1, true)
  end)
end)
