--- How a run ends before its input does: signals, pipes, limits of time.
--
-- Named pipes keep step with the program: what was read from one has happened.

local program = require("spec.support.program")

local place = program.each_place()

-- Starts a pipeline from the pipe `in` (fd 3 writes to it) whose standard output is read
-- at fd 4, and lets one record through; then does `line`.
local function during(script, line)
  place:write("run.lua", 'local weir = require "weir"\n' .. script)
  return place:run([[
    mkfifo in out
    exec 4<>out
    "$WEIR" run run.lua > out & pid=$!
    exec 3>in
    echo '{"n":1}' >&3
    read -r first <&4
    ]] .. line)
end

-- Does `line` while a lambda with such a body is at work on its first of many records.
local function while_slow(body, drain_timeout, line)
  place:write("run.lua", ([[
local weir = require "weir"
weir.options{ drain_timeout = "%s" }
weir.from "in":map(function(r) print "slow" %s end):to "out.jsonl"
]]):format(drain_timeout, body))
  local result = place:run([[
    i=0; while [ $i -lt 5000 ]; do echo '{"n":1}'; i=$((i+1)); done > lines
    mkfifo in; "$WEIR" run run.lua 2>log & pid=$!
    exec 3>in; cat lines >&3
    until grep -q slow log; do sleep 0.01; done
    ]] .. line)
  result.err = place:read("log"):gsub("slow\n", "")
  return result
end

local COPY = [[
local s = weir.from "in"
s:to "out.jsonl"
s:to(weir.stdout{})
]]

