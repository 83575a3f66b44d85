-- The parsing suite of Nicolas Seriot ("Parsing JSON is a Minefield"), in strict mode.

local cjson = require("cjson")
local ffi = require("ffi")
local engine = require("spec.support.engine")

local C = engine.load("engine/base/err.h", "engine/data/json.h", "engine/data/value.h",
  "engine/codec/json.h")

local folder = "../shared/data/json-parsing/"

-- What RFC 8259 leaves open (the i_ files), and what weir does.
--
--   numbers beyond a double     accepted: infinity or zero where read, untouched where not
--   integers beyond 64 bits     accepted: the nearest double where read, untouched where not
--   lone surrogates, \udxxx     EUTF8: no UTF-8 text can stand for them
--   bytes that are not UTF-8    EUTF8, which includes UTF-16 and overlong forms
--   500 nested arrays           accepted, up to WEIR_JSON_DEPTH_MAX
--   a byte order mark           accepted at the start of a file, ESYNTAX in a record
local open_cases = {
  number = "OK",
  structure_500 = "OK",
  structure_UTF = "ESYNTAX",
  object_key = "EUTF8",
  string = "EUTF8",
}

local function read(name)
  local file = assert(io.open(folder .. name, "rb"))
  local text = file:read("*a")
  file:close()
  return text
end

local function names_of(kind)
  local out = {}
  local list = io.popen("ls " .. folder .. " 2>/dev/null")
  for name in list:lines() do
    if name:sub(1, 2) == kind then
      out[#out + 1] = name
    end
  end
  list:close()
  return out
end

local function check(text)
  local code = C.weir_json_check(ffi.new("weir_slice", text, #text), nil)
  return ffi.string(C.weir_err_name(code))
end

local pool, decoder, encoder

--- Rows of a whole file as the encoder writes them, and the number of faults.
local function through(text)
  local batch, out = C.weir_batch_new(pool), ffi.new("weir_buf")
  C.weir_buf_append(batch.bytes, text, #text)
  batch.input_size = #text
  decoder.ops.restart(decoder)
  local consumed = ffi.new("size_t[1]")
  assert.equal(C.WEIR_OK, decoder.ops.decode(decoder, batch, 1, consumed))
  for row = 0, batch.row_count - 1 do
    assert.equal(C.WEIR_OK, encoder.ops.row(encoder, batch, row, out))
  end
  local lines, faults = ffi.string(out.bytes, out.size), batch.fault_count
  C.weir_buf_fini(out)
  C.weir_batch_unref(batch)
  return lines, faults
end

--- Reads a value and writes it again.
local function rewritten(text)
  local scratch, out = ffi.new("weir_buf"), ffi.new("weir_buf")
  local value = ffi.new("weir_value")
  assert.equal(C.WEIR_OK, C.weir_value_read(ffi.new("weir_slice", text, #text), scratch, value))
  C.weir_value_write(out, value)
  local again = ffi.string(out.bytes, out.size)
  C.weir_buf_fini(scratch)
  C.weir_buf_fini(out)
  return again
end

local function trimmed(text)
  return text:match("^%s*(.-)%s*$")
end

describe("json suite", function()
  setup(function()
    pool = C.weir_pool_new(4)
    decoder = C.weir_json_decoder_new(1)
    encoder = C.weir_json_encoder_new()
  end)
  teardown(function()
    C.weir_decoder_free(decoder)
    C.weir_encoder_free(encoder)
    C.weir_pool_free(pool)
  end)

  if #names_of("y_") == 0 then
    pending("is not at " .. folder)
  end

  for _, name in ipairs(names_of("y_")) do
    it("accepts and keeps the meaning of " .. name, function()
      local text = read(name)
      assert.equal("OK", check(text))
      -- A record is an object, so the value becomes a field of one, on one line.
      local line = '{"v":' .. text:gsub("\n", " ") .. "}\n"
      local lines, faults = through(line)
      assert.equal(0, faults)
      assert.same(cjson.decode(line), cjson.decode(lines))
      local wrapped = "[" .. trimmed(text) .. "]"
      assert.same(cjson.decode(wrapped), cjson.decode("[" .. rewritten(trimmed(text)) .. "]"))
    end)
  end

  for _, name in ipairs(names_of("n_")) do
    it("refuses " .. name, function()
      local text = read(name)
      assert.not_equal("OK", check(text))
      -- As a file, it gives no record, or the good ones of an array and a fault.
      local lines, faults = through(text)
      assert.is_true(lines == "" or faults > 0)
      lines, faults = through('{"v":' .. text .. "}\n")
      assert.equal("", lines)
      assert.is_true(faults > 0)
    end)
  end

  for _, name in ipairs(names_of("i_")) do
    it("does what the table says to " .. name, function()
      for part, wanted in pairs(open_cases) do
        if name:sub(3, 2 + #part) == part then
          assert.equal(wanted, check(read(name)))
          return
        end
      end
      error("not in the table: " .. name)
    end)
  end

  if #names_of("y_") == 0 then
    it("is skipped here: " .. folder .. " is absent", function() end)
  end
end)
