--- What waits for company before a sink: when it goes, with nothing more to come.

local program = require("spec.support.program")

local place = program.each_place()

-- A live pipeline into a table; `line` runs beside it and may wait for what is in it.
local function into_table(options, line)
  place:write("run.lua", ([[
local weir = require "weir"
weir.from(weir.tail{ path = "in.jsonl" })
  :to(weir.sqlite{ path = "out.db", table = "t", %s })
]]):format(options))
  return place:run([[
    rows() { sqlite3 out.db 'SELECT count(*) FROM t' 2>/dev/null; }
    echo '{"n":1}' >in.jsonl
    "$WEIR" run run.lua --state-dir state & pid=$!
    ]] .. line .. [[

    kill -TERM $pid; wait $pid; echo "code $?"]])
end

describe("what waits for company before a sink", function()
  it("goes on after `every`, though nothing more comes", function()
    local result = into_table('batch = { every = "20ms" }', [[
      until [ "$(rows)" = 1 ]; do :; done
      echo '{"n":2}' >>in.jsonl
      until [ "$(rows)" = 2 ]; do :; done]])
    assert.equal("code 0\n", result.out)
    assert.truthy(result.err:find("the ledger balances", 1, true), result.err)
  end)

  it("goes on when there is enough, and the rest at the end", function()
    local result = into_table('batch = { every = "1h", records = 2 }', [[
      echo '{"n":2}' >>in.jsonl
      until [ "$(rows)" = 2 ]; do :; done
      echo '{"n":3}' >>in.jsonl]])
    assert.equal("code 0\n", result.out)
    local count = place:run("sqlite3 out.db 'SELECT count(*) FROM t'").out
    local read = result.err:match("read%s+(%d) records")
    assert.equal(read, count:match("%d"))
  end)

  it("is all of what several streams write to one sink", function()
    place:write("run.lua", [[
local weir = require "weir"
local all = weir.from(weir.file{ path = "in.jsonl" })
local out = weir.file{ path = "out.jsonl", name = "both", batch = { every = "1h" } }
all:filter "n > 1":to(out)
all:filter "n < 3":to(out)
]])
    place:write("in.jsonl", '{"n":1}\n{"n":2}\n{"n":3}\n')
    local result = place:run('"$WEIR" run run.lua; sort out.jsonl')
    assert.equal('{"n":1}\n{"n":2}\n{"n":2}\n{"n":3}\n', result.out)
    assert.truthy(result.err:find("batch:both +4 +%- +4"), result.err)
  end)

  it("has its mistakes told where they are made", function()
    for options, expected in pairs({
      ['weir.file{ path = "a", batch = {} }'] = 'such as { every = "1s" }',
      ['weir.file{ path = "a", batch = 5 }'] = "must be limits such as",
      ['weir.http{ url = "http://a", batch = { record = 1 } }'] = 'did you mean "records"',
      ['weir.file{ path = "a", batch = { every = "1s", records = 0 } }'] = "from 1 to",
    }) do
      place:write("run.lua", 'local weir = require "weir"\nweir.from "in":to(' .. options .. ")\n")
      local result = place:run('"$WEIR" check run.lua')
      assert.truthy(result.err:find(expected, 1, true), result.err)
      assert.truthy(result.err:find("run.lua:2", 1, true), result.err)
    end
  end)
end)
