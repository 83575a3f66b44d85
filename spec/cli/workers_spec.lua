--- More workers change how long a run takes and nothing else.

local program = require("spec.support.program")

local place = program.each_place()
local random = math.random
local seed = tonumber(os.getenv("SEED")) or os.time()

local COUNTS = { 1, 2, 4 }

-- Some megabytes, so that every worker loads; a few lines are bad, some fail later.
local function write_input(name, count)
  math.randomseed(seed)
  local lines = {}
  for i = 1, count do
    lines[i] = random(5000) == 1 and '{"n":' .. i
      or ('{"n":%d,"k":"k%d","f":%.3f,"path":"/a/%d/b","user":{"id":%d},"s":%s}'):format(i,
        random(300), random() * 1000, random(50), random(9),
        random(800) == 1 and "null" or '"text"')
  end
  place:write(name, table.concat(lines, "\n") .. "\n")
end

local BRANCHES = [[
local weir = require "weir"
local all = weir.from "in.jsonl"
local low, high = all:split(function(r) return r.n % 3 == 0 end)
low:map(function(r) r.prefix = r.path:match("^(.*)/"); r.len = #r.s end):to "low.jsonl"
high:filter "f > 500":set{ twice = "f * 2" }:to "high.csv"
low:select("n", "k"):merge(high:select("n", "f")):to "merged.jsonl"
high:group_by("k")
  :aggregate{ count = weir.count(), sum = weir.sum "f", avg = weir.avg "f", last = weir.last "n",
    most = weir.max(function(r) return r.f end) }
  :to "groups.jsonl"
all:aggregate{ sum = weir.sum "f" }:to "sum.jsonl"
all:sort{ by = { "-f", "n" } }:take(1000):to "sorted.jsonl"
all:skip(1000):take(5000):to "some.jsonl"
all:group_by{ id = "user.id" }:aggregate{ n = weir.count() }
  :to(weir.sqlite{ path = "out.db", table = "users", key = "id" })
weir.dead_letters():drop_fields("time"):to "dead.jsonl"
]]

local USERS = [[
local weir = require "weir"
weir.from(weir.sqlite{ path = "out.db", query = "SELECT * FROM users ORDER BY id" })
  :to(weir.stdout{})
]]

local OUTPUTS = {
  "low.jsonl", "high.csv", "merged.jsonl", "groups.jsonl", "sum.jsonl", "sorted.jsonl",
  "some.jsonl",
}

-- Dead letters come as they come.
local function sorted_lines(text)
  local lines = {}
  for line in text:gmatch("[^\n]+") do
    lines[#lines + 1] = line
  end
  table.sort(lines)
  return lines
end

local function outputs_of(script, names, workers)
  place:write("run.lua", script)
  local run = place:run(("rm -f *.db *.dead.jsonl; weir run --workers %d run.lua"):format(workers))
  assert.equal(0, run.code, run.err)
  assert.truthy(run.err:find("the ledger balances", 1, true), run.err)
  local out = {}
  for _, name in ipairs(names) do
    out[name] = place:read(name)
  end
  if place:has("dead.jsonl") then
    out.dead = sorted_lines(place:read("dead.jsonl"))
  end
  if place:has("out.db") then
    place:write("users.lua", USERS)
    out.users = place:run("weir run -q users.lua")
    assert.equal(0, out.users.code, out.users.err)
    out.users = out.users.out
  end
  return out
end

local function same_for_all(script, names)
  local expected = outputs_of(script, names, COUNTS[1])
  for i = 2, #COUNTS do
    local got = outputs_of(script, names, COUNTS[i])
    for name, text in pairs(expected) do
      if type(text) == "table" then
        assert.same(text, got[name])
      else
        assert(text == got[name], ("%s differs with %d workers (seed %d)"):format(name, COUNTS[i],
          seed))
      end
    end
  end
  return expected
end

describe("workers", function()
  it("leave every byte of every output as it is", function()
    write_input("in.jsonl", 60000)
    local out = same_for_all(BRANCHES, OUTPUTS)
    assert.is_true(#out["groups.jsonl"] > 0 and #out.dead > 0 and #out.users > 0)
  end)

  it("give the records of packed files and of several their places", function()
    write_input("a.jsonl", 15000)
    write_input("b.jsonl", 15000)
    place:run("gzip -k a.jsonl; zstd -q -k b.jsonl")
    same_for_all([[
local weir = require "weir"
weir.from{ "a.jsonl.gz", "b.jsonl", "b.jsonl.zst", "a.jsonl" }
  :set{ number = "@record", where = "@path" }:to "out.jsonl"
weir.dead_letters():drop_fields("time"):to "dead.jsonl"
]], { "out.jsonl" })
  end)

  it("give the same records in another order where that does not matter", function()
    write_input("in.jsonl", 60000)
    local script = [[
local weir = require "weir"
weir.options{ ordered = %s }
local all = weir.from "in.jsonl"
local low, high = all:split(function(r) return r.n %% 3 == 0 end)
low:map(function(r) r.prefix = r.path:match("^(.*)/"); r.len = #r.s end):to "low.jsonl"
low:select("n", "k"):merge(high:filter "f > 500":select("n", "f")):to "merged.jsonl"
all:group_by("k"):aggregate{ count = weir.count(), most = weir.max "n" }:to "groups.jsonl"
all:filter "f > 900":sort{ by = { "-f", "n" } }:to "sorted.jsonl"
weir.dead_letters():drop_fields("time"):to "dead.jsonl"
]]
    local names = { "low.jsonl", "merged.jsonl", "groups.jsonl", "sorted.jsonl" }
    local want = outputs_of(script:format("true"), names, 1)
    for _, workers in ipairs(COUNTS) do
      local got = outputs_of(script:format("false"), names, workers)
      for name, text in pairs(want) do
        local lines = type(text) == "table" and text or sorted_lines(text)
        assert.same(lines, type(text) == "table" and got[name] or sorted_lines(got[name]))
      end
      assert.is_true(want["sorted.jsonl"] == got["sorted.jsonl"])
    end
  end)

  it("keep what remembers in one place", function()
    write_input("in.jsonl", 60000)
    local out = same_for_all([[
local weir = require "weir"
local seen = 0
weir.from "in.jsonl":map(function(r) seen = seen + 1; return { seen = seen, n = r.n } end)
  :to "out.jsonl"
]], { "out.jsonl" })
    local count = 0
    for seen in out["out.jsonl"]:gmatch('"seen":(%d+)') do
      count = count + 1
      assert(tonumber(seen) == count)
    end
  end)

  it("come where a segment is bound to one that others do not need", function()
    write_input("in.jsonl", 100)
    local script = 'weir.from "in.jsonl":buffer{ max_records = 10 }:priority "high":to "o%d.jsonl"'
    local lines = { 'local weir = require "weir"' }
    for i = 1, 7 do
      lines[i + 1] = script:format(i)
    end
    place:write("run.lua", table.concat(lines, "\n"))
    for workers = 2, 8, 2 do
      local run = place:run(("weir run -q --workers %d run.lua"):format(workers))
      assert.equal(0, run.code, run.err)
    end
  end)

  it("fail alike where groups find no room", function()
    write_input("in.jsonl", 30000)
    for _, workers in ipairs(COUNTS) do
      local run = place:run(([[weir --workers %d -e ':group_by("k")
        :aggregate({ count = weir.count() }, { max_keys = 100 })' in.jsonl]]):format(workers))
      assert.equal(1, run.code)
      assert.truthy(run.err:find("more than max_keys = 100 groups", 1, true), run.err)
    end
  end)
end)
