local cjson = require("cjson")
local program = require("spec.support.program")

local RECORDS = 3000
local place = program.each_place()

local function write_input()
  local rows = {}
  for n = 1, RECORDS do
    local class = n % 100 == 0 and "critical" or n % 10 == 0 and "normal" or "background"
    rows[n] = ('{"n":%d,"class":"%s"}\n'):format(n, class)
  end
  place:write("in.jsonl", table.concat(rows))
end

-- Runs them through a buffer; what came out of it, and what it dropped.
local function run(buffer)
  write_input()
  place:write("in.lua", ([[
local weir = require "weir"
local s = weir.from "in.jsonl":priority(function(r) return r.class end):buffer%s
s:side "dropped":to "dropped.jsonl"
s:map(function(r) r.done = true end):to "out.jsonl"]]):format(buffer))
  local result = place:run("weir run --state-dir state in.lua")
  assert.equal(0, result.code, result.err)
  assert.matches("the ledger balances", result.err)
  local function rows(name)
    local list = {}
    for line in (place:read(name) or ""):gmatch("[^\n]+") do
      list[#list + 1] = cjson.decode(line)
    end
    return list
  end
  return rows("out.jsonl"), rows("dropped.jsonl")
end

local function check_order(rows)
  local last = {}
  for _, r in ipairs(rows) do
    assert.is_true(r.n > (last[r.class] or 0))
    last[r.class] = r.n
  end
end

local function count(rows, class)
  local found = 0
  for _, r in ipairs(rows) do
    found = found + (r.class == class and 1 or 0)
  end
  return found
end

describe("a pipeline with priorities", function()
  for _, overflow in ipairs({ "drop_oldest", "drop_newest" }) do
    it("drops nothing critical while there is something else: " .. overflow, function()
      local out, dropped = run(('{ max_records = 400, overflow = "%s" }'):format(overflow))
      assert.equal(RECORDS, #out + #dropped)
      assert.equal(RECORDS / 100, count(out, "critical"))
      assert.equal(RECORDS * 9 / 100, count(out, "normal"))
      check_order(out)
    end)
  end

  it("spills each class to a log of its own, and brings all back in its order", function()
    local out, dropped = run('{ max_records = 1, overflow = "spill" }')
    assert.equal(RECORDS, #out)
    assert.equal(0, #dropped)
    check_order(out)
    local logs = place:run("ls state/in").out
    for _, name in ipairs({ "buffer", "buffer.critical", "buffer.background" }) do
      assert.truthy(("\n" .. logs):find("\n" .. name .. "\n", 1, true), logs)
    end
  end)

  it("has its mistakes told where they are made", function()
    for text, expected in pairs({
      ['s:priority("high", { deadline = "0s" })'] = "a deadline is later than the record",
      ['s:priority "critcal"'] = 'did you mean "critical"?',
      ['s:priority("high", { within = "5s" })'] = "within",
    }) do
      place:write("in.lua", ('local weir = require "weir"\nlocal s = weir.from "in.jsonl"\n'
        .. '%s:to "b"'):format(text))
      local result = place:run("weir check in.lua")
      assert.not_equal(0, result.code)
      assert.truthy(result.err:find(expected, 1, true), result.err)
      assert.truthy(result.err:find("in.lua:3", 1, true), result.err)
    end
  end)
end)
