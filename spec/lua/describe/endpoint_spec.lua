local codec = require("weir.describe.codec")
local support = require("spec.lua.describe.support")

local load, failure = support.load, support.failure

local function source(text)
  return load(('weir.from(%s):to "b"'):format(text)).nodes[1].source
end

local function sink(text)
  return support.node(load(('weir.from "a" :to(%s)'):format(text)), "sink").sink
end

describe("sources and sinks", function()
  it("take their codec from the suffix, beneath a compression", function()
    for path, kind in pairs({
      ["a.csv"] = "csv",
      ["a.csv.gz"] = "csv",
      ["logs/*.tsv.zst"] = "tsv",
      ["a.jsonl"] = "json",
      ["a.log"] = "json",
      ["a"] = "json",
      ["-"] = "json",
      ["a.logfmt"] = "logfmt",
      ["a.gz"] = "json",
      ["x.csv/a"] = "json",
    }) do
      assert.equal(kind, codec.kind_of_path(path), path)
    end
  end)

  it("take a codec as an object, a name, or a pattern", function()
    local csv = source('weir.file{ path = "a", codec = weir.csv{ delimiter = ";" } }').codec
    assert.equal(";", csv.delimiter)
    assert.equal("lines", source('weir.stdin{ codec = "lines" }').codec.kind)
    assert.same({ kind = "pattern", pattern = "nginx.access" },
      source('weir.file{ path = "a", codec = "nginx.access" }').codec)
    assert.same({ kind = "pattern", pattern = "%{IP:client} %{WORD:user}" },
      source('weir.file{ path = "a", codec = "%{IP:client} %{WORD:user}" }').codec)
    assert.same({ kind = "pattern", pattern = "dpkg" },
      source('weir.file{ path = "a", codec = "dpkg" }').codec)
  end)

  it("refuse a codec that is none", function()
    assert.matches('unknown codec "cvs"; did you mean "csv"?',
      failure('weir.file{ path = "a", codec = "cvs" }'), 1, true)
    assert.matches("must be a codec such as", failure('weir.file{ path = "a", codec = 3 }'),
      1, true)
    assert.matches('option "delimiter" must be one character',
      failure('weir.csv{ delimiter = ";;" }'), 1, true)
    assert.matches('must be "string", "integer", "number" or "boolean", not "int"; say "integer"',
      failure('weir.csv{ types = { a = "int" } }'), 1, true)
    assert.matches('option "pattern" is required', failure("weir.pattern{}"), 1, true)
  end)

  it("know on which side an option belongs", function()
    assert.is_true(sink('weir.file{ path = "a", append = true }').append)
    assert.matches('option "append" belongs to a sink, and this is a source',
      failure('weir.from(weir.file{ path = "a", append = true })'), 1, true)
    assert.matches('option "max_record" belongs to a source, and this is a sink',
      failure('weir.from "a" :to(weir.file{ path = "b", max_record = "1KiB" })'), 1, true)
    assert.is_nil(source('weir.file{ path = "a" }').append)
    assert.is_nil(sink('weir.file{ path = "a" }').max_record_bytes)
  end)

  it("check what is given where it is given", function()
    assert.matches('traffic.lua:2: weir.file: unknown option "pth"; did you mean "path"?',
      failure('\nlocal f = weir.file{ pth = "a" }\nweir.from(f)'), 1, true)
    assert.matches('weir.file: option "path" is required; for example weir.file{ path =',
      failure("weir.file{}"), 1, true)
    assert.matches("weir.file: takes one table, such as weir.file{ path =",
      failure('weir.file "a"'), 1, true)
    assert.matches('option "path" must be a text, not a table',
      failure('weir.from "a" :to{ "b", "c" }'), 1, true)
    assert.matches('needs either table = "areas" or query',
      failure('weir.from(weir.sqlite{ path = "x.db" })'), 1, true)
    assert.matches('option "table" is required',
      failure('weir.from "a" :to(weir.sqlite{ path = "x.db" })'), 1, true)
    assert.matches('option "records" is required', failure("weir.from(weir.memory{})"), 1, true)
  end)

  it("do not stand in concat where none could follow", function()
    assert.matches("weir.tcp has no end for the others to follow",
      failure('weir.from(weir.concat{ weir.tcp{ listen = ":1" }, "b" })'), 1, true)
  end)

  it("stand one after the other in concat", function()
    local concat = source('weir.concat{ "a.csv", weir.stdin{}, name = "both" }')
    assert.equal("concat", concat.kind)
    assert.equal("csv", concat.sources[1].codec.kind)
    assert.equal("stdin", concat.sources[2].kind)
    assert.matches("needs at least one", failure("weir.from(weir.concat{})"), 1, true)
    assert.matches("item 1 must be a source", failure("weir.from(weir.concat{ 3 })"), 1, true)
    assert.matches("weir.concat: weir.generate makes its records itself",
      failure('weir.from(weir.concat{ "a", weir.generate{ fn = print } })'), 1, true)
    assert.matches("weir.concat: weir.memory makes its records itself",
      failure('weir.from(weir.concat{ weir.concat{ weir.memory{ records = {} } } })'), 1, true)
  end)

  it("read standard input once", function()
    for _, twice in ipairs({
      'weir.from(weir.stdin{}) weir.from(weir.stdin{})', 'weir.from("a", "-", weir.stdin{})',
      'weir.from(weir.concat{ "a", weir.stdin{} }) weir.from "-"',
    }) do
      assert.matches("standard input is read at .* already", failure(twice))
    end
    assert.matches("standard input is read twice",
      failure('weir.from(weir.concat{ "-", weir.stdin{} })'), 1, true)
    assert.matches("nothing failed", failure([[
      local i = weir.stdin{} weir.from(i):to "a" weir.from(i):to "b" error("nothing failed")]]))
  end)

  it("have columns of known types", function()
    local function sqlite(schema)
      return ('weir.from "a" :to(weir.sqlite{ path = "a.db", table = "t", schema = %s })')
        :format(schema)
    end
    assert.matches('schema: "b" has no type "texxt"; did you mean "text"?; valid: string,',
      failure(sqlite('{ a = "REAL", b = "texxt" }')), 1, true)
    assert.matches('the type of "b" is a text', failure(sqlite("{ b = 1 }")), 1, true)
    assert.matches("columns by name", failure(sqlite('{ "b" }')), 1, true)
  end)

  it("make records by a function", function()
    local generate = source("weir.generate{ fn = function(n) return { n = n } end, rate = '60/m' }")
    assert.same({ n = 2 }, generate.fn(2))
    assert.equal(1, generate.rate_per_s)
    assert.equal(1, generate.seed)
    assert.matches("must be a function", failure("weir.generate{ fn = 3 }"), 1, true)
  end)
end)
