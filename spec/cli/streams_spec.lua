--- What a run writes to the streams that it was given.

local program = require("spec.support.program")

local place = program.each_place()

describe("a run", function()
  before_each(function()
    place:write("in.jsonl", '{"a":1}\n{"a":2}\n')
  end)

  it("writes the header of its CSV to standard output, whatever is there already", function()
    local result = place:run([[
      weir -e ':take(1):to(weir.stdout{ codec = "csv" })' in.jsonl > before
      { echo before; weir -e ':take(1):to(weir.stdout{ codec = "csv" })' in.jsonl; } > behind
      echo before > added
      weir -e ':take(1):to(weir.stdout{ codec = "csv" })' in.jsonl >> added]])
    assert.equal(0, result.code, result.err)
    assert.equal("a\n1\n", place:read("before"))
    assert.equal("before\na\n1\n", place:read("behind"))
    assert.equal("before\na\n1\n", place:read("added"))
  end)

  it("appends to a CSV under the names that its header has", function()
    place:write("ab.csv", "a,b\r\n1,2")
    local add = ":to(weir.file{ path = %q, append = true, codec = %s })'"
    for line, expected in pairs({
      [ [[printf '{"b":4,"a":3}\n{"b":6}\n' | weir -e ']] .. add:format("ab.csv", "weir.csv{}") ] =
        { 0, "" },
      [ [[printf '{"b":4,"c":3}\n' | weir -e ']] .. add:format("ab.csv", "weir.csv{}") ] =
        { 0, "field c: not in the header of the file; columns = {...} names all" },
      [ [[printf '{"b":4}\n' | weir -e ']]
        .. add:format("ab.csv", 'weir.csv{ columns = { "b" } }') ] =
        { 1, "ab.csv: cannot be appended to: its header has other columns than were given" },
    }) do
      local result = place:run(line)
      assert.equal(expected[1], result.code)
      assert.truthy(result.err:find(expected[2], 1, true), result.err)
    end
    assert.equal("a,b\r\n1,2\n3,4\n,6\n", place:read("ab.csv"))
    place:run([[
      printf 'a,b\n1,2\n' | gzip > ab.csv.gz
      printf '{"b":4,"a":3}\n' | weir -e ']] .. add:format("ab.csv.gz", "weir.csv{}") .. [[

      zcat ab.csv.gz > unpacked]])
    assert.equal("a,b\n1,2\n3,4\n", place:read("unpacked"))
  end)

  it("gives each of the files of a template its own columns", function()
    place:write("in.jsonl", '{"k":"x","a":1,"b":2}\n{"k":"y","b":3,"a":4}\n'
      .. '{"k":"x","b":6,"a":5}\n{"k":"y","a":8,"b":7}\n')
    local result = place:run("weir -e ':to \"{k}.csv\"' in.jsonl")
    assert.equal(0, result.code, result.err)
    assert.equal("k,a,b\nx,1,2\nx,5,6\n", place:read("x.csv"))
    assert.equal("k,b,a\ny,3,4\ny,7,8\n", place:read("y.csv"))
  end)

  it("speaks of dead letters, but not of a sink for them that nobody asked for", function()
    local result = place:run([[weir -e ':map(function(r) error("no") end)' in.jsonl]])
    assert.truthy(result.err:find("dead    2 records", 1, true), result.err)
    assert.is_nil(result.err:find("nowhere", 1, true), result.err)
  end)

  it("calls standard input by its name, in messages and in records", function()
    local result = place:run([[
      printf '{"a":1}\nno\n' | weir -e ':set{ from = "@path" }:to(weir.stdout{})' -
      weir -e ':take(1)' - < .]])
    assert.equal('{"a":1,"from":"standard input"}\n', result.out)
    assert.truthy(result.err:find("in standard input, record 2", 1, true), result.err)
    assert.truthy(result.err:find("weir: standard input: cannot be read: Is a directory", 1, true),
      result.err)
  end)

  it("refuses to read a directory of the kernel", function()
    local result = place:run("weir -e ':take(1)' /proc/")
    assert.equal(1, result.code)
    assert.equal("weir: /proc/: is a directory of the kernel, whose files may never end; name the "
      .. "ones you want\n", result.err)
  end)

  it("reads more files than a call of Lua has arguments", function()
    local result = place:run([[
      mkdir many
      yes '{"a":1}' | head -n 9000 | split -l 1 -a 4 - many/x
      weir -q -e ':take(1e5)' many/x* | wc -l]])
    assert.equal("9000", result.out:match("%d+"), result.err)
  end)
end)
