local ffi = require("ffi")
local engine = require("spec.support.engine")

local C = engine.load("engine/base/err.h", "engine/data/json.h", "engine/data/field.h")

local pool

local function batch_of(text)
  local batch = C.weir_batch_new(pool)
  C.weir_buf_append(batch.bytes, text, #text)
  batch.input_size = #text
  return batch
end

local function offsets(items, from, to)
  local out = {}
  for i = from, to - 1 do
    out[#out + 1] = items[i]
  end
  return out
end

--- All that a scan says, as one table.
local function said(batch)
  local rows, faults = {}, {}
  for i = 0, batch.row_count - 1 do
    rows[i + 1] = {
      batch.rows[i].start,
      batch.rows[i]["end"],
      colons = offsets(batch.colons, batch.row_colons[i], batch.row_colons[i + 1]),
      brackets = offsets(batch.brackets, batch.row_brackets[i], batch.row_brackets[i + 1]),
    }
  end
  for i = 0, batch.fault_count - 1 do
    local fault = batch.faults[i]
    local code = ffi.string(C.weir_err_name(fault.code))
    faults[i + 1] = { fault.span.start, fault.span["end"], code, fault.column, fault.before }
  end
  return { rows = rows, faults = faults, plain = batch.plain_keys, lines = batch.line_rows }
end

local function scan(text)
  local batch = batch_of(text)
  assert.equal(C.WEIR_OK, C.weir_json_scan(batch, #text))
  local out = said(batch)
  C.weir_batch_unref(batch)
  return out
end

local function fault(text)
  local out = scan(text .. "\n{}\n")
  assert.equal(1, #out.rows)
  assert.equal(1, #out.faults)
  return out.faults[1][3], out.faults[1][4]
end

describe("json scan", function()
  setup(function() pool = C.weir_pool_new(4) end)
  teardown(function() C.weir_pool_free(pool) end)

  it("cuts lines into rows without the blanks around them", function()
    local out = scan('{"a":1}\r\n\n  \t\n {"b":{"c":[2]}} \n{}')
    assert.same({ { 0, 7, colons = { 4 }, brackets = { 0, 6 } },
      { 15, 30, colons = { 19, 24 }, brackets = { 15, 20, 25, 27, 28, 29 } },
      { 32, 34, colons = {}, brackets = { 32, 33 } } }, out.rows)
    assert.same({}, out.faults)
    assert.equal(0, out.lines)
  end)

  it("knows when the bytes are exactly the rows", function()
    assert.equal(1, scan('{"a":1}\n{}\n').lines)
    assert.equal(0, scan('{"a":1}\n{}').lines)
    assert.equal(0, scan(' {"a":1}').lines)
    assert.equal(0, scan('{"a":1}\n\n').lines)
    assert.equal(0, scan('{"a":1}\nx\n').lines)
  end)

  it("says what is wrong with a record and where", function()
    assert.same({ "EOBJECT", 1 }, { fault("[1]") })
    assert.same({ "EOBJECT", 1 }, { fault(" 12") })
    assert.same({ "EQUOTE", 6 }, { fault('{"a":"b}') })
    assert.same({ "EBRACKET", 7 }, { fault('{"a":1]') })
    assert.same({ "EBRACKET", 7 }, { fault('{"a":1') })
    assert.same({ "EBRACKET", 3 }, { fault("{}}") })
    assert.same({ "ESYNTAX", 3 }, { fault("{}{}") })
    assert.same({ "EUTF8", 7 }, { fault('{"a":"\xff"}') })
    assert.same({ "EUTF8", 7 }, { fault('{"a":"\xc0\xaf"}') })
    assert.same({ "EDEPTH", 1025 }, { fault(("["):rep(2000):gsub("^.", "{") .. "x") })
  end)

  it("starts afresh behind a newline inside a string", function()
    local out = scan('{"a":"x\n{"b":1}\n{"c":"\\\n{"d":2}\n')
    assert.equal(2, #out.rows)
    assert.same({ { 0, 7, "EQUOTE", 6, 0 }, { 16, 23, "EQUOTE", 6, 1 } }, out.faults)
  end)

  it("accepts the deepest nesting and not one more", function()
    local function nested(depth)
      return '{"a":' .. ("["):rep(depth - 1) .. ("]"):rep(depth - 1) .. "}\n"
    end
    assert.equal(1, #scan(nested(C.WEIR_JSON_DEPTH_MAX)).rows)
    assert.equal("EDEPTH", scan(nested(C.WEIR_JSON_DEPTH_MAX + 1)).faults[1][3])
    assert.equal("EDEPTH", scan(nested(100000)).faults[1][3])
  end)

  it("wants brackets to match at every depth", function()
    for depth = 1, 140 do
      local openers, closers = {}, {}
      for level = 1, depth do
        openers[level] = level % 3 == 1 and '{"a":' or "["
        closers[depth + 1 - level] = level % 3 == 1 and "}" or "]"
      end
      local open, close = table.concat(openers), table.concat(closers)
      assert.same({}, scan(open .. "0" .. close).faults)
      assert.equal("EBRACKET", (fault(open .. "[}" .. close)))
      assert.equal("EBRACKET", (fault(open .. close:sub(1, -2))))
      assert.equal("EBRACKET", (fault(open .. close .. "]")))
    end
  end)

  it("notices keys that cannot be compared as bytes", function()
    assert.equal(1, scan('{"a":"x\\ny","b":1}').plain)
    assert.equal(0, scan('{"\\u0061":1}').plain)
    assert.equal(0, scan('{"a" :1}').plain)
    for pad = 0, 130 do
      local blanks = (" "):rep(pad)
      assert.equal(0, scan(blanks .. '{"k\\u0061' .. ("x"):rep(pad) .. '":1}').plain)
      assert.equal(1, scan(blanks .. '{"b":"\\u0061' .. ("x"):rep(pad) .. '","k":1}').plain)
    end
  end)

  it("says the same with every kernel, at every alignment and tail", function()
    local seed = tonumber(os.getenv("SEED")) or os.time()
    print("seed", seed)
    math.randomseed(seed)
    local alphabet = { '"', "\\", ":", "{", "}", "[", "]", "\n", " ", "a", ",", "\xc3\xa9", "\xff",
      "\0", "\r", '{"a":1}\n', '\\"', "\\\\", '{"k":"v"}\n', '"x":' }
    for round = 1, 4000 do
      local parts = {}
      for i = 1, math.random(0, round % 4 == 0 and 400 or 60) do
        parts[i] = alphabet[math.random(#alphabet)]
      end
      local text = table.concat(parts)
      C.weir_json_use_kernel(C.WEIR_JSON_SCALAR)
      local wanted = scan(text)
      for _, kernel in ipairs({ C.WEIR_JSON_SSE2, C.WEIR_JSON_AVX2 }) do
        if C.weir_json_use_kernel(kernel) == C.WEIR_OK then
          assert.same(wanted, scan(text))
        end
      end
    end
    C.weir_json_use_kernel(C.WEIR_JSON_BEST)
  end)

  it("checks UTF-8 across all that is looked at together", function()
    local whole = "\xf0\x9f\x98\x80"
    for _, edge in ipairs({ 64, 2048, 4096 }) do
      for size = edge - 16, edge + 4 do
        local function is_row(text)
          local row = '{"a":"' .. ("x"):rep(size - 8) .. text .. '"}'
          local out = scan(row .. "\n{}\n")
          assert.equal(#out.rows, #scan(row).rows + 1)
          return #out.rows == 2
        end
        assert.is_true(is_row(whole))
        for cut = 1, 3 do
          assert.is_false(is_row(whole:sub(1, cut)))
          assert.is_false(is_row(whole:sub(cut + 1)))
        end
        assert.equal("EUTF8", scan('{"a":"' .. ("x"):rep(size) .. whole:sub(1, 3)).faults[1][3])
      end
    end
  end)

  it("says of each line what it says of the line alone", function()
    local seed = tonumber(os.getenv("SEED")) or os.time()
    print("seed", seed)
    math.randomseed(seed)
    local lines = { "{}", '{"a":1}', '{"a"', "x", "", "[1]", '{"a":"x', '{"b":{"c":[1,2]},"d":2}',
      '{"\xc3\xa9":"\\""}', '{"a":}}', ' {"q" : 1} ', '{"z":"\xff"}' }
    local function moved(item, by)
      local out = { item[1] + by, item[2] + by, item[3], item[4] }
      for _, list in ipairs({ "colons", "brackets" }) do
        for i, offset in ipairs(item[list] or {}) do
          out[list] = out[list] or {}
          out[list][i] = offset + by
        end
        out[list] = out[list] or item[list]
      end
      return out
    end
    for _ = 1, 3000 do
      local text, rows, faults = "", {}, {}
      for _ = 1, math.random(14) do
        local line = lines[math.random(#lines)] .. "\n"
        local alone = scan(line)
        rows[#rows + 1] = alone.rows[1] and moved(alone.rows[1], #text)
        faults[#faults + 1] = alone.faults[1] and moved(alone.faults[1], #text)
        text = text .. line
      end
      local together = scan(text)
      assert.same(rows, together.rows)
      assert.equal(#faults, #together.faults)
      for i, fault_alone in ipairs(faults) do
        assert.same(fault_alone, { unpack(together.faults[i], 1, 4) })
      end
    end
  end)
end)
