local ffi = require("ffi")
local engine = require("spec.support.engine")

local C = engine.load("engine/base/err.h", "engine/data/json.h", "engine/data/field.h",
  "engine/data/layout.h")

local ABSENT, UNSURE = C.WEIR_LAYOUT_ABSENT, C.WEIR_LAYOUT_UNSURE
local NAMES = { "a", "b", "", "id", "user_id", "order_id", "exactly_fourtn", "a_key_of_fifteen",
  "b_key_of_fifteen", "another_a_key_of_fifteen" }

local pool
local layout
local json = ffi.new("weir_slice[1]")

local function scanned(lines)
  local text = table.concat(lines, "\n")
  local batch = C.weir_batch_new(pool)
  C.weir_buf_append(batch.bytes, text, #text)
  batch.input_size = #text
  assert.equal(C.WEIR_OK, C.weir_json_scan(batch, #text))
  return batch
end

local function field_of(name)
  return ffi.gc(C.weir_field_new(name, #name), C.weir_field_free)
end

--- What the layout says of a field in all rows from `first` on: the colons, or why not.
local function find(batch, field, first)
  local count = batch.row_count - first
  local known = ffi.new("uint8_t[?]", count)
  local rows = ffi.new("weir_layout_rows", { batch = batch, first = first, count = count,
    known = known })
  local numbers, colons = ffi.new("uint16_t[?]", count), ffi.new("uint32_t[?]", count)
  for i = 0, count - 1 do
    numbers[i] = i
  end
  C.weir_layout_start(layout, rows)
  local place = ffi.new("weir_layout_place[1]")
  place[0] = C.weir_layout_look_up(layout, field)
  C.weir_layout_find(layout, place, rows, numbers, count, colons)
  return colons, count, place, rows
end

local function text_of(slice)
  return ffi.string(slice.bytes, slice.size)
end

--- Compares it with a search in each row; how many rows the layout was sure of.
local function check(lines, name, first)
  local batch, field = scanned(lines), field_of(name)
  local colons, count, place, rows = find(batch, field, first or 0)
  local sure = 0
  for i = 0, count - 1 do
    local row = (first or 0) + i
    local there = C.weir_field_find(field, batch, row, json) == 1
    local wanted = there and text_of(json[0])
    local got = colons[i]
    if got ~= UNSURE then
      local is = got ~= ABSENT and text_of(C.weir_field_value(batch, row, got))
      assert(is == wanted, ("%q in %s: %s"):format(name, lines[row + 1], tostring(is)))
      sure = sure + 1
    end
    local stop = got > UNSURE and C.weir_layout_end(place, rows, i, got) or 0
    assert(stop == 0 or wanted:find("^[%[{]"))
  end
  C.weir_batch_unref(batch)
  return sure
end

local random_value

local function object(depth)
  local out = {}
  for i = 1, math.random(0, 5) do
    out[i] = ('"%s":%s'):format(NAMES[math.random(#NAMES)], random_value(depth - 1))
  end
  return "{" .. table.concat(out, ",") .. "}"
end

function random_value(depth)
  local kind = math.random(depth > 0 and 6 or 4)
  if kind <= 3 then
    return tostring(math.random(0, 99999))
  elseif kind == 4 then
    return '"{\\"a\\":' .. math.random(99) .. '"'
  end
  return kind == 5 and object(depth) or "[" .. random_value(depth - 1) .. "]"
end

local function swap(line)
  local old, new = NAMES[math.random(#NAMES)], NAMES[math.random(#NAMES)]
  return (line:gsub('"' .. old .. '":', '"' .. new .. '":', math.random(2)))
end

local function similar(count)
  local line, out = object(2), {}
  for i = 1, count do
    local like = line:gsub("%d+", function() return tostring(math.random(0, 99999)) end)
    local kind = math.random(10)
    out[i] = kind == 1 and object(2) or kind == 2 and swap(like) or like
  end
  return out
end

local function copies(line, count)
  local out = {}
  for i = 1, count do
    out[i] = line
  end
  return out
end

describe("layout", function()
  before_each(function()
    pool = C.weir_pool_new(4)
    layout = C.weir_layout_new()
  end)
  after_each(function()
    C.weir_layout_free(layout)
    C.weir_pool_free(pool)
  end)

  it("tells where a field is, and that there is none", function()
    local lines = copies('{"user_id":1,"b":{"a":2},"a_key_of_fifteen":3}', 20)
    for _, name in ipairs({ "user_id", "b", "a", "a_key_of_fifteen", "b_key_of_fifteen" }) do
      assert.equal(19, check(lines, name, 1), name)
    end
  end)

  it("is not sure of a name that two keys of a row may be", function()
    assert.equal(0, check(copies('{"a":1,"b":2,"a":3}', 20), "a", 1))
    assert.equal(19, check(copies('{"a":1,"b":{"a":3}}', 20), "a", 1))
  end)

  it("is not sure of rows that differ in their keys or brackets", function()
    local lines = copies('{"b":1,"a":{"c":2},"d":[3]}', 20)
    lines[8] = '{"b":1,"a":{"c":2,"d":[3]}}'
    lines[9] = '{"b":1,"a":{"e":2},"d":[3]}'
    lines[10] = '{"b":1,"a":[{"c":2}],"d":3}'
    lines[11] = '{"b":1}'
    lines[12] = "{}"
    assert.equal(14, check(lines, "d", 1))
    assert.equal(14, check(lines, "x", 1))
  end)

  it("learns anew when most rows are others", function()
    assert.equal(19, check(copies('{"b":1,"a":2}', 20), "a", 1))
    assert.equal(19, check(copies('{"c":1,"a":2,"d":3}', 20), "a", 1))
    assert.equal(20, check(copies('{"c":{},"aa":2}', 21), "a", 1))
  end)

  it("says what a search in each row says", function()
    local seed = tonumber(os.getenv("SEED")) or os.time()
    print("seed", seed)
    math.randomseed(seed)
    local sure = 0
    for _ = 1, 1500 do
      sure = sure + check(similar(30), NAMES[math.random(#NAMES)], math.random(0, 3))
    end
    assert.is_true(sure > 10000, sure)
  end)
end)
