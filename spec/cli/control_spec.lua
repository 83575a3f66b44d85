--- Runs that are asked and told what to do while they run: `weir ctl`, `weir top`.

local json_model = require("spec.support.json_model")
local program = require("spec.support.program")

local place = program.each_place()

-- Reads from the pipe `in`, which fd 3 writes to, and answers at run.sock.
local SCRIPT = [[
local weir = require "weir"
weir.from(weir.file{ name = "in", path = "in" })
  :filter "n % 2 == 0" :name "even"
  :map(function(r) r.m = r.n * 2 end) :name "double"
  :to(weir.file{ name = "out", path = "out.jsonl" })
]]

-- Does lines of shell while it runs; then it is to end by itself.
local function beside(lines, flags)
  place:write("p.lua", SCRIPT)
  return place:run(([[
    mkfifo in
    "$WEIR" run -q %s p.lua & pid=$!
    exec 3>in
    until [ -S run.sock ]; do sleep 0.01; done
    %s
    exec 3>&-; wait $pid; echo "code $?"
    test -e run.sock && echo "the socket is still there"]]):format(
    flags or "--control run.sock", lines))
end

describe("weir ctl", function()
  it("asks for version, graph and numbers", function()
    local result = beside([[
      weir ctl ./run.sock version
      weir ctl ./run.sock graph
      echo '{"n":2}' >&3
      until weir ctl ./run.sock stats | grep -q '"made":1'; do sleep 0.01; done
      weir ctl ./run.sock stats]])
    local version, graph, stats, rest = result.out:match("^(.-)\n(.-)\n(.-)\n(.*)$")
    version, graph, stats = json_model.decode(version), json_model.decode(graph),
      json_model.decode(stats)
    assert.same({ 1, "p" }, { version.protocol, version.pipeline })
    assert.equal("in", graph.nodes[1].name)
    assert.equal("out", graph.edges[1].port)
    assert.same({ "running", 1 }, { stats.state, stats.read.records })
    assert.equal("code 0\n", rest)
  end)

  it("pauses, lets go on, and drains", function()
    local result = beside([[
      echo '{"n":2}' >&3
      until [ "$(weir ctl ./run.sock stats | grep -o '"made":1' | head -1)" ]; do sleep 0.01; done
      weir ctl ./run.sock pause
      weir ctl ./run.sock stats | grep -o '"state":"[a-z]*"'
      weir ctl ./run.sock resume
      echo '{"n":4}' >&3
      until weir ctl ./run.sock stats | grep -q '"made":2'; do sleep 0.01; done
      weir ctl ./run.sock drain]])
    assert.equal('{"state":"paused"}\n"state":"paused"\n{"state":"running"}\n'
      .. '{"state":"draining"}\ncode 0\n', result.out)
    assert.equal('{"n":2,"m":4}\n{"n":4,"m":8}\n', place:read("out.jsonl"))
  end)

  it("stops a run at once, which keeps what was there before", function()
    local result = beside([[echo '{"n":2}' >&3; weir ctl ./run.sock stop]])
    assert.equal('{"state":"stopping"}\ncode 130\n', result.out)
    assert.falsy(place:has("out.jsonl"))
  end)

  it("shows records that pass a node", function()
    local result = beside([[
      weir ctl ./run.sock tap node=double count=2 >seen & tap=$!
      while kill -0 $tap 2>/dev/null; do echo '{"n":2, "x":1.0}' >&3; done
      weir ctl ./run.sock tap odd; echo "code $?"]])
    assert.equal("code 1\ncode 0\n", result.out)
    assert.equal('{"n":2,"x":1.0,"m":4}\n{"n":2,"x":1.0,"m":4}\n', place:read("seen"):gsub(" ", ""))
    assert.matches('nothing can be seen at "odd"; there is in, even, double, out', result.err, 1,
      true)
  end)

  it("shows records that pass a stage inside a segment, whatever the order of its words", function()
    local result = beside([[
      weir ctl tap ./run.sock even count=2 >seen & tap=$!
      while kill -0 $tap 2>/dev/null; do echo '{"n":2, "x":1.0}' >&3; echo '{"n":3}' >&3; done]])
    assert.equal("code 0\n", result.out)
    assert.equal('{"n":2,"x":1.0}\n{"n":2,"x":1.0}\n', place:read("seen"):gsub(" ", ""))
    assert.falsy(place:read("out.jsonl"):find('"n":3', 1, true))
  end)

  it("says what is wrong", function()
    local result = beside([[
      weir ctl ./run.sock nope; echo "code $?"
      weir ctl ./run.sock pause pipeline=other; echo "code $?"
      weir ctl ./run.sock tap count=2; echo "code $?"
      weir ctl ./run.sock; echo "code $?"
      weir ctl ./none.sock version; echo "code $?"]])
    assert.equal("code 2\ncode 1\ncode 2\ncode 2\ncode 1\ncode 0\n", result.out)
    assert.matches('the pipeline here is "p"', result.err)
  end)

  it("finds a run by name where nobody said where it is", function()
    place:write("p.lua", SCRIPT)
    local result = place:run([[
      export XDG_RUNTIME_DIR=$PWD; mkfifo in
      weir ctl version; echo "code $?"
      "$WEIR" run -q p.lua & pid=$!
      exec 3>in
      until [ -S weir/p-$pid.sock ]; do sleep 0.05; done
      stat -c %a weir weir/p-$pid.sock
      for name in p $pid; do weir ctl $name version | grep -o '"pid":[0-9]*' | grep -c $pid; done
      weir ctl drain
      exec 3>&-; wait $pid; echo "code $?"; ls weir]])
    assert.equal('code 1\n700\n600\n1\n1\n{"state":"draining"}\ncode 0\n', result.out)
  end)

  it("finds it too where the system gives no runtime directory", function()
    place:write("p.lua", SCRIPT)
    local result = place:run([[
      unset XDG_RUNTIME_DIR; mkfifo in
      "$WEIR" run -q p.lua & pid=$!
      exec 3>in
      until weir ctl $pid drain 2>/dev/null; do sleep 0.05; done
      exec 3>&-; wait $pid; echo "code $?"]])
    assert.equal('{"state":"draining"}\ncode 0\n', result.out)
  end)

  it("uses no directory that others may enter", function()
    place:write("p.lua", SCRIPT)
    local result = place:run([[
      export XDG_RUNTIME_DIR=$PWD; mkfifo in; mkdir -m 755 weir
      "$WEIR" run --stats 100ms p.lua 2>log & pid=$!
      exec 3>in
      until grep -q "^2[.]. s," log; do sleep 0.05; done
      ls weir; exec 3>&-; wait $pid; echo "code $?"]])
    assert.equal("code 0\n", result.out)
  end)
end)

