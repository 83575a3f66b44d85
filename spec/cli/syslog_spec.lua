--- Machines that log to weir.

local program = require("spec.support.program")
local sockets = require("spec.support.sockets")

local place = program.each_place()

local function script(text, ...)
  place:write("in.lua", 'local weir = require "weir"\n' .. text:format(...))
end

local SELECT = [[:select("level", "host", "app", "message"):to "got.jsonl"]]

-- Runs in.lua beside, `line` when the port is open, and stops it when so many messages
-- have been written.
local function listen(protocol, port, line, count)
  return place:run(([[
    "$WEIR" run in.lua 2>log & pid=$!
    until grep -q ':%04X 00000000:0000 ' /proc/net/%s; do sleep 0.01; done
    %s
    until [ "$(wc -l <got.jsonl)" = %d ]; do sleep 0.01; done
    kill -INT $pid; wait $pid; echo "code $?"
    cat log >&2]]):format(port, protocol, line, count))
end

describe("syslog", function()
  after_each(sockets.clean)

  it("comes over UDP, a message a datagram", function()
    local port = sockets.free_port(sockets.receive)
    script('weir.from(weir.syslog{ listen = "127.0.0.1:%d" })' .. SELECT, port)
    place:write("a", "<34>Oct 11 22:14:15 h su: one\n  two\n")
    place:write("b", "<13>1 - h a - - - x")
    place:write("c", "nonsense")
    local result = listen("udp", port,
      ([[bash -c 'for f in c a b; do cat $f >/dev/udp/127.0.0.1/%d; done']]):format(port), 2)
    assert.equal("code 0\n", result.out)
    assert.equal('{"level":2,"host":"h","app":"su","message":"one\\n  two"}\n'
      .. '{"level":5,"host":"h","app":"a","message":"x"}\n', place:read("got.jsonl"))
    assert.matches('"code":"ESYNTAX".*"source":"127%.0%.0%.1:%d+".*"raw":"nonsense"',
      place:read("in.dead.jsonl"))
  end)

  it("comes over TCP, as lines and counted, from one sender", function()
    local port = sockets.free_port()
    script('weir.from(weir.syslog{ listen = "127.0.0.1:%d", transport = "tcp" })' .. SELECT, port)
    place:write("a", "<1>Oct 11 22:14:15 h a: 1\n" .. "27 <2>Oct 11 22:14:15 h a: 2\n3"
      .. "<3>Oct 11 22:14:15 h a: 4")
    local result = listen("tcp", port, ([[bash -c 'cat a >/dev/tcp/127.0.0.1/%d']]):format(port), 3)
    assert.equal("code 0\n", result.out)
    assert.equal('{"level":1,"host":"h","app":"a","message":"1"}\n'
      .. '{"level":2,"host":"h","app":"a","message":"2\\n3"}\n'
      .. '{"level":3,"host":"h","app":"a","message":"4"}\n', place:read("got.jsonl"))
  end)

  it("is read from files and from fields too", function()
    place:write("m.log", "Oct 11 22:14:15 h su[1]: x\n<14>Oct 11 22:14:15 h b: y\n")
    script([[
weir.from(weir.file{ path = "m.log", codec = "syslog" })
  :select("host", "app", "procid", "message"):to "got.jsonl"
weir.from(weir.file{ path = "m.log", codec = "lines" })
  :parse "syslog" :select("host", "app", "message"):to "parsed.jsonl"]])
    assert.equal(0, place:run("weir run -q in.lua").code)
    assert.equal('{"host":"h","app":"su","procid":"1","message":"x"}\n'
      .. '{"host":"h","app":"b","message":"y"}\n', place:read("got.jsonl"))
    assert.equal('{"host":"h","app":"su","message":"x"}\n{"host":"h","app":"b","message":"y"}\n',
      place:read("parsed.jsonl"))
  end)

  it("has its mistakes told where they are made", function()
    for text, expected in pairs({
      ['weir.from(weir.syslog{}):to "a"'] = 'option "listen" is required',
      ['weir.from(weir.syslog{ listen = ":1", transport = "tls" }):to "a"'] = '"udp" or "tcp"',
      ['weir.from(weir.syslog{ listen = ":1", zone = "CET" }):to "a"'] = "hours and minutes",
      ['weir.from(weir.syslog{ listen = ":1", idle_timeout = "1s" }):to "a"'] = "are for tcp",
      ['weir.from "x" :to(weir.syslog{ listen = ":1" })'] = "is no sink",
      ['weir.from "x" :to(weir.file{ path = "a", codec = "syslog" })'] = "reads only",
    }) do
      script("%s", text)
      local result = place:run("weir check in.lua")
      if result.code == 0 then
        place:write("x", "")
        result = place:run("weir run in.lua")
      end
      assert.not_equal(0, result.code)
      assert.truthy(result.err:find(expected, 1, true), text .. "\n" .. result.err)
    end
  end)
end)
