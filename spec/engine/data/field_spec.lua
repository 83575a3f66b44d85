local cjson = require("cjson")
local ffi = require("ffi")
local engine = require("spec.support.engine")

local C = engine.load("engine/base/err.h", "engine/data/json.h", "engine/data/field.h")

local pool
local scratch = ffi.new("weir_buf")
local json = ffi.new("weir_slice[1]")
local value = ffi.new("weir_value")

local function field_of(name)
  return ffi.gc(C.weir_field_new(name, #name), C.weir_field_free)
end

local function scanned(text)
  local batch = C.weir_batch_new(pool)
  C.weir_buf_append(batch.bytes, text, #text)
  batch.input_size = #text
  assert.equal(C.WEIR_OK, C.weir_json_scan(batch, #text))
  return batch
end

--- The text of a field in the last of some lines; the others teach the guess.
local function find(name, ...)
  local batch = scanned(table.concat({ ... }, "\n"))
  local field = field_of(name)
  local found
  for row = 0, batch.row_count - 1 do
    found = C.weir_field_find(field, batch, row, json) == 1
      and ffi.string(json[0].bytes, json[0].size) or nil
  end
  C.weir_batch_unref(batch)
  return found
end

local function same(left, right)
  if type(left) ~= "table" or type(right) ~= "table" then
    return left == right
  end
  for key, inner in pairs(left) do
    if not same(inner, right[key]) then
      return false
    end
  end
  for key in pairs(right) do
    if left[key] == nil then
      return false
    end
  end
  return true
end

--- What weir reads in a slice of text, as cjson would say it.
local function read(text)
  scratch.size = 0
  local code = C.weir_value_read(text, scratch, value)
  if code ~= C.WEIR_OK then
    return nil, code
  end
  local kind = value.kind
  if kind == C.WEIR_NULL then
    return cjson.null
  elseif kind == C.WEIR_TRUE or kind == C.WEIR_FALSE then
    return kind == C.WEIR_TRUE
  elseif kind == C.WEIR_NUMBER then
    return value.number
  elseif kind == C.WEIR_INTEGER then
    return (value.negative == 1 and -1 or 1) * tonumber(value.magnitude)
  end
  local text_of = ffi.string(value.text, value.size)
  return kind == C.WEIR_TEXT and text_of or cjson.decode(text_of)
end

-- Random documents. Keys are few, so that they meet again and occur twice.

local keys = { "a", "b", "ab", "", "name", "user_name", "a_key_of_sixteen",
  "a_key_of_more_than_sixteen", "k:1", 'q"t', "b\\", "é", "tab\t" }

local function blank()
  return math.random(12) == 1 and ({ " ", "\t", "  ", "\r" })[math.random(4)] or ""
end

local function escaped(byte)
  local code = byte:byte()
  if code < 0x80 and (code < 0x20 or byte == '"' or byte == "\\" or math.random(15) == 1) then
    return ("\\u%04x"):format(code)
  end
  return byte
end

local function text_of(text)
  return '"' .. text:gsub(".", escaped) .. '"'
end

local pieces = { "x", "GET", " ", "/", ":", "{", "}", "[", "]", ",", '"', "\\", "é", "日本", "😀",
  "\1", "\n", "abcdefghijklmnop" }

local function random_text()
  local out = {}
  for i = 1, math.random(0, 6) do
    out[i] = pieces[math.random(#pieces)]
  end
  return text_of(table.concat(out))
end

local function random_number()
  local number = tostring(math.random(-1000000, 1000000))
  local kind = math.random(6)
  if kind == 1 then
    return number .. "." .. math.random(0, 99999)
  elseif kind == 2 then
    return number .. "e" .. math.random(-20, 20)
  elseif kind == 3 then
    return "1" .. math.random(1e8, 1e9) .. math.random(1e8, 1e9)
  end
  return number
end

local random_value

local function random_list(opener, closer, element)
  local out = {}
  for i = 1, math.random(0, 4) do
    out[i] = blank() .. element() .. blank()
  end
  return opener .. blank() .. table.concat(out, ",") .. closer
end

local function random_members(depth)
  return random_list("{", "}", function()
    return text_of(keys[math.random(#keys)]) .. blank() .. ":" .. blank() .. random_value(depth)
  end)
end

function random_value(depth)
  local kind = math.random(depth > 0 and 10 or 7)
  if kind <= 3 then
    return random_number()
  elseif kind <= 5 then
    return random_text()
  elseif kind <= 7 then
    return ({ "true", "false", "null" })[math.random(3)]
  elseif kind == 8 then
    return random_members(depth - 1)
  end
  return random_list("[", "]", function() return random_value(depth - 1) end)
end

--- Documents of one shape, as real streams have them.
local function similar(count)
  local names, out = {}, {}
  for i = 1, math.random(1, 8) do
    names[i] = '"' .. keys[math.random(8)] .. '":'
  end
  for i = 1, count do
    local members = {}
    for k, name in ipairs(names) do
      members[k] = name .. random_value(math.random(8) == 1 and 2 or 0)
    end
    out[i] = "{" .. table.concat(members, ",") .. "}"
  end
  return out
end

local function different(count)
  local out = {}
  for i = 1, count do
    out[i] = random_members(3)
  end
  return out
end

describe("field", function()
  setup(function() pool = C.weir_pool_new(4) end)
  teardown(function() C.weir_pool_free(pool) end)

  it("is found with and without a guess", function()
    assert.equal("2", find("b", '{"a":1,"b":2}'))
    assert.equal("4", find("b", '{"a":1,"b":2}', '{"a":3,"b":4}'))
    assert.equal("4", find("b", '{"a":1,"b":2}', '{"b":4,"a":3}'))
    assert.is_nil(find("b", '{"a":1,"b":2}', '{"a":3,"c":4}'))
    assert.equal('{"b":[1]}', find("a", '{"a": {"b":[1]} }'))
    assert.equal('" x "', find("a", '{ "a" : " x " }'))
  end)

  it("is not found deeper down, or in text", function()
    assert.is_nil(find("b", '{"a":{"b":1}}'))
    assert.is_nil(find("b", '{"a":[{"b":1}]}'))
    assert.is_nil(find("b", [[{"a":"\"b\":1"}]]))
    assert.is_nil(find("b", '{"a":1,"b":2}', '{"x":{"b":1},"c":2}'))
    assert.equal("3", find("b", '{"a":{"x":1},"b":2}', '{"a":{"b":1},"b":3}'))
    assert.is_nil(find("b", '{"a":{"x":1},"b":2}', '{"a":[1,{"b":1}]}'))
  end)

  it("is the last one where a key occurs twice", function()
    assert.equal("2", find("a", '{"a":1,"a":2}'))
    assert.equal("2", find("a", '{"a":0,"b":0}', '{"a":1,"a":2}'))
    assert.equal("2", find("a", '{"a":0,"b":0}', '{"a":1,"\\u0061":2}'))
    assert.equal("1", find("a", '{"a":0,"b":{}}', '{"a":1,"b":{"a":2}}'))
  end)

  it("matches keys that are written with escapes", function()
    assert.equal("1", find("a", '{"\\u0061":1}'))
    assert.equal("1", find('q"', '{"q\\"":1}'))
    assert.equal("1", find("é", '{"\\u00e9":1}'))
    assert.is_nil(find('b"', '{"a\\"b":1}'))
  end)

  it("gives what is wrong to whoever reads it", function()
    assert.equal("1 2", find("a", '{"a":1 2,"b":3}'))
    assert.equal('"x" y', find("a", '{"a":"x" y}'))
    assert.equal("", find("a", '{"a":}'))
  end)

  it("finds columns by schema, the last of two", function()
    local names = ffi.new("weir_slice[3]")
    for i, name in ipairs({ "a", "b", "a" }) do
      names[i - 1].bytes, names[i - 1].size = name, #name
    end
    local out = ffi.new("weir_schema *[1]")
    assert.equal(C.WEIR_OK, C.weir_schema_new(out, names, 3))
    local a, c = field_of("a"), field_of("c")
    for _ = 1, 2 do
      assert.equal(2, C.weir_field_column(a, out[0]))
      assert.equal(-1, C.weir_field_column(c, out[0]))
    end
    C.weir_schema_unref(out[0])
  end)

  it("says what lua-cjson says, over 100,000 documents", function()
    local seed = tonumber(os.getenv("SEED")) or os.time()
    print("seed", seed)
    math.randomseed(seed)
    local fields = {}
    for i, key in ipairs(keys) do
      fields[i] = field_of(key)
    end

    local function check(found, document, which, line)
      local wanted = document[keys[which]]
      local got
      if found == 1 then
        got = read(json[0])
      end
      if not same(wanted, got) then
        error(("%q in %s: %s, not %s"):format(keys[which], line, tostring(got), tostring(wanted)))
      end
    end

    local documents = 0
    while documents < 100000 do
      local lines = math.random(2) == 1 and similar(100) or different(100)
      local batch = scanned(table.concat(lines, "\n"))
      assert.equal(#lines, batch.row_count)
      for row, line in ipairs(lines) do
        local document = cjson.decode(line)
        for _ = 1, 3 do
          local which = math.random(#keys)
          check(C.weir_field_find(fields[which], batch, row - 1, json), document, which, line)
        end
        local which = math.random(#keys)
        local span = batch.rows[row - 1]
        local start = batch.bytes.bytes + span.start
        local object = ffi.new("weir_slice", start, span["end"] - span.start)
        check(C.weir_field_find_in(fields[which], object, json), document, which, line)
        assert(C.weir_json_check(object, nil) == C.WEIR_OK, line)
      end
      documents = documents + #lines
      C.weir_batch_unref(batch)
    end
  end)
end)