describe("weir top", function()
  it("prints once where there is no terminal", function()
    local result = beside([[
      echo '{"n":2}' >&3
      until weir ctl ./run.sock stats | grep -q '"made":1'; do sleep 0.01; done
      weir top ./run.sock; echo "code $?"]])
    assert.matches("running: 1 record read", result.out)
    assert.matches("\ndouble +1", result.out)
    assert.falsy(result.out:find("\27"))
  end)

  it("draws in a terminal, pauses and taps by keys, and leaves it as it was", function()
    if not program.has_terminals() then
      return pending("this machine gives no terminals: script(1) finds none")
    end
    place:write("keys", [[
      stty cols 100 rows 12 2>/dev/null
      "$WEIR" top ./run.sock --every 100ms; echo "code $?"
      stty -a | grep -o '.icanon']])
    local result = beside([[
      mkfifo typed; exec 5<>typed
      WEIR=$WEIR script -qefc "sh keys" log <&5 >/dev/null 2>&1 & top=$!
      until grep -q 'p pause' log; do sleep 0.02; done; printf p >&5
      until grep -q 'p go on' log; do sleep 0.02; done
      weir ctl ./run.sock stats | grep -o '"state":"[a-z]*"'
      printf p >&5
      until tail -c 400 log | grep -q 'p pause'; do sleep 0.02; done
      printf '\033[B\033[Bt' >&5
      while ! grep -q '{"n":4}' log; do echo '{"n":4}' >&3; sleep 0.02; done
      grep -a -o 'even, [0-9]* passed' log | head -n 1 | tr -d 0-9
      printf dn >&5
      until grep -q 'drain p,' log; do sleep 0.02; done
      printf q >&5; wait $top
      tr -d '\r' <log | tail -4 | grep -a -e code -e icanon | sed 's/.*code/code/; s/^ //']])
    assert.equal('"state":"paused"\neven,  passed\ncode 0\nicanon\ncode 0\n', result.out)
    local log = place:read("log")
    assert.truthy(log:find("\27[?1049h", 1, true) and log:find("\27[?25h\27[?1049l", 1, true))
  end)
end)
