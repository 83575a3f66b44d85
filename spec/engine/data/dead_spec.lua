local cjson = require("cjson")
local engine = require("spec.support.engine")
local ffi = require("ffi")

local C = engine.load("engine/base/err.h", "engine/data/dead.h", "engine/data/line.h")

local pool = C.weir_pool_new(1)

-- One dead letter as a table.
local function letter(fields)
  local batch, dead = C.weir_batch_new(pool), ffi.new("weir_dead")
  dead.wall_ns, dead.stage, dead.source, dead.code = 1500000000, "parse", "a.log", C.WEIR_EQUOTE
  for name, value in pairs(fields) do
    dead[name] = value
  end
  local raw = fields.text or ""
  dead.raw.bytes, dead.raw.size = raw, #raw
  assert(C.weir_dead_write(batch, dead) == 0)
  assert.equal(1, batch.row_count)
  local span = batch.rows[0]
  local text = ffi.string(batch.bytes.bytes + span.start, span["end"] - span.start)
  C.weir_batch_unref(batch)
  return cjson.decode(text)
end

-- A field `text` is the raw record, not a member of the structure.
local function of(text, fields)
  return letter(setmetatable(fields or {}, { __index = { text = text } }))
end

describe("a dead letter", function()
  it("says when, where, why and what", function()
    assert.same({
      time = 1500, stage = "parse", code = "EQUOTE", source = "a.log", position = 7,
      reason = "a quote is not closed (record 3, column 2)", raw = '{"a',
    }, of('{"a', { number = 3, column = 2, position = 7 }))
  end)

  it("carries a reason of its own and a traceback", function()
    local found = of("{}", { reason = 'said "no"', traceback = "x.lua:1\nx.lua:2" })
    assert.equal('said "no"', found.reason)
    assert.equal("x.lua:1\nx.lua:2", found.traceback)
  end)

  it("keeps bytes that are no text in base64", function()
    local found = of("\255\0a\n")
    assert.is_nil(found.raw)
    assert.equal("/wBhCg==", found.raw_base64)
    assert.equal("/w==", of("\255").raw_base64)
    assert.equal("//8=", of("\255\255").raw_base64)
  end)

  it("cuts a huge record between characters, and tells its size", function()
    local text = ("x"):rep(C.WEIR_DEAD_RAW_MAX - 1) .. "üü"
    local found = of(text)
    assert.equal(C.WEIR_DEAD_RAW_MAX - 1, #found.raw)
    assert.equal(#text, found.raw_size)
  end)
end)

describe("a line", function()
  it("is a row of the bytes since its start", function()
    local batch = C.weir_batch_new(pool)
    assert(C.weir_line_add(batch, '{"a":1}', 7) == 0)
    assert(C.weir_line_add(batch, "{}", 2) == 0)
    assert.equal(2, batch.row_count)
    assert.equal('{"a":1}\n{}\n', ffi.string(batch.bytes.bytes, batch.bytes.size))
    assert.equal(8, batch.rows[1].start)
    C.weir_batch_unref(batch)
  end)
end)
