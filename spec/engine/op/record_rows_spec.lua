local ffi = require("ffi")
local engine = require("spec.support.engine")
local pool = require("spec.support.batches")
local record = require("weir.native.record")

local C = engine.load("engine/op/record.h", "engine/data/json.h", "engine/base/err.h",
  "engine/base/mem.h")
local rows = record.rows

local batches

local KINDS = { number = "WEIR_CELL_NUMBER", text = "WEIR_CELL_TEXT", json = "WEIR_CELL_JSON",
  null = "WEIR_CELL_NULL", absent = "WEIR_CELL_ABSENT", yes = "WEIR_CELL_TRUE" }

-- One row of cells: { name, kind, text } each.
local function cells_batch(cells)
  local batch = batches:new()
  local names = ffi.new("weir_slice[?]", #cells)
  for i, cell in ipairs(cells) do
    names[i - 1].bytes, names[i - 1].size = cell[1], #cell[1]
  end
  local schema = ffi.new("weir_schema *[1]")
  assert.equal(C.WEIR_OK, C.weir_schema_new(schema, names, #cells))
  batch.form, batch.schema, batch.row_count = C.WEIR_FORM_CELLS, schema[0], 1
  C.weir_batch_reserve_rows(batch, 1)
  C.weir_batch_reserve_cells(batch, #cells)
  for i, cell in ipairs(cells) do
    local text = cell[3] or ""
    batch.cells[i - 1].start, batch.cells[i - 1].size = batch.bytes.size, #text
    batch.cells[i - 1].kind = C[KINDS[cell[2]]]
    C.weir_buf_append(batch.bytes, text, #text)
  end
  return batch
end

local function open(batch, row)
  C.weir_rows_open(rows, 0, batch, row or 0)
  return record.slot(0)
end

local function open_text(text)
  assert.equal(C.WEIR_OK, C.weir_rows_open_text(rows, 0, text, #text, -1))
  return record.slot(0)
end

local function written()
  local out = batches:new()
  assert.equal(C.WEIR_OK, C.weir_rows_write(rows, 0, out))
  assert.equal(1, out.row_count)
  assert.equal(1, out.line_rows)
  local text = ffi.string(out.bytes.bytes, out.bytes.size)
  assert.equal("\n", text:sub(-1))
  assert.equal(#text - 1, out.rows[0]["end"])
  return text:sub(1, -2)
end

describe("rows", function()
  before_each(function()
    batches = pool.open(4)
  end)

  after_each(function()
    C.weir_rows_close(rows, 0)
    C.weir_rows_close(rows, 1)
    batches:close()
  end)

  it("write an untouched record as the bytes it came in", function()
    local text = '{ "b" : 1.50e+1,"b":  2, "\\u0061":"\\/" , "u":{ } }'
    open(batches:json(text .. "\n"))
    assert.equal(text, written())
  end)

  it("read without changing a byte", function()
    local text = '{ "a" : { "x" : [ 1 , {} ] } }'
    local r = open(batches:json(text))
    assert.equal(1, r.a.x[1])
    assert.equal(0, #r.a.x[2])
    assert.equal(text, written())
  end)

  it("change only what is changed", function()
    local r = open(batches:json('{ "a" : 1 ,"b": "x" , "c":[ 1, 2 ] }\n'))
    r.b = 2
    r.d = "new"
    r.c[2] = true
    assert.equal('{ "a" : 1 ,"b": 2 , "c":[ 1, true ],"d":"new" }', written())
  end)

  it("let the last of two equal keys count, and drop the others on a change", function()
    local text = '{"a":1,"b":2, "a" : 3}'
    local r = open(batches:json(text))
    assert.equal(3, r.a)
    r.b = 5
    assert.equal('{"a":1,"b":5, "a" : 3}', written())
    r.a = 4
    assert.equal('{"b":5, "a" : 4}', written())
    r.a = nil
    assert.equal('{"b":5}', written())
  end)

  it("take fields away wherever they stand", function()
    for _, case in ipairs({
      { "a", '{"b":2,"c":3}' }, { "b", '{"a":1,"c":3}' }, { "c", '{"a":1,"b":2}' },
    }) do
      local r = open(batches:json('{"a":1,"b":2,"c":3}'))
      r[case[1]] = nil
      assert.equal(case[2], written())
    end
    local r = open(batches:json('{"a":1,"b":2,"c":3}'))
    r.b, r.a, r.c = nil, nil, nil
    assert.equal("{}", written())
    r.z = record.null
    assert.equal('{"z":null}', written())
  end)

  it("keep a replaced nested value as it was", function()
    local r = open(batches:json('{"u":{"n":1}}'))
    local u = r.u
    r.u = { n = 2 }
    u.n = 3
    assert.equal('{"u":{"n":2}}', written())
    assert.equal('{"n":3}', tostring(u))
    r.u = u
    u.n = 4
    assert.equal('{"u":{"n":3}}', written())
  end)

  it("select fields in the order asked for, and rename on the way", function()
    open(batches:json('{"a": 1,"b":"x","c":{"d":[ ]}}'))
    local columns = record.columns({ "c", "missing", { "a", "first" } })
    assert.equal(C.WEIR_OK, C.weir_rows_select(rows, 0, columns))
    assert.equal('{"c":{"d":[ ]},"first":1}', written())
    C.weir_rows_select(rows, 0, record.columns({ "none" }))
    assert.equal("{}", written())
  end)

  it("select what was changed before, and a field twice", function()
    local r = open(batches:json('{"a":"a long text","b":{"x":1}}'))
    r.b.x = 2
    r.n = 3
    C.weir_rows_select(rows, 0, record.columns({ "b", "n", "a", { "a", "again" } }))
    assert.equal('{"b":{"x":2},"n":3,"a":"a long text","again":"a long text"}', written())
    assert.equal(2, r.b.x)
  end)

  it("rename all at once, in place, and drop what had the new name", function()
    open(batches:json('{ "a" : 1,"b":2 ,"c":3}'))
    C.weir_rows_rename(rows, 0, record.columns({ { "a", "b" }, { "b", "a" }, { "x", "c" } }))
    assert.equal('{ "b" : 1,"a":2 ,"c":3}', written())
    C.weir_rows_rename(rows, 0, record.columns({ { "b", "c" } }))
    assert.equal('{ "c" : 1,"a":2 }', written())
  end)

  it("drop fields", function()
    local r = open(batches:json('{"a":1, "b":2,"c":3}'))
    r.d = 4
    C.weir_rows_drop(rows, 0, record.columns({ "a", "c", "nothing" }))
    assert.equal('{ "b":2,"d":4}', written())
  end)

  it("read and write rows of cells", function()
    local batch = cells_batch({
      { "n", "number", "1.50" }, { "t", "text", 'say "x"' }, { "gone", "absent" },
      { "z", "null" }, { "y", "yes" }, { "j", "json", '{"k":[1]}' },
    })
    local r = open(batch)
    assert.equal('{"n":1.50,"t":"say \\"x\\"","z":null,"y":true,"j":{"k":[1]}}', written())
    assert.same({ 1.5, 'say "x"', nil, record.null, true },
      { r.n, r.t, r.gone, r.z, r.y })
    r.j.k[2] = 2
    r.gone = "here"
    r.t = nil
    assert.equal('{"n":1.50,"z":null,"y":true,"j":{"k":[1,2]},"gone":"here"}', written())
    assert.equal(1.5, r.n)
    open(batch)
    C.weir_rows_select(rows, 0, record.columns({ "y", "t" }))
    assert.equal('{"y":true,"t":"say \\"x\\""}', written())
  end)

  it("say where a record came from, also for what was made of it", function()
    local batch = batches:json('{"a":1}\nnot json\n{"a":2}\n')
    batch.position, batch.record_first, batch.source = 100, 7, 3
    local r = open(batch, 1)
    local origin_of_all = { source = 3, partition = 0, record = 9, offset = 117 }
    assert.same(origin_of_all, record.meta(r))
    assert.equal(C.WEIR_OK, C.weir_rows_open_text(rows, 1, "{}", 2, 0))
    assert.same(origin_of_all, record.meta(record.slot(1)))
    assert.same(origin_of_all, record.meta(record.detach(1)))
    local origin = ffi.new("weir_origin")
    C.weir_rows_source(rows, 1, origin)
    assert.equal('{"a":2}', ffi.string(origin.raw.bytes, origin.raw.size))
  end)

  it("notice a nested value that outlived its call", function()
    local r = open(batches:json('{"u":{"n":1}}'))
    local u = r.u
    C.weir_rows_enter(rows, 0, 0)
    assert.error_matches(function() return u.n end, "used after the call")
    local again = r.u
    r.u.n = 2
    assert.equal(2, again.n)
    open_text("{}")
    assert.error_matches(function() again.n = 1 end, "used after the call")
    assert.error_matches(function() return #again end, "used after the call")
    C.weir_rows_close(rows, 0)
    assert.error_matches(function() return r.a end, "used after the call")
  end)

  it("refuse changes in a frozen call, in copies too", function()
    local r = open(batches:json('{"u":{"n":1}}'))
    C.weir_rows_enter(rows, 0, 1)
    local copy = record.detach(0)
    for _, change in ipairs({
      function() r.a = 1 end,
      function() r.u.n = nil end,
      function() copy.a = {} end,
    }) do
      assert.error_matches(change, "filter may not change the record; use :map")
    end
    C.weir_rows_enter(rows, 0, 0)
    r.a = 1
    assert.equal('{"u":{"n":1},"a":1}', written())
  end)

  it("keep detached records, and their nested values, for as long as they are held", function()
    local kept = {}
    for i = 1, 2000 do
      open_text('{"i":' .. i .. ',"u":{"n":[' .. i .. "]}}")
      local r = record.detach(0)
      kept[i] = i % 2 == 0 and r or r.u.n
      if i > 500 then
        kept[i - 500] = i % 3 == 0 and kept[i - 500] or nil
      end
    end
    collectgarbage()
    collectgarbage()
    for i, r in pairs(kept) do
      assert.equal(i, i % 2 == 0 and r.u.n[1] or r[1])
    end
  end)

  it("give back the memory of detached records", function()
    local before = engine.held()
    for _ = 1, 1000 do
      open_text('{"u":{"n":1}}')
      assert.equal(1, record.detach(0).u.n)
    end
    local berths = 64 * 1024  -- the table of detached records stays
    assert.is_true(engine.held() - before < berths)
  end)

  it("take the content of a detached record back", function()
    open_text('{"u":{"n":1}}')
    local copy = record.detach(0)
    copy.u.n = 2
    assert.equal(C.WEIR_OK, C.weir_rows_adopt(rows, 0, copy))
    assert.equal('{"u":{"n":2}}', written())
    assert.equal(C.WEIR_OK, C.weir_rows_adopt(rows, 0, copy.u))
    assert.equal('{"n":2}', written())
    copy.u = { 1 }
    assert.equal(C.WEIR_ETYPE, C.weir_rows_adopt(rows, 0, copy.u))
  end)

  it("survive text that only looks like JSON", function()
    math.randomseed(tonumber(os.getenv("SEED")) or 42)
    local good = '{"a":1,"u":{"n":[1,2,{"x":null}]},"t":"x\\n","b":2}'
    for _ = 1, 3000 do
      local at = math.random(2, #good - 1)
      local bad = good:sub(1, at - 1) .. string.char(math.random(32, 126)) .. good:sub(at + 1)
      local batch = batches:json(bad)
      local rows_found = batch.row_count
      if rows_found == 1 then
        local r = open(batch)
        for _, use in ipairs({
          function() return r.u.n[3].x, r.t, #r.u.n end,
          function() r.u.n[2] = { 1 } end,
          function() r.b, r.t = nil, 1 end,
          function() r.u.new = r end,
          function() record.to_table(r) end,
        }) do
          pcall(use)
        end
        C.weir_rows_drop(rows, 0, record.columns({ "a" }))
        C.weir_rows_rename(rows, 0, record.columns({ { "b", "a" } }))
        assert.equal("{", written():sub(1, 1))
      end
      C.weir_rows_close(rows, 0)
      batches:clear()
    end
  end)
end)
