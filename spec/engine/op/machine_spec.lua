local engine = require("spec.support.engine")
local pool = require("spec.support.batches")
local ffi = require("ffi")
local model = require("spec.support.machine_model")
local program = require("weir.native.program")
local programs = require("spec.support.machine_programs")

local C = engine.load("engine/op/strip.h", "engine/data/json.h", "engine/base/err.h")

local END, BAILED, FULL = C.WEIR_STRIP_END, C.WEIR_STRIP_BAILED, C.WEIR_STRIP_FULL
local NO_LIMIT = 2 ^ 40
-- Programs by chance from this seed must not bail at more of their rows.
local SEED_OF_SHARE, BAILED_SHARE_MAX = 1, 0.65

local strip, batches

local function random_json(count, clean)
  local lines = {}
  for i = 1, count do
    lines[i] = programs.object(2, clean) .. "\n"
  end
  return batches:json(table.concat(lines))
end

local function random_cells(count)
  local batch = batches:new()
  local names = { "a", "status", "bb", "path", "a", "u", "a_long_name_beyond_one_vector" }
  local slices = ffi.new("weir_slice[?]", #names)
  for i, name in ipairs(names) do
    slices[i - 1].bytes, slices[i - 1].size = name, #name
  end
  local schema = ffi.new("weir_schema *[1]")
  assert.equal(C.WEIR_OK, C.weir_schema_new(schema, slices, #names))
  batch.form, batch.schema, batch.row_count = C.WEIR_FORM_CELLS, schema[0], count
  C.weir_batch_reserve_rows(batch, count)
  C.weir_batch_reserve_cells(batch, count * #names)
  for i = 0, count * #names - 1 do
    local kind, text = programs.cell()
    local cell = batch.cells[i]
    cell.kind, cell.start, cell.size = C["WEIR_CELL_" .. kind], batch.bytes.size, #text
    C.weir_buf_append(batch.bytes, text, #text)
  end
  return batch
end

local function outputs(batch)
  return ffi.new("weir_batch *[1]", batch)
end

local function rows_of(batch)
  local list = {}
  for i = 0, batch.row_count - 1 do
    local span = batch.rows[i]
    list[#list + 1] = ffi.string(batch.bytes.bytes + span.start, span["end"] - span.start)
  end
  return list
end

-- Runs a program over all rows, cut at random, and now and then entered again or full.
-- Gives the rows it wrote and which ones bailed.
local function run(built, batch, cuts)
  local out, bailed, row = batches:new(), {}, 0
  while row < batch.row_count do
    local last = cuts and math.random(row + 1, batch.row_count) or batch.row_count
    assert.equal(C.WEIR_OK, C.weir_strip_enter(strip, built, batch, row, last))
    local what
    repeat
      local size = out.bytes.size
      local full = cuts and math.random(4) == 1 and tonumber(size) + math.random(60) or NO_LIMIT
      what = C.weir_strip_write(strip, outputs(out), full)
      if what == BAILED then
        bailed[C.weir_strip_row(strip)] = true
        C.weir_strip_skip(strip)
      elseif what == FULL and math.random(2) == 1 then
        break
      end
    until what == END
    row = C.weir_strip_row(strip)
  end
  return rows_of(out), bailed
end

local function filtered()
  local list = {}
  for stage = 0, 3 do
    list[stage] = tonumber(C.weir_strip_take_filtered(strip, stage))
  end
  return list
end

-- What the model makes of the rows that did not bail.
local function expected(list, batch, bailed)
  local lines, counts = {}, { [0] = 0, 0, 0, 0 }
  for row = 0, batch.row_count - 1 do
    if not bailed[row] then
      local text, stage = model.run(list, batch, row)
      if text then
        lines[#lines + 1] = text
      else
        assert(type(stage) == "number", "row " .. row .. " did not bail: " .. tostring(stage))
        counts[stage] = counts[stage] + 1
      end
    end
  end
  return lines, counts
end

local function describe_program(list)
  local lines = {}
  for i, instruction in ipairs(list) do
    local parts = {}
    for key, part in pairs(instruction) do
      if type(part) == "table" and key ~= "names" and key ~= "values" then
        part = "k " .. tostring(part.k)
      elseif type(part) == "table" then
        part = table.concat(part, " ", 1, key == "names" and #part or 0)
      end
      parts[#parts + 1] = key .. "=" .. tostring(part)
    end
    lines[i] = table.concat(parts, " ")
  end
  return table.concat(lines, "\n")
end

local function check(list, batch, cuts)
  local built = program.build(list)
  filtered()
  local got, bailed = run(built, batch, cuts)
  local counts = filtered()
  local ok, lines, wanted = pcall(expected, list, batch, bailed)
  if not ok then
    error(tostring(lines) .. "\n" .. describe_program(list), 0)
  end
  for i = 1, math.max(#got, #lines) do
    if got[i] ~= lines[i] then
      error(("row %d\n%s\n%s\n%s"):format(i, tostring(got[i]), tostring(lines[i]),
        describe_program(list)), 0)
    end
  end
  assert.same(wanted, counts)
  local count = 0
  for _ in pairs(bailed) do
    count = count + 1
  end
  return count
end

describe("the column machine", function()
  before_each(function()
    batches, strip = pool.open(16), C.weir_strip_new()
  end)

  after_each(function()
    C.weir_strip_free(strip)
    batches:close()
  end)

  local function many(count, make, seed)
    local rows, bails = 0, 0
    for i = 1, count do
      local batch = make()
      local ok, problem = pcall(function()
        bails = bails + check(programs.program(), batch, true)
      end)
      assert(ok, ("seed %d, program %d: %s"):format(seed, i, tostring(problem)))
      rows = rows + batch.row_count
      batches:clear()
    end
    return bails / rows
  end

  local function chance()
    local seed = tonumber(os.getenv("SEED")) or os.time()
    math.randomseed(seed)
    return seed
  end

  it("gives what Lua gives, over programs and hostile records by chance", function()
    local seed = chance()
    many(1500, function()
      return random_json(30, math.random(3) == 1)
    end, seed)
  end)

  it("gives what Lua gives over rows of cells", function()
    local seed = chance()
    many(500, function()
      return random_cells(30)
    end, seed)
  end)

  it("does so over strips of a thousand rows and more", function()
    local seed = chance()
    many(12, function()
      return random_json(2500, true)
    end, seed)
  end)

  it("is tried by programs that seldom bail at once", function()
    math.randomseed(SEED_OF_SHARE)
    local share = many(400, function()
      return random_json(30, true)
    end, SEED_OF_SHARE)
    assert.is_true(share < BAILED_SHARE_MAX, share)
  end)

  local function lines(text, count)
    return batches:json((text .. "\n"):rep(count))
  end

  it("never bails at records that are as the lambda expects", function()
    local batch = lines('{"ts":1700000000123,"path":"/a/b/c","ms":12.75,"status":503}', 1500)
    local bails = check({
      { op = "stage", stage = 0 },
      { op = "get", to = 0, field = "ms" },
      { op = "move", to = 1, a = { k = "slow" } },
      { op = "if_lt", a = { k = 100 }, b = 0, label = 1 },
      { op = "move", to = 1, a = { k = "ok" } },
      { op = "label", label = 1 },
      { op = "set", field = "bucket", a = 1 },
      { op = "get", to = 2, field = "path" },
      { op = "match", to = 2, a = 2, b = { k = "^(.*)/" } },
      { op = "set", field = "path", a = 2 },
      { op = "stage", stage = 1 },
      { op = "get", to = 0, field = "bucket" },
      { op = "if_eq", a = 0, b = { k = "ok" }, label = 2 },
      { op = "filter", a = { k = false } },
      { op = "label", label = 2 },
      { op = "filter", a = { k = true } },
    }, batch, true)
    assert.equal(0, bails)
  end)

  it("reads what is nested in records that look alike, also in damaged ones", function()
    local sound = '{"some_id":7,"http":{"status":200,"tags":["a","b"]},"z":1}\n'
    local damaged = {
      sound:gsub('":{', '": {'), sound:gsub("200", "2 00"), sound:gsub("},", "}x,"),
      sound:gsub("},", "} ,"), sound:gsub('{"status"', '{\\"status\\"'),
      sound:gsub('"b"', '"b" 1'), sound:gsub('http":', 'http":0'),
      (sound:gsub('{"status":200', '"status":{200')),
    }
    local lists = {}
    for i = 0, 400 do
      lists[#lists + 1] = i % 3 == 0 and damaged[i / 3 % #damaged + 1] or sound
    end
    local text = table.concat(lists, "", 2)
    for _, only in ipairs({ text, sound:rep(40) .. damaged[5], (text:gsub("\\", "")) }) do
      check({
        { op = "stage", stage = 0 },
        { op = "get", to = 0, field = "http" },
        { op = "get", to = 1, field = "status", of = 0 },
        { op = "set", field = "status", a = 1 },
        { op = "stage", stage = 1 },
        { op = "get_json", to = 0, field = "http" },
        { op = "get_json", to = 1, field = "status" },
        { op = "make", names = { "http", "status" }, values = { 0, 1 }, selects = true },
      }, batches:json(only), true)
    end
  end)

  it("leaves a record that is not as expected to the row code, and no other", function()
    local batch = batches:json('{"a":1}\n{"a":"x"}\n{"b":2}\n{"a":3}\n')
    local _, bailed = run(program.build({
      { op = "stage", stage = 0 },
      { op = "get", to = 0, field = "a" },
      { op = "add", to = 0, a = 0, b = { k = 1 } },
      { op = "set", field = "a", a = 0 },
    }), batch)
    assert.same({ [1] = true, [2] = true }, bailed)
  end)

  it("bails where a number could not be stored, or a text is cut inside a character", function()
    local batch = lines('{"a":0,"t":"\195\169"}', 1)
    local function bails(...)
      local _, bailed = run(program.build({ { op = "stage", stage = 0 }, ... }), batch)
      return bailed[0] == true
    end
    assert.is_true(bails({ op = "get", to = 0, field = "a" },
      { op = "div", to = 0, a = { k = 1 }, b = 0 }, { op = "set", field = "x", a = 0 }))
    assert.is_true(bails({ op = "get", to = 0, field = "t" },
      { op = "bytes", to = 0, a = 0, b = { k = 1 }, c = { k = 1 } },
      { op = "set", field = "x", a = 0 }))
  end)

  it("adds texts of any length to records that are alike, up to the last of a byte", function()
    local seed = tonumber(os.getenv("SEED")) or os.time()
    math.randomseed(seed)
    local list = { '{"ts":1700000000123,"path":"","ms":1}' }
    for size = 0, 200 do
      local text = ("abc/é"):rep(40):sub(1, size):gsub("\195$", "")
      for _, path in ipairs({ text, (text:gsub("/", "", math.random(0, 40))) }) do
        list[#list + 1] = ('{"ts":1700000000123,"path":"%s","ms":1}'):format(path)
      end
    end
    local bails = check({
      { op = "stage", stage = 0 },
      { op = "get", to = 0, field = "path" },
      { op = "match", to = 1, a = 0, b = { k = "^(.*)/" } },
      { op = "set", field = "prefix", a = 1 },
      { op = "set", field = ("long"):rep(20), a = 0 },
      { op = "set", field = "n", a = { k = 0.5 } },
    }, batches:json(table.concat(list, "\n")), true)
    assert.equal(0, bails, "seed " .. seed)
  end)

  it("puts values in the places of others in records that look alike, also in damaged ones",
    function()
      local sound = '{"id":7,"status":200,"path":"/a/b","z":[1]}\n'
      local damaged = {
        sound:gsub("200", "2 00"), sound:gsub("200", "200 "), sound:gsub("200", " 200"),
        sound:gsub('"path"', '"xpath"'), sound:gsub('"id"', '"path"'), sound:gsub("}", " }"),
        sound:gsub('/b"', '/b" 1'), (sound:gsub('"status":200,', "")),
      }
      local list = {}
      for i = 0, 400 do
        list[#list + 1] = i % 3 == 0 and damaged[i / 3 % #damaged + 1] or sound
      end
      for _, value in ipairs({ { k = "x" }, { k = ("long"):rep(30) }, { k = 0.25 }, {} }) do
        check({
          { op = "stage", stage = 0 },
          { op = "get", to = 0, field = "id" },
          { op = "set", field = "path", a = value },
          { op = "set", field = "new", a = 0 },
          { op = "get", to = 1, field = "status" },
          { op = "if_eq", a = 1, b = { k = 200 }, label = 1 },
          { op = "set", field = "status", a = { k = 500 } },
          { op = "label", label = 1 },
        }, batches:json(table.concat(list)), true)
      end
    end)

  it("copies rows that nothing was assigned to, whatever lies between them", function()
    local gaps = { "\n", "\n", "\n", "\n", "\r\n", "\n\n", " \n", "\n " }
    for _ = 1, 50 do
      local text = {}
      for i = 1, math.random(60) do
        text[2 * i - 1], text[2 * i] = ('{"a":%d}'):format(i), gaps[math.random(#gaps)]
      end
      assert.equal(0, check({
        { op = "stage", stage = 0 },
        { op = "get", to = 0, field = "a" },
        { op = "if_lt", a = 0, b = { k = 40 }, label = 1 },
        { op = "filter", a = { k = false } },
        { op = "label", label = 1 },
        { op = "filter", a = { k = true } },
      }, batches:json(table.concat(text)), true))
    end
  end)

  it("opens a survivor as it would be written", function()
    local seed = tonumber(os.getenv("SEED")) or os.time()
    math.randomseed(seed)
    local rows = require("weir.native.record").rows
    for _ = 1, 150 do
      local batch = random_json(20)
      local built = program.build(programs.program())
      local written, opened = run(built, batch), {}
      assert.equal(C.WEIR_OK, C.weir_strip_enter(strip, built, batch, 0, batch.row_count))
      while C.weir_strip_next(strip) ~= END do
        if C.weir_strip_next(strip) == C.WEIR_STRIP_SURVIVOR
          and C.weir_strip_open(strip, rows, 0) == C.WEIR_STRIP_SURVIVOR then
          local out = batches:new()
          assert.equal(C.WEIR_OK, C.weir_rows_write(rows, 0, out))
          opened[#opened + 1] = rows_of(out)[1]
        end
        C.weir_strip_skip(strip)
      end
      assert.same(written, opened, "seed " .. seed)
    end
  end)

  it("sends rows to the ports of a route", function()
    local batch = batches:json('{"a":1}\n{"a":2}\n{"a":3}\n')
    local built = program.build({
      { op = "stage", stage = 0 },
      { op = "get", to = 0, field = "a" },
      { op = "if_lt", a = 0, b = { k = 2 }, label = 1 },
      { op = "route", port = 1 },
      { op = "label", label = 1 },
      { op = "route", port = 0 },
    })
    local first, second = batches:new(), batches:new()
    assert.equal(C.WEIR_OK, C.weir_strip_enter(strip, built, batch, 0, 3))
    assert.equal(END, C.weir_strip_write(strip, ffi.new("weir_batch *[2]", first, second),
      NO_LIMIT))
    assert.same({ '{"a":1}' }, rows_of(first))
    assert.same({ '{"a":2}', '{"a":3}' }, rows_of(second))
  end)

  it("tells who watches what comes behind its stages, and nobody else", function()
    local batch = batches:json('{"a":1}\n')
    local built = program.build({
      { op = "stage", stage = 0 },
      { op = "filter", a = { k = true } },
    })
    local mark = ffi.new("uint32_t[1]", 9)
    C.weir_strip_watch(strip, mark, 7)
    assert.equal(C.WEIR_OK, C.weir_strip_enter(strip, built, batch, 0, 1))
    assert.equal(7, mark[0])
    C.weir_strip_watch(strip, nil, 0)
    assert.equal(C.WEIR_OK, C.weir_strip_enter(strip, built, batches:json('{"a":2}\n'), 0, 1))
    assert.equal(7, mark[0])
  end)

  local STAGE = { op = "stage", stage = 0 }
  local UNSOUND = {
    ["a register that was not written"] = { STAGE, { op = "set", field = "a", a = 0 } },
    ["a register written on one way only"] = { STAGE, { op = "if_true", a = { k = true },
      label = 1 }, { op = "move", to = 0, a = { k = 1 } }, { op = "label", label = 1 },
      { op = "filter", a = 0 } },
    ["a jump back"] = { STAGE, { op = "label", label = 1 }, { op = "jump", label = 1 } },
    ["a jump to nowhere"] = { STAGE, { op = "jump", label = 1 } },
    ["a record of two shapes"] = { STAGE, { op = "if_true", a = { k = true }, label = 1 },
      { op = "make", names = { "a" }, values = { { k = 1 } } }, { op = "label", label = 1 },
      { op = "get", to = 0, field = "a" } },
    ["a made field twice"] = { STAGE,
      { op = "make", names = { "a", "a" }, values = { { k = 1 }, { k = 2 } } } },
    ["a pattern that is not known"] = { STAGE, { op = "get", to = 0, field = "a" },
      { op = "match", to = 1, a = 0, b = 0 } },
    ["a field name that is no text"] = { STAGE, { op = "set", field = "\255", a = { k = 1 } } },
  }

  for what, list in pairs(UNSOUND) do
    it("refuses " .. what, function()
      assert.has_error(function()
        program.build(list)
      end)
    end)
  end
end)
