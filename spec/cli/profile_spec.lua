--- What the program says of its own work: `run --profile` and `explain --jit`.

local json_model = require("spec.support.json_model")
local program = require("spec.support.program")

local place = program.each_place()

local RECORDS = 20000

before_each(function()
  local lines = {}
  for n = 1, RECORDS do
    lines[n] = ('{"n":%d,"path":"/a/b%d"}'):format(n, n % 7)
  end
  place:write("in.jsonl", table.concat(lines, "\n") .. "\n")
  place:write("p.lua", [[
local weir = require "weir"
weir.from "in.jsonl"
  :filter(function(r) return r.n % 2 == 0 end)
  :map(function(r)
    local closure = function() return r.n end
    return { n = closure() }
  end) :name "wasteful"
  :to "out.jsonl"
]])
end)

local function profile_of(line)
  local result = place:run(line)
  assert.equal(0, result.code, result.err)
  return json_model.decode(result.err).profile, result
end

local function named(list, name)
  for _, each in ipairs(list) do
    if each.name == name then
      return each
    end
  end
  error("none is called " .. name)
end

describe("run --profile", function()
  it("tells time, records and allocations of sources, segments, stages and sinks", function()
    local profile = profile_of("weir run --profile --summary json p.lua")
    assert.equal(RECORDS, named(profile.tasks, "file:in.jsonl").records)
    local segment = named(profile.tasks, "p/1")
    assert.equal(RECORDS, segment.records)
    assert.is_true(segment.wall_ms > 0 and segment.cpu_ms > 0)
    local wasteful = named(segment.parts, "wasteful")
    assert.equal(RECORDS / 2, wasteful.records)
    assert.is_true(wasteful.allocations >= RECORDS / 2, wasteful.allocations)
    assert.is_true(wasteful.allocated_bytes > 16 * wasteful.allocations)
    assert.is_true(named(segment.parts, "filter").allocations < RECORDS / 2)
    local sum_ms = 0
    for _, part in ipairs(segment.parts) do
      sum_ms = sum_ms + part.wall_ms
    end
    assert.is_true(sum_ms <= segment.wall_ms * 1.001)
    assert.equal(RECORDS / 2, named(profile.tasks, "file:out.jsonl").records)
    assert.is_true(#profile.workers >= 1 and profile.peak_bytes > 1e6)
  end)

  it("is a table for people, behind a quiet run too; and nothing unless asked for", function()
    -- However many digits the times have, names are whole.
    local result = place:run("COLUMNS=200 weir run -q --profile p.lua")
    assert.equal(0, result.code)
    assert.equal("", result.out)
    for _, word in ipairs({ "busy of", "ns/record", "file:in.jsonl", "p/1", "  wasteful" }) do
      assert.truthy(result.err:find(word, 1, true), word .. "\n" .. result.err)
    end
    assert.is_nil(profile_of("weir run --summary json p.lua"))
    assert.is_nil(place:run("weir run p.lua").err:find("ns/record", 1, true))
  end)

  it("does not change what is written", function()
    place:run("weir run -q p.lua && mv out.jsonl plain.jsonl")
    place:run("weir run -q --profile p.lua")
    assert.equal(place:read("plain.jsonl"), place:read("out.jsonl"))
  end)
end)

describe("explain --jit", function()
  it("lists what was not compiled by the line of the script, with the reason", function()
    local result = place:run("weir explain --jit p.lua")
    assert.equal(0, result.code, result.err)
    assert.truthy(result.out:find("jit: 20,000 records", 1, true), result.out)
    assert.truthy(result.out:find("p%.lua:5 +%d+ +NYI: bytecode FNEW"), result.out)
    assert.truthy(result.out:find("the code cache was never flushed", 1, true))
  end)

  it("runs no more than its sample, and writes nothing", function()
    local result = place:run("weir explain --jit --sample 100 p.lua; ls")
    local count = result.out:match("jit: ([%d,]+) records"):gsub(",", "")
    assert.is_true(tonumber(count) < RECORDS)
    assert.is_false(place:has("out.jsonl"))
  end)

  it("says what is wrong where there is nothing to run", function()
    place:write("p.lua", 'require "weir".from "none.jsonl":to "out.jsonl"')
    local result = place:run("weir explain --jit p.lua")
    assert.equal(1, result.code)
    assert.truthy(result.err:find("none.jsonl", 1, true), result.err)
    assert.is_false(place:has("out.jsonl"))
  end)
end)
