--- Stages that leave records out on purpose.

local cjson = require("cjson")
local program = require("spec.support.program")

local place = program.each_place()

local function rows(text)
  local out = {}
  for line in text:gmatch("[^\n]+") do
    out[#out + 1] = cjson.decode(line)
  end
  return out
end

describe("a sample", function()
  it("keeps all records of some keys, the same with any number of workers", function()
    local lines = {}
    for n = 1, 30000 do
      lines[n] = ('{"n":%d,"k":"k%d"}\n'):format(n, n % 3000)
    end
    place:write("in.jsonl", table.concat(lines))
    local line = "weir -q --workers %d -e ':sample{ keep = \"10%%\", key = \"k\" }' in.jsonl"
    local one, two = place:run(line:format(1)), place:run(line:format(2))
    assert.equal(one.out, two.out)
    local counts, keys = {}, 0
    for _, row in ipairs(rows(one.out)) do
      keys = keys + (counts[row.k] and 0 or 1)
      counts[row.k] = (counts[row.k] or 0) + 1
    end
    for _, count in pairs(counts) do
      assert.equal(10, count)
    end
    assert.is_true(keys > 240 and keys < 360, keys)
  end)

  it("sets a record aside whose key cannot be computed", function()
    place:write("in.jsonl", '{"a":{"b":1}}\n{}\n')
    local result = place:run(
      [[weir -e ':sample{ keep = 1, key = function(r) return r.a.b end }' in.jsonl]])
    assert.equal('{"a":{"b":1}}\n', result.out)
    assert.matches("dead    1 record", result.err, 1, true)
    assert.matches("the ledger balances", result.err, 1, true)
  end)
end)

describe("dedup", function()
  it("passes the first of each key, and hands over the others where they are wanted", function()
    place:write("in.jsonl", [[
{"id":1,"n":1}
{"id":2,"n":2}
{"id":1,"n":3}
{"id":"1","n":4}
{"n":5}
{"id":null,"n":6}
{"id":2,"n":7}
]])
    place:write("once.lua", [[
local weir = require "weir"
local s = weir.from "in.jsonl" :filter "n < 7" :dedup{ key = "id", within = "1h" } :name "ids"
s:side "dropped" :to "again.jsonl"
local t = s:map(function(r) r.id = nil end):dedup{ key = "n % 2", within = "1h" } :name "parity"
t:side "dropped" :to "parity.jsonl"
t:to(weir.stdout{})]])
    local result = place:run("weir run once.lua")
    assert.equal('{"n":1}\n{"n":2}\n', result.out)
    assert.equal('{"id":1,"n":3}\n{"id":null,"n":6}\n', place:read("again.jsonl"))
    assert.equal('{"n":4}\n{"n":5}\n', place:read("parity.jsonl"))
    assert.matches("the ledger balances", result.err, 1, true)
    place:write("alone.lua", [[
local weir = require "weir"
weir.from "in.jsonl" :dedup{ key = "id", within = "1h" } :to(weir.stdout{})]])
    local alone = place:run("weir run alone.lua")
    assert.equal(4, #rows(alone.out))
    assert.matches("dedup:id +7 +- +4 +3\n", alone.err)
  end)

  it("says how many keys it forgot because there were too many", function()
    place:write("in.jsonl", ('{"id":1}\n{"id":2}\n{"id":3}\n'):rep(3))
    place:write("few.lua", [[
local weir = require "weir"
weir.from "in.jsonl" :dedup{ key = "id", within = "1h", max_keys = 2 } :to(weir.stdout{})]])
    local result = place:run("weir run few.lua")
    assert.equal(9, #rows(result.out))
    assert.matches("7  dedup:id: keys forgotten", result.err, 1, true)
  end)

  it("has its mistakes told", function()
    for text, expected in pairs({
      ['within = "1h"'] = 'option "key" is required',
      ['key = "id"'] = 'option "within" is required',
      ['key = "id", within = "0s"'] = "within is longer than nothing",
    }) do
      local result = place:run(("weir -e ':dedup{ %s }' in.jsonl"):format(text))
      assert.truthy(result.err:find(expected, 1, true), result.err)
    end
  end)
end)

describe("throttle with a key", function()
  it("gives each key a burst, and hands over what is too much", function()
    local lines = {}
    for n = 1, 12 do
      lines[n] = ('{"n":%d,"k":"%s"}\n'):format(n, n % 3 == 0 and "b" or "a")
    end
    place:write("in.jsonl", table.concat(lines))
    place:write("few.lua", [[
local weir = require "weir"
local s = weir.from "in.jsonl"
  :throttle{ rate = "1/d", burst = 2, key = "k", overflow = "drop_newest" }
s:to "few.jsonl"
s:side "dropped" :to "rest.jsonl"]])
    local result = place:run("weir run few.lua")
    local got = {}
    for i, row in ipairs(rows(place:read("few.jsonl"))) do
      got[i] = row.n
    end
    assert.same({ 1, 2, 3, 6 }, got)
    assert.equal(8, #rows(place:read("rest.jsonl")))
    assert.matches("the ledger balances", result.err, 1, true)
  end)

  it("may have a rate for each record", function()
    place:write("in.jsonl", ('{"r":1}\n{"r":"2/d"}\n{"r":3}\n{"r":"x"}\n{"r":-1}\n'):rep(2))
    place:write("few.lua", [[
local weir = require "weir"
weir.from "in.jsonl"
  :throttle{ rate = function(r) return r.r end, burst = 1, key = "r", overflow = "drop_newest" }
  :to(weir.stdout{})]])
    local result = place:run("weir run few.lua")
    assert.equal('{"r":1}\n{"r":"2/d"}\n{"r":3}\n', result.out)
    assert.matches("4 records", result.err, 1, true)
    assert.matches("throttle: x is no rate", place:read("few.dead.jsonl"), 1, true)
  end)

  it("has its mistakes told", function()
    place:write("in.jsonl", "")
    for text, expected in pairs({
      ['rate = "1/s", key = "id"'] = "with a key nothing can wait",
      ["rate = function(r) return r.n end"] = "with a rate that is a function nothing can wait",
      ['rate = "1/s", max_keys = 5'] = 'option "max_keys" belongs to a throttle with a key',
      ["rate = 5"] = "or a function of the record",
    }) do
      local result = place:run(("weir -e ':throttle{ %s }' in.jsonl"):format(text))
      assert.truthy(result.err:find(expected, 1, true), result.err)
    end
  end)
end)
