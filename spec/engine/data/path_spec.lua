local ffi = require("ffi")
local engine = require("spec.support.engine")

local C = engine.load("engine/base/err.h", "engine/data/json.h", "engine/data/field.h",
  "engine/data/path.h")

local ABSENT, UNSURE = C.WEIR_PATH_ABSENT, C.WEIR_PATH_UNSURE

local pool
local json = ffi.new("weir_slice[1]")

local function slice(text)
  return ffi.new("weir_slice", text, #text)
end

local function path_of(outer, inner)
  return ffi.gc(C.weir_path_new(slice(outer), slice(inner)), C.weir_path_free)
end

local function field_of(name)
  return ffi.gc(C.weir_field_new(name, #name), C.weir_field_free)
end

local function scanned(lines)
  local text = table.concat(lines, "\n")
  local batch = C.weir_batch_new(pool)
  C.weir_buf_append(batch.bytes, text, #text)
  batch.input_size = #text
  assert.equal(C.WEIR_OK, C.weir_json_scan(batch, #text))
  return batch
end

local function text_of(found)
  return ffi.string(found.bytes, found.size)
end

--- What a path gives in a row: the text of the value, false if absent, nil if unsure.
local function look_up(path, batch, row)
  local colon = C.weir_path_find(path, batch, row)
  if colon == UNSURE then
    return nil
  end
  return colon ~= ABSENT and text_of(C.weir_field_value(batch, row, colon))
end

--- That of `a` and `b` in the last of some lines; the others teach the guess.
local function find(...)
  local batch = scanned({ ... })
  local path = path_of("a", "b")
  local found
  for row = 0, batch.row_count - 1 do
    found = look_up(path, batch, row)
  end
  C.weir_batch_unref(batch)
  return found
end

-- Random lines of few keys, so that they meet again, occur twice, and at all depths.

local keys = { "a", "b", "ab", "", "a_key_of_sixteen", "another_key_of_sixteen" }

local function pick(list)
  return list[math.random(#list)]
end

local blanks  -- whether there are some

local function blank()
  return blanks and math.random(10) == 1 and " " or ""
end

local random_value

local function members(depth, count)
  local out = {}
  for i = 1, count do
    out[i] = ('%s"%s":%s%s%s'):format(blank(), keys[math.random(math.random(#keys))], blank(),
      random_value(depth), blank())
  end
  return "{" .. table.concat(out, ",") .. "}"
end

function random_value(depth)
  local kind = math.random(depth > 0 and 9 or 4)
  if kind <= 2 then
    return tostring(math.random(0, 99999))
  elseif kind <= 4 then
    return pick({ '"x"', '"{\\"a\\":{"', '"}"', "null", "true", '"b\\":1"', '"]["' })
  elseif kind <= 8 then
    return members(depth - 1, math.random(0, 4))
  end
  local out = {}
  for i = 1, math.random(0, 3) do
    out[i] = random_value(depth - 1)
  end
  return "[" .. table.concat(out, ",") .. "]"
end

-- Rows that look alike, but for one in some.
local function similar(count)
  local line, out = members(3, math.random(1, 5)), {}
  for i = 1, count do
    out[i] = math.random(8) == 1 and members(3, math.random(1, 5))
      or (line:gsub("%d+", function() return tostring(math.random(0, 99999)) end))
  end
  return out
end

local marks = { '"', ":", "{", "}", "[", "]", ",", "," }

-- A comma lost, or something where it does not belong; what the scan refuses is no row.
local function spoil(lines)
  for i, line in ipairs(lines) do
    for _ = 1, math.random(0, 2) do
      local at = line:find(pick({ ",", ":", "}", "]", "%d", '"' }), math.random(#line)) or #line
      local mark = math.random(6) == 1 and pick(marks) or pick({ "", "", "x", " ", "1", "," })
      line = line:sub(1, at - 1) .. mark .. line:sub(at + math.random(0, 1))
    end
    lines[i] = line
  end
  return lines
end

--- The same, step by step and without an index.
local function step_by_step(outer, inner, batch, row)
  if C.weir_field_find(outer, batch, row, json) == 0 then
    return nil, "no object"
  end
  local object = ffi.new("weir_slice", json[0])
  if text_of(object):match("^{.*}$") == nil then
    return nil, "no object"
  end
  return C.weir_field_find_in(inner, object, json) == 1 and text_of(json[0])
end

describe("path", function()
  setup(function() pool = C.weir_pool_new(4) end)
  teardown(function() C.weir_pool_free(pool) end)

  it("is found with and without a guess", function()
    assert.equal("1", find('{"a":{"b":1}}'))
    assert.equal("2", find('{"a":{"b":1}}', '{"a":{"b":2}}'))
    assert.equal("2", find('{"a":{"b":1}}', '{"x":{"b":1},"a":{"x":[{"b":3}],"b":2},"b":4}'))
    assert.equal('"x"', find('{"a": { "b": "x" } , "c":1}'))
  end)

  it("is absent from an object that lacks it, though others have it", function()
    assert.is_false(find('{"a":{}}'))
    assert.is_false(find('{"a":{"b":1}}', '{"a":{"c":1},"b":2,"c":{"b":3}}'))
    assert.is_false(find('{"a":{"b":1}}', '{"a":{"c":{"b":1}}}'))
    assert.is_false(find('{"a":{"b":1}}', '{"a":{"c":[{"b":1}]}}'))
    assert.is_false(find('{"a":{"b":1}}', [[{"a":{"c":"\"b\":1"}}]]))
  end)

  it("is not sure of anything that is no object", function()
    for _, value in ipairs({ "1", "null", '"{"', '[{"b":1}]', "[]" }) do
      assert.is_nil(find('{"a":{"b":1}}', '{"a":' .. value .. "}"))
    end
    assert.is_nil(find('{"a":{"b":1}}', '{"c":{"b":1}}'))
    assert.is_nil(find('{"c":{"a":{"b":1}}}'))
    assert.is_nil(find('{"a":x{"b":1}}'))
    assert.is_nil(find('{"a":{"b":1}x}'))
  end)

  it("is the last one where keys occur twice", function()
    assert.equal("2", find('{"a":{"b":1}}', '{"a":{"b":1,"b":2}}'))
    assert.equal("2", find('{"a":{"b":1},"c":1}', '{"a":{"b":1},"a":{"b":2}}'))
    assert.is_false(find('{"a":{"b":1},"c":{}}', '{"a":{"b":1},"a":{}}'))
    assert.is_nil(find('{"a":{"b":1},"c":1}', '{"a":{"b":1},"a":2}'))
    assert.equal("1", find('{"a":{"b":1},"c":{"d":2}}', '{"a":{"b":1},"c":{"b":2}}'))
  end)

  -- Checks one row; whether the path was sure of a member.
  local function check(batch, row, path, outer, inner)
    local got = look_up(path, batch, row)
    local wanted, why = step_by_step(outer, inner, batch, row)
    local span = batch.rows[row]
    local line = ffi.new("weir_slice", batch.bytes.bytes + span.start, span["end"] - span.start)
    local unsure = why or batch.plain_keys == 0
    if got ~= wanted and not (got == nil and unsure) then
      error(("%s: %s, not %s"):format(text_of(line), tostring(got), tostring(wanted)), 0)
    end
    local with = C.weir_field_find(outer, batch, row, json) == 1 and text_of(json[0])
    local without = C.weir_field_find_in(outer, line, json) == 1 and text_of(json[0])
    assert(with == without, text_of(line))
    return got and 1 or 0
  end

  local function agrees(rounds, make, least)
    local paths, fields = {}, {}
    for i, outer in ipairs(keys) do
      paths[i], fields[i] = {}, field_of(outer)
      for k, inner in ipairs(keys) do
        paths[i][k] = path_of(outer, inner)
      end
    end
    local sure = 0
    for _ = 1, rounds do
      blanks = math.random(4) == 1
      local batch = scanned(make())
      local i, k = math.random(math.random(#keys)), math.random(math.random(#keys))
      local ok, problem = pcall(function()
        for row = 0, batch.row_count - 1 do
          sure = sure + check(batch, row, paths[i][k], fields[i], fields[k])
        end
      end)
      C.weir_batch_unref(batch)
      assert(ok, ("%q of %q in %s"):format(keys[k], keys[i], tostring(problem)))
    end
    assert.is_true(sure > least, sure)
  end

  it("is what both fields give, one after the other", function()
    local seed = tonumber(os.getenv("SEED")) or os.time()
    print("seed", seed)
    math.randomseed(seed)
    agrees(800, function() return similar(40) end, 2000)
  end)

  it("is so where the text only looks like JSON", function()
    local seed = tonumber(os.getenv("SEED")) or os.time()
    print("seed", seed)
    math.randomseed(seed)
    agrees(8000, function() return spoil(similar(3)) end, 1000)
  end)
end)
