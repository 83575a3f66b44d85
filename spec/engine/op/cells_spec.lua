local engine = require("spec.support.engine")
local ffi = require("ffi")

local C = engine.load("engine/base/buf.h", "engine/data/batch.h", "engine/op/cells.h")

local seed = tonumber(os.getenv("SEED")) or os.time()

local pieces = {
  "", "a", '"', "\\", "\n", "\0", "\127", "gr\195\188n", ("x"):rep(31), ("y"):rep(70),
}
local escapes = { ['"'] = '\\"', ["\\"] = "\\\\", ["\n"] = "\\n", ["\0"] = "\\u0000" }

local function random_text()
  local list = {}
  for i = 1, math.random(0, 4) do
    list[i] = pieces[math.random(#pieces)]
  end
  return table.concat(list)
end

local function quoted(text)
  return '"' .. text:gsub('[%z"\\\n]', escapes) .. '"'
end

-- How each kind of cell is filled, and what it is to become.
local kinds = {
  { kind = C.WEIR_CELL_ABSENT },
  { kind = C.WEIR_CELL_NULL, shown = "null" },
  { kind = C.WEIR_CELL_FALSE, shown = "false" },
  { kind = C.WEIR_CELL_TRUE, shown = "true" },
  { kind = C.WEIR_CELL_NUMBER, text = "-12.50", shown = "-12.50" },
  { kind = C.WEIR_CELL_JSON, text = '{"k":[1]}', shown = '{"k":[1]}' },
}

local function random_cell()
  if math.random(3) > 1 then
    local text = random_text()
    return { kind = C.WEIR_CELL_TEXT, text = text, shown = quoted(text) }
  end
  return kinds[math.random(#kinds)]
end

-- Columns may have the same name; of those the last one is shown.
local function random_columns()
  local columns, last = {}, {}
  for i = 1, math.random(0, 12) do
    local name = math.random(9) == 1 and "twice" or i .. random_text()
    columns[i], last[name] = { name = name, cell = random_cell() }, i
  end
  local shown = {}
  for i, column in ipairs(columns) do
    if last[column.name] == i and column.cell.shown then
      shown[#shown + 1] = quoted(column.name) .. ":" .. column.cell.shown
    end
  end
  return columns, "{" .. table.concat(shown, ",") .. "}"
end

local function fill(batch, columns)
  local names = ffi.new("weir_slice[?]", #columns + 1)
  local schema = ffi.new("weir_schema *[1]")
  for i, column in ipairs(columns) do
    names[i - 1].bytes, names[i - 1].size = column.name, #column.name
  end
  assert.equal(C.WEIR_OK, C.weir_schema_new(schema, names, #columns))
  batch.schema, batch.form, batch.row_count = schema[0], C.WEIR_FORM_CELLS, 1
  assert.equal(C.WEIR_OK, C.weir_batch_reserve_cells(batch, #columns))
  for i, column in ipairs(columns) do
    local text = column.cell.text or ""
    batch.cells[i - 1].start, batch.cells[i - 1].size = batch.bytes.size, #text
    batch.cells[i - 1].kind = column.cell.kind
    C.weir_buf_append(batch.bytes, text, #text)
  end
end

describe("a row of cells", function()
  it(("becomes the object it stands for, seed %d"):format(seed), function()
    math.randomseed(seed)
    local pool = C.weir_pool_new(1)
    local cells, out = ffi.new("weir_cells"), ffi.new("weir_buf")
    for _ = 1, 2000 do
      local columns, expected = random_columns()
      local batch = C.weir_batch_new(pool)
      fill(batch, columns)
      C.weir_buf_fini(out)  -- so that room has to be made anew
      C.weir_buf_text(out, "before")
      C.weir_cells_write(cells, batch, 0, out)
      assert.equal("before" .. expected, ffi.string(out.bytes, out.size))
      C.weir_batch_unref(batch)
    end
    C.weir_buf_fini(out)
    C.weir_cells_fini(cells)
    C.weir_pool_free(pool)
  end)
end)
