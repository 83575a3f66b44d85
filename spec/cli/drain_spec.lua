--- What a stop waits for, and what becomes of that which does not arrive in time.
--
-- A run says when its sink waits, so nobody here has to guess how long that takes.

local program = require("spec.support.program")

local place = program.each_place()

-- The peer of those that connect to `sock`.
local PEER = 'require("weir").from(require("weir").unix{ path = "sock" })'
  .. ':to(require("weir").stdout{})'

-- Runs a pipeline until its sink waits, with what it says in `log`.
local function until_it_waits(script, line)
  place:write("peer.lua", PEER)
  place:write("run.lua", 'local weir = require "weir"\n' .. script)
  local result = place:run([[
    mkfifo in; exec 3<>in
    "$WEIR" run run.lua --state-dir state --control ctl <in 2>log & pid=$!
    echo '{"n":1}' >&3
    until grep -q " waits: " log; do sleep 0.01; done
    ]] .. line)
  result.log = place:read("log")
  return result
end

local PATIENT = "retries = { max = 1000, backoff = '1h', max_backoff = '1h', jitter = 0 }"

describe("a run that is stopped while its sink waits for a peer", function()
  it("has it try again at once, and ends well if the peer is there", function()
    local result = until_it_waits(([[
weir.from(weir.stdin{}):to(weir.unix{ path = "sock", %s })]]):format(PATIENT), [[
      "$WEIR" run peer.lua >got 2>peer.log & peer=$!
      until [ -S sock ]; do sleep 0.01; done
      kill -INT $pid; wait $pid; echo "code $?"
      kill -INT $peer; wait $peer; cat got]])
    assert.equal('code 0\n{"n":1}\n', result.out)
    assert.matches("waits: unix sock cannot be reached (No such file or directory)", result.log, 1,
      true)
  end)

  it("gives up after drain_timeout, says why, and counts what has not arrived", function()
    local result = until_it_waits(([[
weir.options{ drain_timeout = "100ms" }
weir.from(weir.stdin{}):to(weir.unix{ path = "sock", %s })]]):format(PATIENT), [[
      kill -INT $pid; wait $pid; echo "code $?"]])
    assert.equal("code 1\n", result.out)
    assert.matches("within drain_timeout (0.1 s); unix sock cannot be reached (No such file",
      result.log, 1, true)
    assert.matches("wrote   0 records to unix sock\n", result.log, 1, true)
    assert.matches("the ledger balances", result.log, 1, true)
    assert.not_matches("with the next run", result.log, 1, true)
  end)

  -- Into memory go 10, to the sink a few, and to disk the rest.
  it("drops nothing that a disk or a tailed file gives again", function()
    place:write("log.jsonl", program.rows(150000))
    local result = until_it_waits(([[
weir.options{ drain_timeout = "100ms" }
weir.from(weir.tail{ path = "log.jsonl", start = "earliest" })
  :buffer{ max_records = 10, overflow = "spill" }
  :to(weir.unix{ path = "sock", name = "peer", %s })]]):format(PATIENT), [[
      until "$WEIR" ctl ./ctl stats | grep -q '"received":150000'; do sleep 0.01; done
      kill -INT $pid; wait $pid; echo "code $?"
      cp log first
      "$WEIR" run peer.lua >got 2>peer.log & peer=$!
      until [ -S sock ]; do sleep 0.01; done
      "$WEIR" run run.lua --state-dir state 2>second & pid=$!
      until [ $(sort -u got | wc -l) -eq 150000 ]; do sleep 0.01; done
      kill -INT $pid; wait $pid; echo "code $?"
      kill -INT $peer; wait $peer; cat second]])
    local first = place:read("first")
    assert.matches("^code 1\ncode 0\n", result.out)
    assert.matches("the ledger balances", first, 1, true)
    assert.matches("records that were under way come again with the next run", first, 1, true)
    assert.not_matches("dropped", first, 1, true)
    local left = first:match("([%d,]+)  buffer: left on disk")
    assert.matches("\n  buffer +[%d,]+ +" .. left .. " ", result.out)
  end)
end)
