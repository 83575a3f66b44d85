--- What a filter lets pass is written anew: what goes on is as large as it is, and no
-- batch of the input is held for a few of its rows.

local cjson = require("cjson")
local program = require("spec.support.program")

local place = program.each_place()

local ROWS, EVERY = 50000, 1000
local seed = tonumber(os.getenv("SEED")) or os.time()

-- Writes some megabytes; gives the bytes of the rows that pass, each with its newline.
local function write_input()
  math.randomseed(seed)
  local rows, passed = {}, 0
  for n = 1, ROWS do
    local row = ('{"n":%d,"s":"%s"}'):format(n, ("x"):rep(math.random(0, 150)))
    passed = passed + (n % EVERY == 0 and #row + 1 or 0)
    rows[n] = row
  end
  place:write("in.jsonl", table.concat(rows, "\n") .. "\n")
  return passed
end

local FILTERS = {
  ["an expression"] = '"n % 1000 == 0"',
  ["a lambda"] = "function(r) return r.n % 1000 == 0 end",
  ["a lambda that is not lifted"] = "function(r) seen[1] = r.n return r.n % 1000 == 0 end",
}

describe(("what one row in a thousand leaves (seed %d)"):format(seed), function()
  for name, filter in pairs(FILTERS) do
    it("is as large as those rows, behind " .. name, function()
      local passed = write_input()
      place:write("run.lua", ([[
local weir = require "weir"
local seen = {}
local s = weir.from "in.jsonl":filter(%s)
s:to "a.jsonl"
s:buffer{ max_records = 1000 }:to "b.jsonl"
s:merge(weir.from "none.jsonl"):to "c.jsonl"
]]):format(filter))
      place:write("none.jsonl", "")
      local run = place:run("weir run --summary json run.lua")
      assert.equal(0, run.code, run.err)
      local edges, behind = cjson.decode(run.err).ledger.edges, 0
      for _, edge in ipairs(edges) do
        if edge.sent == ROWS / EVERY then
          behind = behind + 1
          assert.equal(passed, edge.bytes, edge.to)
        else
          assert.is_true(edge.sent == ROWS or edge.bytes == 0, edge.to)
        end
      end
      assert.is_true(behind >= 3)
    end)
  end
end)
