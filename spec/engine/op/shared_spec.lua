local engine = require("spec.support.engine")
local ffi = require("ffi")
local pool = require("spec.support.batches")
local program = require("weir.native.program")
local programs = require("spec.support.machine_programs")

local C = engine.load("engine/op/shared.h", "engine/op/strip.h", "engine/data/field.h",
  "engine/base/err.h")

local BAILED = C.WEIR_STRIP_BAILED
local NO_LIMIT = 2 ^ 40

local batches, strip

local function json_of(records)
  return batches:json(table.concat(records, "\n") .. "\n")
end

local function by_chance(count)
  local records, clean = {}, math.random(2) == 1
  for i = 1, count do
    records[i] = programs.object(2, clean)
  end
  return json_of(records)
end

-- What becomes of some rows: the texts written, between which are those that bailed, and
-- how many each stage filtered.
local function run(on, built, batch, first, last)
  local parts, out = {}, ffi.new("weir_batch *[1]", batches:new())
  assert.equal(C.WEIR_OK, C.weir_strip_enter(on, built, batch, first, last))
  while C.weir_strip_write(on, out, NO_LIMIT) == BAILED do
    parts[#parts + 1] = out[0].row_count
    C.weir_strip_skip(on)
  end
  assert.equal(last, C.weir_strip_row(on))
  parts[#parts + 1] = ffi.string(out[0].bytes.bytes, out[0].bytes.size)
  for stage = 0, 3 do
    parts[#parts + 1] = tonumber(C.weir_strip_take_filtered(on, stage))
  end
  return parts
end

-- A program that writes one field.
local function reader(field)
  return program.build({
    { op = "stage", stage = 0 },
    { op = "get", to = 0, field = field },
    { op = "make", names = { "x" }, values = { 0 } },
  })
end

local function read(batch, field, first, last)
  return run(strip, reader(field), batch, first or 0, last or batch.row_count)[1]
end

describe("a batch that several programs read", function()
  before_each(function()
    batches = pool.open(8)
    strip = C.weir_strip_new()
  end)

  after_each(function()
    C.weir_strip_free(strip)
    batches:close()
  end)

  it("gives each of them what it would give it alone", function()
    local seed = tonumber(os.getenv("SEED")) or os.time()
    math.randomseed(seed)
    local alone = C.weir_strip_new()
    for _ = 1, 60 do
      local read_by_many = { by_chance(math.random(80)), by_chance(math.random(80)) }
      for _ = 1, 8 do
        local built = program.build(programs.program())
        local batch = read_by_many[math.random(2)]
        local first = math.random(3) == 1 and math.random(batch.row_count) - 1 or 0
        local last = math.random(3) == 1 and math.random(first + 1, batch.row_count)
          or batch.row_count
        local expected = run(alone, built, batch, first, last)
        C.weir_batch_ref(batch)
        assert.same(expected, run(strip, built, batch, first, last), "seed " .. seed)
        C.weir_batch_unref(batch)
      end
      batches:clear()
    end
    C.weir_strip_free(alone)
  end)

  it("is looked through for a field once", function()
    local batch = C.weir_batch_ref(json_of({ '{"a":1}', '{"a":2}' }))
    assert.equal('{"x":1}\n{"x":2}\n', read(batch, "a"))
    batch.bytes.bytes[5] = ("7"):byte()  -- which nobody may do
    assert.equal('{"x":1}\n{"x":2}\n', read(batch, "a"))
    C.weir_batch_unref(batch)
  end)

  it("is as good for the last of them", function()
    local batch = C.weir_batch_ref(json_of({ '{"a":1}' }))
    read(batch, "a")
    C.weir_batch_unref(batch)
    batch.bytes.bytes[5] = ("7"):byte()
    assert.equal('{"x":1}\n', read(batch, "a"))
  end)

  it("is read anew where nobody else has it", function()
    local batch = json_of({ '{"a":1}' })
    read(batch, "a")
    batch.bytes.bytes[5] = ("7"):byte()
    assert.equal('{"x":7}\n', read(batch, "a"))
  end)

  it("tells fields and rows apart", function()
    local batch = C.weir_batch_ref(json_of({ '{"a":1,"b":"p"}', '{"a":2,"b":"q"}', '{"b":"r"}' }))
    assert.equal('{"x":1}\n{"x":2}\n{}\n', read(batch, "a"))
    assert.equal('{"x":"p"}\n{"x":"q"}\n{"x":"r"}\n', read(batch, "b"))
    assert.equal('{"x":2}\n{}\n', read(batch, "a", 1))
    assert.equal('{"x":"q"}\n', read(batch, "b", 1, 2))
    assert.equal("{}\n{}\n{}\n", read(batch, "ab"))
    C.weir_batch_unref(batch)
  end)

  it("is not taken for the one that lies there next", function()
    local before = C.weir_batch_ref(json_of({ '{"a":1}' }))
    assert.equal('{"x":1}\n', read(before, "a"))
    C.weir_batch_unref(before)
    batches:clear()
    local again = {}
    for i = 1, 8 do
      again[i] = C.weir_batch_ref(json_of({ ('{"a":%d}'):format(1 + i) }))
    end
    local met = 0
    for i, batch in ipairs(again) do
      met = met + (batch == before and 1 or 0)
      assert.equal(('{"x":%d}\n'):format(1 + i), read(batch, "a"))
      C.weir_batch_unref(batch)
    end
    assert.equal(1, met)
  end)
end)

describe("kept columns", function()
  local shared, fields, batch, to

  before_each(function()
    batches = pool.open(1)
    batch = batches:json('{"a":1}\n')
    shared, fields = C.weir_shared_new(), {}
    to = ffi.new("weir_datum[?]", C.WEIR_STRIP_ROWS_MAX)
  end)

  after_each(function()
    C.weir_shared_free(shared)
    for _, field in pairs(fields) do
      C.weir_field_free(field)
    end
    batches:close()
  end)

  -- A field of six rows from row 2 on, and which of them.
  local function of(name, rows, raw)
    fields[name] = fields[name] or C.weir_field_new(name, #name)
    local list = ffi.new("uint16_t[?]", #rows, rows)
    return ffi.new("weir_shared_of", batch, fields[name], raw or 0, 2, 6, list, #rows), list
  end

  local function keep(name, rows, value, raw)
    local column, which, list = ffi.new("weir_datum[6]"), of(name, rows, raw)
    for _, row in ipairs(rows) do
      column[row].number, column[row].kind = value + row, C.WEIR_NUMBER
    end
    C.weir_shared_keep(shared, which, column)
    return list
  end

  local function read_kept(name, rows, raw)
    local which, list = of(name, rows, raw)
    local numbers = {}
    if C.weir_shared_read(shared, which, to) == 0 then
      return nil
    end
    for i = 0, #rows - 1 do
      numbers[i + 1] = to[list[i]].number
    end
    return numbers
  end

  local ALL = { 0, 1, 2, 3, 4, 5 }

  it("are for rows of which all are known", function()
    keep("a", { 1, 4 }, 10)
    assert.same({ 11, 14 }, read_kept("a", { 1, 4 }))
    assert.same({ 14 }, read_kept("a", { 4 }))
    assert.is_nil(read_kept("a", { 3, 4 }))
    assert.is_nil(read_kept("a", ALL))
  end)

  it("are added to", function()
    keep("a", { 1, 4 }, 10)
    keep("a", { 0, 2, 4 }, 10)
    assert.same({ 10, 11, 12, 14 }, read_kept("a", { 0, 1, 2, 4 }))
    keep("a", { 3, 5 }, 10)
    assert.same({ 10, 11, 12, 13, 14, 15 }, read_kept("a", ALL))
  end)

  it("hold a value or its text", function()
    keep("a", ALL, 10, 0)
    assert.is_nil(read_kept("a", ALL, 1))
    keep("a", ALL, 20, 1)
    assert.same({ 10 }, read_kept("a", { 0 }, 0))
    assert.same({ 20 }, read_kept("a", { 0 }, 1))
  end)

  it("give way, the one first that was not read for longest", function()
    for i = 1, C.WEIR_SHARED_COLUMNS_MAX do
      keep("f" .. i, ALL, i)
    end
    assert.same({ 1 }, read_kept("f1", { 0 }))
    keep("new", ALL, 100)
    assert.is_nil(read_kept("f2", { 0 }))
    assert.same({ 1 }, read_kept("f1", { 0 }))
    assert.same({ 3 }, read_kept("f3", { 0 }))
    assert.same({ 100 }, read_kept("new", { 0 }))
  end)
end)
