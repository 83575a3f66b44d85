--- Files that grow, followed by the program itself. Pipes keep step: a record that was
-- read from one has come through.

local program = require("spec.support.program")

local place = program.each_place()

local function script(text)
  place:write("run.lua", 'local weir = require "weir"\n' .. text)
end

-- Starts the script, whose records come out at fd 4.
local BEGIN = [[
  [ -p out ] || mkfifo out; exec 4<>out
  begin() { "$WEIR" run --state-dir state run.lua >out 2>>log & pid=$!; }
  take() { read -r line <&4; echo "$line"; }
]]

describe("a tail", function()
  it("gives what comes to files that are rotated, and goes on after a stop", function()
    script('weir.from(weir.tail{ path = "a.log", codec = "lines" }):to(weir.stdout{})')
    local result = place:run(BEGIN .. [[
      echo 1 > a.log; begin; take
      echo 2 >> a.log; take
      mv a.log a.log.1; echo 3 >> a.log.1; echo 4 > a.log; take; take
      kill -INT $pid; wait $pid; echo "code $?"
      echo 5 >> a.log; mv a.log a.log.1; echo 6 > a.log
      begin; take; take
      kill -INT $pid; wait $pid; echo "code $?"]])
    assert.equal('{"message":"1"}\n{"message":"2"}\n{"message":"3"}\n{"message":"4"}\ncode 0\n'
      .. '{"message":"5"}\n{"message":"6"}\ncode 0\n', result.out)
    assert.matches("tail:a.log: rotations", place:read("log"), 1, true)
  end)

  it("finds files that come later, in directories that come later", function()
    script('weir.from(weir.tail{ path = "logs/*/*.jsonl" }):set{ p = "@path" }:to(weir.stdout{})')
    local result = place:run("mkdir logs\n" .. BEGIN .. [[
      begin
      mkdir logs/a; echo '{"n":1}' > logs/a/x.jsonl; take
      echo '{"n":2}' > logs/a/y.jsonl; take
      kill -INT $pid; wait $pid; echo "code $?"]])
    assert.equal('{"n":1,"p":"logs/a/x.jsonl"}\n{"n":2,"p":"logs/a/y.jsonl"}\ncode 0\n', result.out)
  end)

  it("says once that there is nothing yet, and once that there is", function()
    script([[weir.from(weir.tail{ name = "in", path = { "a*.log", "logs" }, codec = "lines" })
      :to(weir.stdout{})]])
    local result = place:run(BEGIN .. [[
      weir check run.lua
      begin
      until grep -q waits log; do sleep 0.01; done
      echo 1 > a1.log; take
      until grep -q 'goes on' log; do sleep 0.01; done
      mv a1.log b.log; echo 2 > a2.log; take
      kill -INT $pid; wait $pid
      weir check run.lua; grep -c 'waits\|goes on' log; grep waits log]])
    local words = 'run.lua:2: warning: nothing matches "%s" here yet; the run will wait for it\n'
    local a, logs = words:format("a*.log"), words:format("logs")
    assert.equal(a .. logs .. '{"message":"1"}\n{"message":"2"}\n' .. logs
      .. '2\nweir: in waits: nothing matches "a*.log" or "logs" yet\n', result.out)
  end)

  it("gives only what comes, if it is told to begin with the latest", function()
    script([[weir.from(weir.tail{ path = "a.log", start = "latest", codec = "lines" })
      :to(weir.stdout{})]])
    local result = place:run(BEGIN .. [[
      echo old > a.log; begin
      until [ -e state/run/*.positions ]; do sleep 0.01; done
      echo new >> a.log; take
      kill -INT $pid; wait $pid]])
    assert.equal('{"message":"new"}\n', result.out)
  end)

  it("gives again what no sink has taken, when the run failed", function()
    script([[weir.from(weir.tail{ path = "a.log", codec = "lines" })
      :to(weir.file{ path = "/dev/full", retries = 0 })]])
    local result = place:run([[
      echo 1 > a.log
      weir run --state-dir state run.lua; echo "code $?"
      cut -d' ' -f1 state/run/*.positions | tail -n +2]])
    assert.equal("code 1\n0\nend\n", result.out, result.err)
  end)

  it("does not begin while another one follows with the same positions", function()
    script('weir.from(weir.tail{ path = "a.log", codec = "lines" }):to(weir.stdout{})')
    local result = place:run(BEGIN .. [[
      echo 1 > a.log; begin; take
      weir run --state-dir state run.lua; echo "code $?"
      kill -INT $pid; wait $pid]])
    assert.not_matches("code 0", result.out)
    assert.matches("another weir runs this pipeline", result.err, 1, true)
  end)

  for _, what in ipairs({ "tail", "spill" }) do
    it("loses nothing when it is killed, again and again: " .. what, function()
      place:bring("scripts/dev/faults/killed.sh")
      local result = place:run("export WEIR; bash killed.sh " .. what .. " 6 1")
      assert.equal(0, result.code, result.out .. result.err)
      assert.matches("kills 6  written %d+  lost 0 ", result.out)
    end)
  end

  it("has its mistakes told where they are made", function()
    for text, expected in pairs({
      ['weir.tail{}'] = 'option "path" is required',
      ['weir.tail{ path = "a", start = "now" }'] = "start",
      ['weir.concat{ weir.tail{ path = "a" }, "b" }'] = "has no end for the others",
    }) do
      script(('weir.from(%s):to "b"'):format(text))
      local result = place:run("weir check run.lua")
      assert.not_equal(0, result.code)
      assert.truthy(result.err:find(expected, 1, true), result.err)
    end
    script('weir.from(weir.tail{ path = "a" }):sort{ by = "n" }:to "b"')
    local result = place:run("weir check run.lua")
    assert.matches("weir.tail never does", result.out .. result.err, 1, true)
  end)
end)
