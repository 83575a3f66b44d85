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
