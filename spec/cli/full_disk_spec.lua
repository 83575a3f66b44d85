--- A live pipeline whose sink finds no room: it waits, and goes on, or is stopped and begins
-- where it was. A limit on the size of files plays the full disk.

local program = require("spec.support.program")

local place = program.each_place()

local ROWS = program.rows(3000)

-- Starts it with room for 4 KiB, waits until it says that it waits, and does `line`.
local function while_full(drain_timeout, line)
  place:write("in.jsonl", ROWS)
  place:write("run.lua", ([[
local weir = require "weir"
weir.options{ drain_timeout = "%s" }
weir.from(weir.tail{ path = "in.jsonl" }):to(weir.file{ path = "out.jsonl", append = true })
]]):format(drain_timeout))
  return place:run([[
    go() { "$WEIR" run run.lua --state-dir state; }
    (ulimit -S -f 8; go 2>log & echo $! >pid; wait $!; echo "code $?" >code) & job=$!
    until grep -q "waits: " log 2>/dev/null; do :; done
    pid=$(pgrep -P "$(cat pid)" || cat pid)
    ]] .. line)
end

describe("a sink without room", function()
  it("waits, says so once, and goes on when there is some", function()
    while_full("5m", [[
      prlimit --pid $pid --fsize=unlimited
      until [ "$(wc -l <out.jsonl)" = 3000 ]; do :; done
      until grep -q "goes on" log; do :; done
      kill -TERM $pid; wait $job]])
    assert.equal("code 0\n", place:read("code"))
    assert.equal(ROWS, place:read("out.jsonl"))
    local log = place:read("log")
    assert.truthy(log:find("^weir: file:out.jsonl waits: out.jsonl: cannot be written: File too"
      .. " large; [^\n]+\nweir: file:out.jsonl goes on, after [^\n]+\nstopped"), log)
    assert.truthy(log:find("writes put off", 1, true), log)
  end)

  it("is given up after drain_timeout, and nothing is lost or doubled by the next run", function()
    while_full("1s", [[
      kill -TERM $pid; wait $job
      cp out.jsonl first
      go 2>/dev/null & pid=$!
      until [ "$(wc -l <out.jsonl)" = 3000 ]; do :; done
      kill -TERM $(pgrep -P $pid || echo $pid); wait $pid]])
    assert.equal("code 1\n", place:read("code"))
    local log = place:read("log")
    assert.truthy(log:find("within drain_timeout (1 s); out.jsonl: cannot be written: File too", 1,
      true), log)
    local first = place:read("first")
    assert.equal(ROWS:sub(1, #first), first)
    assert.truthy(first == "" or first:find("\n$"))
    assert.equal(ROWS, place:read("out.jsonl"))
  end)
end)
