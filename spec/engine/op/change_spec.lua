local cjson = require("cjson")
local ffi = require("ffi")
local engine = require("spec.support.engine")
local record = require("weir.native.record")

local C = engine.load("engine/op/record.h", "engine/data/json.h", "engine/base/err.h")
local rows = record.rows

-- As texts of keys: the same name may stand there twice, and with an escape.
local KEYS = { '"a"', '"bb"', '"a"', '"status"', '"a_long_name_beyond_one_vector"', '"u"', '"v"' }
local NAMES = { "a", "bb", "status", "a_long_name_beyond_one_vector", "u", "v", "new", "x" }

local function pick(list)
  return list[math.random(#list)]
end

local function blank()
  return math.random(12) == 1 and pick({ " ", "\t", "  " }) or ""
end

local function value_text(depth)
  local kind = math.random(depth > 0 and 7 or 5)
  if kind == 1 then
    return tostring(math.random(-50, 99999))
  elseif kind == 2 then
    return ("%.3f"):format(math.random() * 1000)
  elseif kind == 3 then
    return pick({ '"x"', '""', '"a\\"b:{,"', '"bb\\\\"', '"\\u00e9"', '"status"' })
  elseif kind == 4 then
    return pick({ "true", "false" })
  elseif kind == 5 then
    return "[1,[2]]"
  end
  local members = {}
  for i = 1, math.random(0, 6) do
    local key = math.random(40) == 1 and '"\\u0061"' or pick(KEYS)
    members[i] = blank() .. key .. blank() .. ":" .. blank() .. value_text(depth - 1) .. blank()
  end
  return "{" .. table.concat(members, ",") .. "}"
end

local function object_text()
  local text
  repeat
    text = value_text(3)
  until text:sub(1, 1) == "{"
  return text
end

local function new_value()
  return pick({ math.random(1000), math.random() * 10, "text \"quoted\"", true, false, "" })
end

-- Does the same to the record and to its model.
local function change(r, model)
  local name = pick(NAMES)
  local inner = type(model[name]) == "table" and #model[name] == 0 and math.random(3) > 1
  if inner and r[name] ~= nil then
    return change(r[name], model[name])
  end
  local act = math.random(8)
  if act == 1 then
    r[name], model[name] = nil, nil
  elseif act == 2 then
    r[name], model[name] = { q = 1 }, { q = 1 }
  elseif act == 3 then
    local count = 0
    for _ in record.pairs(r) do
      count = count + 1
    end
    return count
  else
    local value = new_value()
    r[name], model[name] = value, value
  end
end

describe("changing a record", function()
  it("gives what a decoder would see changed, over 20,000 documents", function()
    local seed = tonumber(os.getenv("SEED")) or os.time()
    print("seed", seed)
    math.randomseed(seed)
    local pool = C.weir_pool_new(4)
    for _ = 1, 2000 do
      local lines = {}
      for i = 1, 10 do
        lines[i] = math.random(2) == 1 and i > 1 and lines[i - 1] or object_text()
      end
      local batch, out = C.weir_batch_new(pool), C.weir_batch_new(pool)
      local text = table.concat(lines, "\n") .. "\n"
      C.weir_buf_append(batch.bytes, text, #text)
      assert.equal(C.WEIR_OK, C.weir_json_scan(batch, #text))
      for i, line in ipairs(lines) do
        local model = cjson.decode(line)
        C.weir_rows_open(rows, 0, batch, i - 1)
        for _ = 1, math.random(0, 6) do
          change(record.slot(0), model)
        end
        assert.equal(C.WEIR_OK, C.weir_rows_write(rows, 0, out))
        local span = out.rows[i - 1]
        local written = ffi.string(out.bytes.bytes + span.start, span["end"] - span.start)
        assert.same(model, cjson.decode(written), line)
      end
      C.weir_rows_close(rows, 0)
      C.weir_batch_unref(batch)
      C.weir_batch_unref(out)
    end
    C.weir_pool_free(pool)
  end)

  it("replaces the only member of a name even where others are in bad shape", function()
    local pool = C.weir_pool_new(2)
    local batch, out = C.weir_batch_new(pool), C.weir_batch_new(pool)
    local text = '{"x":tru e,"a":1}\n{"a":1 "x":2}\n{"a":}\n'
    C.weir_buf_append(batch.bytes, text, #text)
    assert.equal(C.WEIR_OK, C.weir_json_scan(batch, #text))
    C.weir_rows_open(rows, 0, batch, 0)
    record.slot(0).a = 2
    C.weir_rows_write(rows, 0, out)
    assert.equal('{"x":tru e,"a":2}\n', ffi.string(out.bytes.bytes, out.bytes.size))
    for row = 1, 2 do
      C.weir_rows_open(rows, 0, batch, row)
      assert.has_error(function()
        record.slot(0).a = 2
      end)
    end
    C.weir_rows_close(rows, 0)
    C.weir_batch_unref(batch)
    C.weir_batch_unref(out)
    C.weir_pool_free(pool)
  end)
end)