describe("a run that is stopped", function()
  for _, signal in ipairs({ "INT", "TERM" }) do
    it("by SIG" .. signal .. " ends well, with what was done", function()
      local result = during(COPY, ([[
        kill -%s $pid; wait $pid; echo "code $? first $first"]]):format(signal))
      assert.equal('code 0 first {"n":1}\n', result.out)
      assert.truthy(result.err:find("stopped after", 1, true), result.err)
      assert.truthy(result.err:find("the ledger balances", 1, true))
      assert.equal('{"n":1}\n', place:read("out.jsonl"))
    end)
  end

  it("says so and how far it came, though it is a one-liner", function()
    local result = place:run([[
      mkfifo in out
      exec 4<>out
      "$WEIR" -e ':to(weir.stdout{})' in > out & pid=$!
      exec 3>in
      echo '{"n":1}' >&3
      read -r first <&4
      kill -INT $pid; wait $pid; echo "code $? first $first"]])
    assert.equal('code 0 first {"n":1}\n', result.out)
    assert.truthy(result.err:find("stopped after", 1, true), result.err)
    assert.truthy(result.err:find("the ledger balances", 1, true))
  end)

  it("by two signals in one moment is stopped once", function()
    local result = during(COPY, [[
      kill -STOP $pid; kill -INT $pid; kill -TERM $pid; kill -CONT $pid
      wait $pid; echo "code $? first $first"]])
    assert.equal('code 0 first {"n":1}\n', result.out)
  end)

  it("closes its groups and empties its sort first", function()
    local result = during([[
local s = weir.from "in"
s:to(weir.stdout{})
s:group_by("n"):aggregate{ count = weir.count() }:to "groups.jsonl"
s:sort{ by = "-n" }:to "sorted.jsonl"
]], [[
      echo '{"n":2}' >&3; read -r second <&4
      kill -INT $pid; wait $pid; echo "code $?"]])
    assert.equal("code 0\n", result.out)
    assert.truthy(result.err:find("the ledger balances", 1, true), result.err)
    assert.equal('{"n":1,"count":1}\n{"n":2,"count":1}\n', place:read("groups.jsonl"))
    assert.equal('{"n":2}\n{"n":1}\n', place:read("sorted.jsonl"))
  end)

  it("twice quits, whatever a lambda is doing, and leaves the old output", function()
    place:write("out.jsonl", "old\n")
    local result = while_slow("for i = 1, 9e6 do local x = tostring(i) end", "30s", [[
      until grep -q interrupted log; do kill -INT $pid; done
      wait $pid; echo "code $?"]])
    assert.equal("code 130\n", result.out)
    assert.truthy(result.err:find("weir: interrupted", 1, true), result.err)
    assert.equal("old\n", place:read("out.jsonl"))
  end)

  it("waits for what is under way, but not longer than drain_timeout", function()
    local result = while_slow("for i = 1, 1e4 do r.x = i end", "100ms", [[
      kill -INT $pid; wait $pid; echo "code $?"]])
    assert.equal("code 1\n", result.out)
    assert.truthy(result.err:find("not all that was under way arrived within drain_timeout (0.1 s)",
      1, true), result.err)
    assert.is_false(place:has("out.jsonl"))
  end)

  it("counts what it gave up, also in a write that nobody reads", function()
    place:write("run.lua", [[
local weir = require "weir"
weir.options{ drain_timeout = "100ms" }
weir.from "in.jsonl":to(weir.stdout{})
]])
    place:write("in.jsonl", ('{"n":1,"text":"%s"}\n'):format(("x"):rep(1000)):rep(1000))
    local result = place:run([[
      mkfifo out; exec 4<>out
      "$WEIR" run run.lua --summary json > out & pid=$!
      read -r first <&4
      kill -TERM $pid; wait $pid; echo "code $?"]])
    assert.equal("code 1\n", result.out)
    assert.truthy(result.err:find('"balanced":true', 1, true), result.err)
    assert.truthy(result.err:find('"held":[1-9]'), result.err)
  end)

  it("by SIGKILL never leaves half a file under its name", function()
    local result = during(COPY, [[
      kill -KILL $pid; wait $pid 2>/dev/null; echo "code $?"]])
    assert.equal("code 137\n", result.out)
    assert.is_false(place:has("out.jsonl"))
  end)

  it("by SIGKILL leaves what the next run removes", function()
    during(COPY, [[kill -KILL $pid; wait $pid 2>/dev/null]])
    assert.equal("1\n", place:run("ls -A | grep -c '^[.]out[.]jsonl[.][0-9]*[.]tmp$'").out)
    -- The second is of a process that lives.
    local result = place:run([[
      echo '{"a":1}' > one.jsonl
      touch .out.jsonl.x.tmp .out.jsonl.$$.tmp .other.jsonl.999999999.tmp
      weir -q -e ':to "out.jsonl"' one.jsonl
      ls -A | grep 'tmp$' | LC_ALL=C sort | sed "s/[.]$$[.]/.PID./"]])
    assert.same({ ".other.jsonl.999999999.tmp", ".out.jsonl.PID.tmp", ".out.jsonl.x.tmp" },
      { result.out:match("(.-)\n(.-)\n(.-)\n$") })
  end)

  it("by a reader who has enough ends without a word", function()
    local result = place:run([[
      mkfifo in; printf 'local weir = require "weir" weir.from "in":to(weir.stdout{})' > run.lua
      { "$WEIR" run run.lua; echo "code $?" >&2; } | head -1 &
      exec 3>in; trap "" PIPE; while echo '{"n":1}' 2>/dev/null; do :; done >&3; wait]])
    assert.equal('{"n":1}\n', result.out)
    assert.equal("code 141\n", result.err)
  end)

  it("by take reads no further than it must", function()
    local result = place:run([[
      mkfifo in; exec 3<>in; echo '{"n":1}' >&3
      weir -q -e ':take(1)' in; echo "code $?"]])
    assert.equal('{"n":1}\ncode 0\n', result.out)
  end)
end)

describe("a record that comes alone", function()
  for name, chain in pairs({
    ["through a pipe"] = ':filter "n"',
    ["through a chain with a fork"] = ':route{ { "yes", when = "n" } }.yes:select("n")',
  }) do
    it("is passed on at once, " .. name, function()
      local result = place:run(([[
        mkfifo in out; exec 3<>in 4<>out
        "$WEIR" -q -e '%s' <in >out 3<&- 4<&- &
        echo '{"n":1}' >&3; read -r first <&4
        echo '{"n":2}' >&3; read -r second <&4
        exec 3<&-; wait; echo "$first $second"]]):format(chain))
      assert.equal('{"n":1} {"n":2}\n', result.out)
    end)
  end
end)
