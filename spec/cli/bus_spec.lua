--- Streams that meet on a bus.

local program = require("spec.support.program")

local place = program.each_place()

local function script(text)
  place:write("run.lua", 'local weir = require "weir"\n' .. text)
end

describe("weir.bus", function()
  it("sends each record to those who want its topic, and counts what nobody wants", function()
    place:write("orders.jsonl", [[
{"id":1,"region":"eu","event":"made"}
{"id":2,"region":"us","event":"made"}
{"id":3,"region":"eu","event":"sent"}
{"id":4,"region":"a.b","event":"sent"}
{"id":5,"event":"made"}
]])
    script([[
weir.from "orders.jsonl"
  :to(weir.bus{ topic = "orders.{region}", type = "{event}" })
  :to(weir.bus{ topic = "nobody" })
weir.from(weir.bus{ topic = "orders.eu" }):to "eu"
weir.from(weir.bus{ topic = "orders.*", type = { "made", "paid" } }):to "made"
]])
    local result = place:run("weir run run.lua")
    assert.equal(0, result.code, result.err)
    assert.equal('{"id":1,"region":"eu","event":"made"}\n{"id":3,"region":"eu","event":"sent"}\n',
      place:read("eu"))
    assert.equal('{"id":1,"region":"eu","event":"made"}\n{"id":2,"region":"us","event":"made"}\n',
      place:read("made"))
    assert.matches("publish:orders.{region} +5 +1 +4 +1 +1", result.err)
    assert.matches("publish:nobody +5 +%- +%- +5 +%-", result.err)
    assert.matches('the topic needs field "region", which is missing', result.err, 1, true)
    assert.matches("the ledger balances", result.err, 1, true)
    local checked = place:run("weir check run.lua")
    assert.matches('run.lua:4: warning: nobody subscribes to "nobody"',
      checked.out .. checked.err, 1, true)
  end)

  it("has as many subscribers, and a split as many streams, as anybody wants", function()
    script([[
local made = weir.from(weir.generate{ fn = function(n) return { n = n } end, count = 500 })
made:to(weir.bus{ topic = "{n}" })
for n = 1, 210 do weir.from(weir.bus{ topic = tostring(n) }):to(weir.discard{}) end
for _, part in ipairs{ made:split(210) } do part:to(weir.discard{}) end
]])
    local result = place:run("weir run run.lua")
    assert.equal(0, result.code, result.err)
    assert.matches("publish:{n} +500 +%- +210 +290", result.err)
    assert.matches("split +500 +%- +500", result.err)
    assert.matches("the ledger balances", result.err, 1, true)
  end)

  it("slows who publishes for the sake of a slow subscriber, unless that gives way", function()
    place:write("in.jsonl", ('{"n":1}\n'):rep(50000))
    script([[
weir.from "in.jsonl":to(weir.bus{ topic = "a" })
weir.from(weir.bus{ topic = "a", overflow = "drop_oldest", max_records = 10 })
  :throttle{ rate = "1/h", burst = 5 }:to(weir.bus{ topic = "b" })
weir.from(weir.bus{ topic = "b" }):take(3):to "few"
weir.from(weir.bus{ topic = "a" }):aggregate{ n = weir.count() }:to(weir.stdout{})
]])
    local result = place:run("weir run run.lua")
    assert.equal('{"n":50000}\n', result.out, result.err)
    assert.equal(('{"n":1}\n'):rep(3), place:read("few"))
    assert.matches("the ledger balances", result.err, 1, true)
  end)

  it("lets a file be forgotten only when all subscribers have written it", function()
    place:write("a.log", ("x\n"):rep(100))
    script([[
weir.from(weir.tail{ path = "a.log", codec = "lines", start = "earliest" })
  :to(weir.bus{ topic = "{message}" })
weir.from(weir.bus{ topic = "x" }):to(weir.file{ path = "one", append = true })
weir.from(weir.bus{ topic = ">" })
  :map(function() error("no") end, { on_error = "stop" }):to(weir.discard{})
]])
    local result = place:run("weir run --state-dir state run.lua")
    assert.not_equal(0, result.code)
    script([[
weir.from(weir.tail{ path = "a.log", codec = "lines", start = "earliest" }):take(100)
  :to(weir.bus{ topic = "{message}" })
weir.from(weir.bus{ topic = "x" }):to(weir.discard{})
weir.from(weir.bus{ topic = ">" }):to(weir.stdout{})
]])
    result = place:run("weir run --state-dir state run.lua")
    assert.equal(('{"message":"x"}\n'):rep(100), result.out, result.err)
  end)

  it("tells each record what it was published under last, through stages and from disk", function()
    place:write("in.jsonl", '{"n":1,"k":"a.b"}\n{"n":2,"k":"c"}\n{"n":3,"k":"c"}\n')
    script([[
weir.from "in.jsonl":to(weir.bus{ topic = "k.{k}", type = "t" }):to(weir.bus{ topic = "100%%" })
weir.from(weir.bus{ topic = "k.*", overflow = "spill", max_records = 1, name = "kept" })
  :skip(0):filter("n > 0"):set{ topic = "@topic", type = "@type" }:to "k"
weir.from(weir.bus{ topic = "k.>", type = "t" }):to(weir.bus{ topic = "second", type = "{n}" })
weir.from(weir.bus{ topic = "second" }):to(weir.bus{ topic = "third" })
weir.from(weir.bus{ topic = "second" }):flat_map(function(r) return { { n = r.n }, r } end)
  :map(function(r) local m = weir.meta(r); return { n = r.n, t = m.topic .. "/" .. m.type } end)
  :take(4):to "second"
weir.from(weir.bus{ topic = "100%" }):merge(weir.from(weir.bus{ topic = "third" }))
  :set{ topic = "@topic" }:drop_fields("k"):sort{ by = { "topic", "n" } }:name "sorted":to "all"
]])
    local result = place:run("weir check run.lua; weir run --state-dir state run.lua")
    assert.equal(0, result.code, result.err)
    assert.equal("run.lua: nothing to complain about\n", result.out, result.err)
    assert.equal('{"n":1,"k":"a.b","topic":"k.a%2Eb","type":"t"}\n'
      .. '{"n":2,"k":"c","topic":"k.c","type":"t"}\n{"n":3,"k":"c","topic":"k.c","type":"t"}\n',
      place:read("k"))
    assert.equal('{"n":1,"t":"second/1"}\n{"n":1,"t":"second/1"}\n{"n":2,"t":"second/2"}\n'
      .. '{"n":2,"t":"second/2"}\n', place:read("second"))
    assert.equal('{"n":1,"topic":"100%"}\n{"n":2,"topic":"100%"}\n{"n":3,"topic":"100%"}\n'
      .. '{"n":1,"topic":"third"}\n{"n":2,"topic":"third"}\n{"n":3,"topic":"third"}\n',
      place:read("all"))
  end)

  it("sets aside what has no topic, whatever else is to happen with errors", function()
    place:write("in.jsonl", '{"k":"a"}\n{}\n')
    script([[
weir.options{ on_error = function() return { k = "b" } end }
weir.from "in.jsonl":to(weir.bus{ topic = "{k}" })
weir.from(weir.bus{ topic = "*" }):to(weir.stdout{})
]])
    local result = place:run("weir run run.lua")
    assert.equal('{"k":"a"}\n', result.out, result.err)
    assert.matches("dead    1 record", result.err, 1, true)
  end)

  it("has blanks that lead nowhere told before it runs", function()
    for text, expected in pairs({
      ['topic = "a.{b"'] = 'topic "a.{b": "{" at byte 3 is not closed',
      ['topic = "a.{}"'] = '"{" at byte 3 names no field',
      ['topic = "a", type = "%!"'] = 'type "%!": "%!" at byte 1 is no part of a time',
    }) do
      script(('weir.from "in.jsonl":to(weir.bus{ %s })\n'):format(text)
        .. 'weir.from(weir.bus{ topic = ">" }):to(weir.stdout{})')
      for _, command in ipairs({ "check", "run" }) do
        local result = place:run(("weir %s run.lua"):format(command))
        assert.not_equal(0, result.code)
        assert.matches(expected, result.out .. result.err, 1, true)
      end
    end
  end)

  it("keeps a type whole that has a NUL in it", function()
    place:write("in.jsonl", '{"t":"a\\u0000b"}\n')
    script([[
weir.from "in.jsonl":to(weir.bus{ topic = "x", type = "{t}" })
weir.from(weir.bus{ topic = ">" }):select{ type = "@type" }:to(weir.stdout{})
]])
    assert.equal('{"type":"a%00b"}\n', place:run("weir run -q run.lua").out)
  end)

  it("is shown by explain as the edges that it is", function()
    script([[
weir.from "in.jsonl":to(weir.bus{ topic = "a.{k}" })
weir.from(weir.bus{ topic = "a.b" }):filter "n > 1":to "out"
]])
    local result = place:run("weir explain run.lua")
    assert.matches("publish  a.{k}", result.out, 1, true)
    assert.matches("to a.b  -> run/2", result.out, 1, true)
    assert.matches("subscribe a.b", result.out, 1, true)
  end)
end)
