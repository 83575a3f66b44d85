local ffi = require("ffi")
local engine = require("spec.support.engine")
local sinks = require("spec.support.sink")
local support = require("spec.engine.io.support")

local C = engine.load("engine/store/sqlite.h", "engine/store/sqlite_sink.h",
  "engine/store/sqlite_source.h")

ffi.cdef([[
int sqlite3_exec(struct sqlite3 *db, const char *sql, void *each, void *context, char **message);
int sqlite3_close(struct sqlite3 *db);
]])

local write, finish = sinks.write, sinks.finish

local function new_sink(path, table_name, options)
  options = options or {}
  local keys = options.keys or {}
  local schema = options.schema or {}
  local columns = ffi.new("weir_sqlite_column[?]", #schema + 1)
  for i, column in ipairs(schema) do
    columns[i - 1].name, columns[i - 1].type = column[1], column[2]
  end
  local out = ffi.new("weir_sink *[1]")
  assert(C.weir_sqlite_sink_new(out, ffi.new("weir_sqlite_sink_options", {
    path = path,
    table = table_name,
    keys = ffi.new("const char *[?]", #keys + 1, keys),
    key_count = #keys,
    schema = columns,
    column_count = #schema,
    retries = options.retries,
  })) == 0)
  return out[0]
end

local function new_source(path, query)
  local out = ffi.new("weir_source *[1]")
  assert(C.weir_sqlite_source_new(out, path, query) == 0)
  return out[0]
end

local function query(path, text)
  local all = support.drain(new_source(path, text))
  assert.equal(C.WEIR_EEND, all.code, all.message)
  return support.texts(all.rows), all
end

describe("sqlite sink", function()
  after_each(support.clean)

  it("creates the table from all rows of the first batch, and keeps values", function()
    local path = support.path("a.db")
    local sink = new_sink(path, "t")
    local rows = {
      '{"i":1,"r":1,"s":"a\\n\\u00e9","b":true,"o":{"x":[1]},"n":null,"m":1}',
      '{"i":9007199254740993,"r":2.5,"s":"","b":false,"o":[],"n":null,"m":"x"}',
      '{"i":-9223372036854775808,"r":1e3}',
    }
    assert.same({ 0, 3, {} }, { write(sink, rows) })
    assert.equal(0, (finish(sink)))
    assert.same({
      '{"i":1,"r":1,"s":"a\\né","b":1,"o":"{\\"x\\":[1]}","n":null,"m":"1"}',
      '{"i":9007199254740993,"r":2.5,"s":"","b":0,"o":"[]","n":null,"m":"x"}',
      '{"i":-9223372036854775808,"r":1000,"s":null,"b":null,"o":null,"n":null,"m":null}',
    }, (query(path, "SELECT * FROM t")))
    assert.same({ '{"name":"i","type":"INTEGER"}', '{"name":"r","type":"REAL"}',
      '{"name":"s","type":"TEXT"}', '{"name":"b","type":"INTEGER"}',
      '{"name":"o","type":"TEXT"}', '{"name":"n","type":""}', '{"name":"m","type":"TEXT"}' },
      (query(path, "SELECT name, type FROM pragma_table_info('t')")))
  end)

  it("adds columns for fields that come later, in a later run too", function()
    local path = support.path("a.db")
    for run = 1, 2 do
      local sink = new_sink(path, "t")
      write(sink, { ('{"a":%d}'):format(run) })
      write(sink, { ('{"x%d":"new","A":9}'):format(run) })
      finish(sink)
    end
    assert.same({ '{"a":1,"x1":null,"x2":null}', '{"a":9,"x1":"new","x2":null}',
      '{"a":2,"x1":null,"x2":null}', '{"a":9,"x1":null,"x2":"new"}' },
      (query(path, "SELECT * FROM t")))
  end)

  for _, there in ipairs({ false, true }) do
    it("replaces rows of the same keys, table there before: " .. tostring(there), function()
      local path = support.path("a.db")
      if there then
        support.run(("sqlite3 %s 'CREATE TABLE t (k1, k2, v)'"):format(path))
      end
      local sink = new_sink(path, "t", { keys = { "k1", "k2" } })
      local code, written, reasons = write(sink, {
        '{"k1":1,"k2":"a","v":1}', '{"k1":1,"k2":"b","v":2}', '{"k1":1,"k2":"a","v":3}',
        '{"k1":1}', '{"k1":1,"k2":null}',
      })
      assert.same({ 0, 5 }, { code, written })
      assert.same({ [3] = 'key field "k2" is missing', [4] = 'key field "k2" is missing' }, reasons)
      finish(sink)
      assert.same({ '{"k1":1,"k2":"a","v":3}', '{"k1":1,"k2":"b","v":2}' },
        (query(path, "SELECT * FROM t ORDER BY k2")))
    end)
  end

  it("refuses a key that rows in the table share, before anything is written", function()
    local path = support.path("a.db")
    support.run(("sqlite3 %s 'CREATE TABLE t (id PRIMARY KEY, name);"
      .. ' INSERT INTO t VALUES (1, "a"), (2, "a")\''):format(path))
    local sink = new_sink(path, "t", { keys = { "name" } })
    assert.equal(path .. ': table "t" has several rows of one key; choose a key that tells its'
      .. " rows apart", ffi.string(sink.message))
    C.weir_sink_free(sink)
  end)

  it("refuses single rows with SQLite's words and writes the rest", function()
    local path = support.path("a.db")
    support.run("sqlite3 " .. path .. " 'CREATE TABLE t (n INTEGER CHECK (n < 10), x UNIQUE)'")
    local sink = new_sink(path, "t")
    local code, written, reasons = write(sink, {
      '{"n":1,"x":1}', '{"n":11,"x":2}', '{"n":2,"x":1}', '{"n":18446744073709551615}',
      '{"n":3,"x":3}', '{"n":-9223372036854775809}',
    })
    assert.same({ 0, 6 }, { code, written })
    assert.same({
      [1] = "CHECK constraint failed: n < 10",
      [2] = "UNIQUE constraint failed: t.x",
      [3] = 'field "n": its column, which is INTEGER, cannot hold 18446744073709551615 exactly',
      [5] = 'field "n": its column, which is INTEGER, cannot hold -9223372036854775809 exactly',
    }, reasons)
    finish(sink)
    assert.same({ '{"n":1}', '{"n":3}' }, (query(path, "SELECT n FROM t")))
  end)

  it("rounds no integer", function()
    local path = support.path("a.db")
    local ids = { "1234567890123456768", "1234567890123456769", "9223372036854775807" }
    local sink = new_sink(path, "t", { keys = { "id" } })
    assert.same({ 0, 4, {} }, { write(sink, { '{"id":1.5}', ('{"id":%s,"u":1}'):format(ids[1]),
      ('{"id":%s,"u":18446744073709551615}'):format(ids[2]), ('{"id":%s}'):format(ids[3]) }) })
    finish(sink)
    assert.same({ '{"id":1.5,"u":null}', ('{"id":%s,"u":"1"}'):format(ids[1]),
      ('{"id":%s,"u":"18446744073709551615"}'):format(ids[2]),
      ('{"id":%s,"u":null}'):format(ids[3]) },
      (query(path, "SELECT * FROM t ORDER BY id")))
    sink = new_sink(path, "r", { schema = { { "id", "real" } } })
    local _, _, reasons = write(sink, { '{"id":9007199254740992}', '{"id":9007199254740993}' })
    assert.same({ 'field "id": its column, which is real, cannot hold 9007199254740993 exactly' },
      reasons)
    finish(sink)
    sink = new_sink(path, "i")
    write(sink, { '{"id":1}', '{"id":1234567890123456769}' })
    finish(sink)
    assert.same({ '{"type":"INTEGER"}' }, (query(path, "SELECT type FROM pragma_table_info('i')")))
  end)

  it("keeps to a schema", function()
    local path = support.path("a.db")
    local sink = new_sink(path, "t", { schema = { { "a", "TEXT" }, { "b", "real" } } })
    local _, _, reasons = write(sink, { '{"a":"007","b":1}', '{"c":1}' })
    assert.same({ 'field "c" is not in the schema of table "t"' }, reasons)
    finish(sink)
    assert.same({ '{"a":"007","b":1}' }, (query(path, "SELECT * FROM t")))
    sink = new_sink(path, "u", { schema = { { "a", "TEXT); DROP TABLE t; --" } } })
    local code, message = finish(sink)
    assert.equal(C.WEIR_EINVAL, code)
    assert.truthy(message:find('column "a" has type', 1, true))
  end)

  it("takes any name for what it is", function()
    local path = support.path("a.db")
    local name = [[t"; DROP TABLE t; --]]
    local sink = new_sink(path, name, { keys = { 'k"' } })
    assert.same({ 0, 1, {} }, { write(sink, { [[{"k\"":1,"select":2,"a b')":3,"":4}]] }) })
    finish(sink)
    assert.same({ [[{"k\"":1,"select":2,"a b')":3,"":4}]] },
      (query(path, 'SELECT * FROM "' .. name:gsub('"', '""') .. '"')))
  end)

  it("commits with each write", function()
    local path = support.path("a.db")
    local sink = new_sink(path, "t")
    write(sink, { '{"n":1}', '{"n":2}', '{"n":3}' })
    assert.same({ '{"n":1}', '{"n":2}', '{"n":3}' }, (query(path, "SELECT n FROM t")))
    finish(sink)
  end)

  it("says what is wrong with the file", function()
    local text = support.write("text", ("this is no database\n"):rep(100))
    local words = {
      [text] = "file is not a database",
      [support.path("no/a.db")] = "directory exists",
    }
    for path, expected in pairs(words) do
      local sink = new_sink(path, "t")
      local early = ffi.string(sink.message)
      assert.is_true(write(sink, { "{}" }) < 0)
      local code, message = finish(sink)
      assert.is_true(code < 0)
      assert.equal(early, message)
      assert.truthy(message:find(path .. ": cannot be opened", 1, true), message)
      assert.truthy(message:find(expected, 1, true), message)
    end
  end)

  local function some_lines(count)
    local lines = {}
    for i = 1, count do
      lines[i] = ('{"n":%d,"%s":"%s"}'):format(i, ("xyz"):sub(i % 3 + 1, i % 3 + 1), ("x"):rep(100))
    end
    return lines
  end

  it("has nothing of a batch that found no room, its columns neither, and all of it later",
    function()
      local path = support.path("a.db")
      local sink = new_sink(path, "t")
      write(sink, { '{"n":0}' })
      local lines, tries = some_lines(1200), 0
      lines[5] = '{"n":12345678901234567890}'
      sinks.with_file_limit(20000, function(limit)
        local code, written, reasons = write(sink, lines, function(code, written)
          assert.is_true(code == -27 or code == -28, ffi.string(sink.message))
          assert.equal(0, written)
          assert.same({ '{"count":1,"columns":1}' }, (query(path, "SELECT count(*) AS count,"
            .. " (SELECT count(*) FROM pragma_table_info('t')) AS columns FROM t")))
          tries = tries + 1
          limit(tries < 3 and 20000 * tries or 2 ^ 40)
          return true
        end)
        assert.same({ 0, 1200 }, { code, written })
        local refused = next(reasons)
        assert.equal(4, refused)
        assert.is_nil(next(reasons, refused))
      end)
      assert.equal(3, tries)
      assert.equal(0, (finish(sink)))
      assert.same({ '{"count":1200}' },
        (query(path, "SELECT count(*) AS count FROM t")))
    end)

  it("has nothing of a batch while another holds the file, and all of it later", function()
    local path = support.path("a.db")
    local sink = new_sink(path, "t", { retries = { max = 1 } })
    write(sink, { '{"n":1}' })
    local other, message = ffi.new("struct sqlite3 *[1]"), ffi.new("char[256]")
    assert.equal(0, C.weir_sqlite_open(other, path, 1, message, 256))
    assert.equal(0, C.sqlite3_exec(other[0], "BEGIN IMMEDIATE", nil, nil, nil))
    local code, written = write(sink, { '{"n":2}' }, function(failure, written)
      assert.same({ -16, 0 }, { failure, written })
      assert.equal(0, C.sqlite3_exec(other[0], "COMMIT", nil, nil, nil))
      return true
    end)
    C.sqlite3_close(other[0])
    assert.same({ 0, 1 }, { code, written })
    assert.equal(1, tonumber(C.weir_counter_value(sink.counters[0])))
    assert.equal(0, (finish(sink)))
    assert.same({ '{"n":1}', '{"n":2}' }, (query(path, "SELECT n FROM t")))
  end)
end)

describe("sqlite source", function()
  after_each(support.clean)

  it("gives rows in chunks, numbered, with blobs as base64", function()
    local path = support.path("a.db")
    support.run("sqlite3 " .. path .. " \"CREATE TABLE t (n, b); "
      .. "WITH RECURSIVE c(n) AS (VALUES(1) UNION ALL SELECT n + 1 FROM c WHERE n < 2500) "
      .. "INSERT INTO t SELECT n, x'00ff10' FROM c\"")
    local rows, all = query(path, "SELECT n, b, 1e999 AS inf FROM t;")
    assert.same({ 3, 2500 }, { all.batches, #rows })
    assert.equal('{"n":2500,"b":"AP8Q","inf":null}', rows[2500])
    assert.equal(2500, all.rows[2500].number)
    assert.same({ '{"a":"AA==","b":"AP8=","c":""}' },
      (query(path, "SELECT x'00' AS a, x'00ff' AS b, x'' AS c")))
  end)

  it("makes text that is not UTF-8 a fault", function()
    local path = support.path("a.db")
    support.run(("sqlite3 %s 'CREATE TABLE t (x)'"):format(path))
    local all = support.drain(new_source(path,
      "SELECT 1 AS x UNION ALL SELECT CAST(x'ff' AS TEXT) UNION ALL SELECT 3"))
    assert.same({ '{"x":1}', '{"x":3}' }, support.texts(all.rows))
    assert.same({ C.WEIR_EUTF8, 2 }, { all.faults[1].code, all.faults[1].number })
    assert.equal(3, all.rows[2].number)
  end)

  it("hands on what came before an error, and names the error", function()
    local path = support.path("a.db")
    support.run(("sqlite3 %s 'CREATE TABLE t (x)'"):format(path))
    local all = support.drain(new_source(path,
      "SELECT 1 AS x UNION ALL SELECT abs(-9223372036854775808)"))
    assert.same({ '{"x":1}' }, support.texts(all.rows))
    assert.is_true(all.code < 0)
    assert.truthy(all.message:find("integer overflow", 1, true))
  end)

  it("says what is wrong with the file or the query", function()
    local path = support.path("a.db")
    support.run(("sqlite3 %s 'CREATE TABLE t (x)'"):format(path))
    local words = {
      ["SELECT y FROM t"] = 'the query "SELECT y FROM t" cannot be run: no such column: y',
      ["DELETE FROM t"] = "the query would write; a source only reads",
      ["SELECT 1; SELECT 2"] = "the query is more than one statement",
      [""] = "the query is empty",
      ["SELECT ?"] = "the query has a parameter that nothing fills; write the value into the "
        .. "query, a text in single quotes",
      ["SELECT :name"] = "the query has a parameter that nothing fills; write the value into the "
        .. "query, a text in single quotes",
    }
    for text, expected in pairs(words) do
      local all = support.drain(new_source(path, text))
      assert.equal(path .. ": " .. expected, all.message)
      assert.equal(C.WEIR_EINVAL, all.code)
    end
    local all = support.drain(new_source(support.path("none.db"), "SELECT 1"))
    assert.truthy(all.message:find("check the name", 1, true))
  end)
end)
