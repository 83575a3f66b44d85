--- What no stage touches comes out as the bytes it came in.

local program = require("spec.support.program")

local LINES = {
  [=[{"a":9007199254740993,"b":18446744073709551615,"c":1.0,"d":1e400,"e":null,"f":[],"g":{}}]=],
  [=[{"z":1,"y":2,"t":1700000000.123456789,"s":"\u00e9\/\n\ud83d\ude00 é \u0000 \"q\"","a":-0}]=],
  '{ "x" : [ 1 , 2.50 ,{ "k" :\t null} ] ,\t"w":-0.0, "u":1E+2 , "a" : 0 }',
  [=[{"dup":1,"dup":2,"a":[1,[2,[3]]]}]=],
  [=[{}]=],
  [=[{"":0,"a.b":1,"a b":2,"é":3}]=],
  '{"long":"' .. ("x"):rep(100000) .. '"}',
}

local TEXT = table.concat(LINES, "\n") .. "\n"

local place = program.each_place()

describe("a pipeline that changes nothing", function()
  before_each(function()
    place:write("in.jsonl", TEXT)
  end)

  for _, chain in ipairs({
    ":take(1000)", ":skip(0)", ':filter "true"', ":filter(function(r) return true end)",
    ":map(function(r) end)", ":map(function(r) return r end)", ":tap(function(r) end)",
    ":flat_map(function(r) return { r } end)", ':drop_fields "none"',
    ':route{ { "all", when = "true" } }.all', ":sort{ by = weir.value(1) }",
    ":map(function(r) local kept = { r } return kept[1] end)",
  }) do
    it("gives the same bytes: " .. chain, function()
      local result = place:run(("weir -q -e '%s' in.jsonl"):format(chain))
      assert.equal(0, result.code, result.err)
      assert.equal("", result.err)
      assert.equal(TEXT, result.out)
    end)
  end

  it("gives the same bytes through gzip and zstd, by suffix and by option", function()
    local result = place:run([[
      weir -q -e ':to "a.jsonl.gz"' in.jsonl && weir -q -e ':to "b.jsonl.zst"' a.jsonl.gz &&
      weir -q -e ':to(weir.file{ path = "c.jsonl", compress = "gzip" })' b.jsonl.zst &&
      weir -q -e ':to(weir.file{ path = "d.gz", compress = "none", codec = "json" })' c.jsonl &&
      gzip -t a.jsonl.gz && zstd -qt b.jsonl.zst && gzip -dc < c.jsonl | cmp - d.gz && cat d.gz]])
    assert.equal(0, result.code, result.err)
    assert.equal(TEXT, result.out)
  end)

  it("gives the same CSV through JSON and back", function()
    local csv = 'id,"a ""quoted"" name",empty,number\n1,"x, y",,1.0\n'
      .. '2,"two\nlines",,9007199254740993\n' .. '3,é,"  blanks ",1e400\n'
    place:write("in.csv", csv)
    local result = place:run([[
      weir -q -e ':to "mid.jsonl"' in.csv && weir -q -e ':to "out.csv"' mid.jsonl &&
      cmp in.csv out.csv]])
    assert.equal(0, result.code, result.out .. result.err)
  end)
end)

describe("a pipeline that changes one field", function()
  before_each(function()
    place:write("in.jsonl", TEXT)
  end)

  it("leaves all others as they were", function()
    for _, chain in ipairs({ ':set{ new = "1" }', ":map(function(r) r.new = 1 end)" }) do
      local result = place:run(("weir -q -e '%s' in.jsonl"):format(chain))
      local expected = {}
      for i, line in ipairs(LINES) do
        local body, blank = line:match("^(.-)(%s*)}$")
        expected[i] = body .. (body == "{" and "" or ",") .. '"new":1' .. blank .. "}"
      end
      assert.equal(table.concat(expected, "\n") .. "\n", result.out)
    end
  end)

  it("in the middle of a record too", function()
    local result = place:run([[
      weir -q -e ':map(function(r) r.c = true end):take(1)' in.jsonl
      weir -q -e ':map(function(r) r.c = nil end):take(1)' in.jsonl]])
    local before, after = LINES[1]:match('^(.*)"c":1.0(.*)$')
    assert.equal(before .. '"c":true' .. after .. "\n"
      .. before .. after:sub(2) .. "\n", result.out)
  end)

  it("carries numbers that no double holds to another field unchanged", function()
    local result = place:run([[
      weir -q -e ':set{ n = "a", m = "b" }:select("n", "m"):take(1)' in.jsonl
      weir -q -e ':map(function(r) r.n = r.a r.m = r.b end):select("n", "m"):take(1)' in.jsonl]])
    local line = '{"n":9007199254740993,"m":18446744073709551615}\n'
    assert.equal(line .. line, result.out)
  end)
end)
