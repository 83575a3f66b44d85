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
