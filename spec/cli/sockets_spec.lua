--- Two programs that talk over sockets. Nothing here waits for a time: a sink is done when
-- the other machine has its records, and a source that is stopped takes what has arrived.
-- Datagrams tell nobody that they have, so their lines are waited for.

local program = require("spec.support.program")
local sockets = require("spec.support.sockets")

local place = program.each_place()

local function script(name, text, ...)
  place:write(name, 'local weir = require "weir"\n' .. text:format(...))
end

describe("records over sockets", function()
  after_each(sockets.clean)

  for _, frame in ipairs({ "line", "length", "octet_count" }) do
    it("arrive over TCP, all and in order: " .. frame, function()
      local port = sockets.free_port()
      script("in.lua", [[
weir.from(weir.tcp{ listen = "127.0.0.1:%d", frame = "%s" }):to "got.jsonl"]], port, frame)
      script("out.lua", [[
weir.from "rows.jsonl" :to(weir.tcp{ connect = "localhost:%d", frame = "%s" })]], port, frame)
      place:write("rows.jsonl", program.rows(50000))
      local result = place:run_beside('"$WEIR" run -q out.lua || echo failed')
      assert.equal("code 0\n", result.out)
      assert.equal(program.rows(50000), place:read("got.jsonl"))
      assert.matches("the ledger balances", result.err)
    end)
  end

  it("say who sent them, and dead letters do too", function()
    local port = sockets.free_port()
    script("in.lua", [[
weir.from(weir.tcp{ listen = "127.0.0.1:%d" })
  :set{ peer = "@peer", at = "@offset" }
  :set{ same = function(r) return weir.meta(r).peer == r.peer end }
  :to "got.jsonl"]], port)
    script("out.lua", [[
weir.from "a.txt" :to(weir.tcp{ connect = "127.0.0.1:%d", codec = "lines" })]], port)
    place:write("a.txt", table.concat({
      [[{"message":"{\"n\":1}"}]], [[{"message":"oops"}]], [[{"message":"{\"n\":2}"}]], "",
    }, "\n"))
    local result = place:run_beside('"$WEIR" run -q out.lua || echo failed')
    assert.equal("code 0\n", result.out)
    local got = place:read("got.jsonl"):gsub("127%.0%.0%.1:%d+", "PEER")
    assert.equal('{"n":1,"at":0,"peer":"PEER","same":true}\n'
      .. '{"n":2,"at":13,"peer":"PEER","same":true}\n', got)
    assert.matches('"source":"127%.0%.0%.1:%d+","position":8,"raw":"oops"',
      place:read("in.dead.jsonl"))
  end)

  for _, kind in ipairs({ "tcp", "unix" }) do
    it("are given to everybody who comes for them, by a sink that listens: " .. kind, function()
      local port = sockets.free_port()
      local where = kind == "tcp" and ('"127.0.0.1:%d"'):format(port) or "true, path = 's'"
      local there = kind == "tcp" and ("connect = %s"):format(where) or "path = 's', connect = true"
      script("out.lua", [[
weir.from(weir.interval{ every = "2ms" }):set{ n = "1" }:select("n")
  :to(weir.%s{ listen = %s, overflow = "drop_oldest" })]], kind, where)
      for i = 1, 2 do
        script(("in%d.lua"):format(i), [[
weir.from(weir.%s{ %s, retries = { max = 500, backoff = "5ms", max_backoff = "20ms" } })
  :take(5):to "got%d.jsonl"]], kind, there, i)
      end
      local result = place:run([[
        "$WEIR" run out.lua 2>log & pid=$!
        "$WEIR" run -q in1.lua & first=$!
        weir run -q in2.lua && wait $first && echo read
        kill -INT $pid; wait $pid; echo "code $?"
        cat log >&2]])
      assert.equal("read\ncode 0\n", result.out, result.err)
      for i = 1, 2 do
        assert.equal(('{"n":1}\n'):rep(5), place:read(("got%d.jsonl"):format(i)))
      end
      assert.matches("the ledger balances", result.err)
    end)
  end

  it("are not waited for by what is merged with them", function()
    script("in.lua", [[
weir.from(weir.tcp{ listen = "127.0.0.1:%d" }):merge(weir.from "rows.jsonl"):to "got.jsonl"]],
      sockets.free_port())
    place:write("rows.jsonl", program.rows(5000))
    local result = place:run_beside(
      "until [ \"$(cat got.jsonl 2>/dev/null | wc -l)\" = 5000 ]; do sleep 0.01; done")
    assert.equal("code 0\n", result.out)
    assert.equal(program.rows(5000), place:read("got.jsonl"))
    assert.matches("the ledger balances", result.err)
  end)

  it("arrive over Unix sockets, as streams and as datagrams", function()
    for _, datagram in ipairs({ "false", "true" }) do
      place:run("rm -f got.jsonl")
      script("in.lua", [[
weir.from(weir.unix{ path = "s", datagram = %s }):to "got.jsonl"]], datagram)
      script("out.lua", [[
weir.from "rows.jsonl" :to(weir.unix{ path = "s", datagram = %s })]], datagram)
      place:write("rows.jsonl", program.rows(2000))
      local result = place:run_beside('"$WEIR" run -q out.lua || echo failed')
      assert.equal("code 0\n", result.out)
      assert.equal(program.rows(2000), place:read("got.jsonl"))
    end
  end)

  it("arrive over UDP", function()
    local port = sockets.free_port(sockets.receive)
    script("in.lua", [[
weir.from(weir.udp{ listen = "127.0.0.1:%d" }):to "got.jsonl"]], port)
    script("out.lua", [[
weir.from "rows.jsonl" :to(weir.udp{ connect = "127.0.0.1:%d" })]], port)
    place:write("rows.jsonl", program.rows(100))
    local result = place:run_beside(([[
      until grep -q ':%04X 00000000:0000 ' /proc/net/udp; do sleep 0.01; done
      "$WEIR" run -q out.lua || echo failed
      until [ "$(wc -l <got.jsonl)" = 100 ]; do sleep 0.01; done]]):format(port))
    assert.equal("code 0\n", result.out)
    assert.equal(program.rows(100), place:read("got.jsonl"))
  end)

  it("that a source connects for end with the connection, if that is not tried again", function()
    local server = sockets.listen()
    sockets.beside(function()
      local client = server:accept()
      client:send('{"n":1}\n{"n":2}\n')
      client:close()
    end)
    script("in.lua", [[
weir.from(weir.tcp{ connect = "127.0.0.1:%d", retries = 0 })
  :aggregate{ sum = weir.sum "n" }:to(weir.stdout{})]], server.port)
    local result = place:run("weir run -q in.lua")
    assert.same({ 0, '{"sum":3}\n' }, { result.code, result.out })
  end)

  it("are all accounted for where nobody takes them", function()
    local port = sockets.free_port()
    script("out.lua", [[
weir.from "rows.jsonl" :to(weir.tcp{ connect = "127.0.0.1:%d", retries = 0 })]], port)
    place:write("rows.jsonl", program.rows(10))
    local result = place:run("weir run out.lua")
    assert.not_equal(0, result.code)
    assert.matches("cannot be reached: connection refused", result.err:lower(), 1, true)
    assert.matches("1  tcp:127.0.0.1:%d+: connects failed", result.err)
    assert.matches("the ledger balances", result.err)
  end)

  it("cannot come where somebody listens already", function()
    local server = sockets.listen()
    script("in.lua", [[
weir.from(weir.tcp{ listen = "127.0.0.1:%d" }):to "got.jsonl"]], server.port)
    local result = place:run("weir run in.lua")
    assert.not_equal(0, result.code)
    assert.matches("cannot listen: Address already in use", result.err, 1, true)
  end)

  it("have their mistakes told where they are made", function()
    for text, expected in pairs({
      ['weir.tcp{}'] = "either listen",
      ['weir.tcp{ listen = "7000" }'] = 'must be an address such as "0.0.0.0:7000"',
      ['weir.tcp{ listen = "::1:7000" }'] = "must be an address",
      ['weir.tcp{ listen = "a:99999" }'] = "must be an address",
      ['weir.tcp{ listen = ":1", frame = "lines" }'] = 'did you mean "line"?',
      ['weir.tcp{ connect = ":1", retries = -1 }'] = "must be a number of retries",
      ['weir.tcp{ connect = ":1", retries = { tries = 1 } }'] = 'unknown option "tries"',
      ['weir.tcp{ connect = ":1", retries = { breaker = "5" } }'] = "must be a number of failures",
      ['weir.tcp{ connect = ":1", retries = { breaker = 0 } }'] = "must be a number of failures",
      ['weir.tcp{ connect = ":1", retries = { breaker = { pause = "5s" } } }'] =
        'option "failures" is required',
      ['weir.udp{}'] = 'option "listen" is required',
      ['weir.unix{ path = "s", datagram = true, idle_timeout = "1s" }'] = "is for streams",
    }) do
      script("in.lua", 'weir.from(%s):to "b"', text)
      local result = place:run("weir check in.lua")
      assert.not_equal(0, result.code)
      assert.truthy(result.err:find(expected, 1, true), text .. "\n" .. result.err)
    end
  end)

  it("warn where a stage waits for an end that never comes", function()
    script("in.lua", 'weir.from(weir.tcp{ listen = ":7000" }):sort{ by = "n" }:to "b"')
    local result = place:run("weir check in.lua")
    assert.matches("sort speaks when its input ends, and weir.tcp never does",
      result.out .. result.err, 1, true)
  end)
end)
