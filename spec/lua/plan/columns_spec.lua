local columns = require("weir.plan.columns")
local support = require("spec.lua.describe.support")

local function last(source)
  local nodes = support.load(source).nodes
  return columns.sink(nodes[#nodes])
end

describe("the columns of a sink", function()
  for source, wanted in pairs({
    ['weir.from "a":select("b", "a"):to "o.csv"'] = "b a",
    ['weir.from "a":select{ "b", x = "a + 1" }:filter "b > 1":take(3):to "o.tsv"'] = "b x",
    ['weir.from "a":group_by "k":aggregate{ n = weir.count() }:sort{ by = "n" }:to "o.csv"'] =
      "k n",
    ['local s = weir.from "a":select "a" s:merge(s:filter "a > 1"):to "o.csv"'] = "a",
  }) do
    it("are known: " .. source, function()
      assert.equal(wanted, table.concat(last(source).codec.columns, " "))
    end)
  end

  for _, source in ipairs({
    'weir.from "a":to "o.csv"', 'weir.from "a":select "a":map(print):to "o.csv"',
    'weir.from "a":select "a":set{ b = "1" }:to "o.csv"',
    'weir.from "a":select "a":merge(weir.from "b"):to "o.csv"',
    'weir.from "a":select "a":to(weir.file{ path = "o.csv", append = true })',
    'weir.from "a":select("a", "b"):to "o.jsonl"',
  }) do
    it("are those of the records: " .. source, function()
      assert.is_nil(last(source).codec.columns)
    end)
  end
end)
