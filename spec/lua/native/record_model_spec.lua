-- Records against plain tables: the same random reads and writes on both must end
-- in the same meaning, and what was not touched must keep its bytes.

local cjson = require("cjson")
local engine = require("spec.support.engine")
local ffi = require("ffi")
local record = require("weir.native.record")

local C = engine.load("engine/op/record.h", "engine/data/json.h")

local NAMES = { "a", "b", "name", "tags", "user", 'od"d', "größe", "long_name_of_a_field" }
local BLANKS = { "", "", "", " ", "  ", "\t" }

local seed = tonumber(os.getenv("SEED")) or os.time()
local random = math.random

local function pick(list)
  return list[random(#list)]
end

-- The model of a value: a scalar, or { array = bool, n = .., [key] = value }.
local function is_nested(model)
  return type(model) == "table"
end

local function scalar()
  local kind = random(6)
  if kind == 1 then
    return random(-1000, 1000), nil
  elseif kind == 2 then
    return random(0, 1) == 1
  elseif kind == 3 then
    return cjson.null
  elseif kind == 4 then
    return random(1, 10000) / 64
  end
  return pick({ "x", "", 'quote "', "tab\t", "ü{[:,", "\\", "line\n" })
end

local function blank()
  return pick(BLANKS)
end

local generate

-- A random object as model and as text, with blanks in all places.
local function generate_object(depth)
  local model, parts, used = { array = false, order = {} }, {}, {}
  for _ = 1, random(0, 6) do
    local name = pick(NAMES)
    local value, text = generate(depth + 1)
    if not used[name] then
      used[name] = true
      model.order[#model.order + 1] = name
    end
    model[name] = nil
    model["=" .. name] = value
    local key = blank() .. cjson.encode(name) .. blank()
    parts[#parts + 1] = key .. ":" .. blank() .. text .. blank()
  end
  return model, "{" .. (#parts > 0 and table.concat(parts, ",") or blank()) .. "}"
end

local function generate_array(depth)
  local model, parts = { array = true, n = 0 }, {}
  for i = 1, random(0, 4) do
    local value, text = generate(depth + 1)
    model.n, model[i] = i, value
    parts[i] = blank() .. text .. blank()
  end
  return model, "[" .. (#parts > 0 and table.concat(parts, ",") or blank()) .. "]"
end

function generate(depth)
  local kind = depth < 4 and random(4) or 1
  if kind == 3 then
    return generate_object(depth)
  elseif kind == 4 then
    return generate_array(depth)
  end
  local value = scalar()
  return value, cjson.encode(value)
end

local function to_plain(model)
  if not is_nested(model) then
    return model
  end
  local plain = {}
  if model.array then
    for i = 1, model.n do
      plain[i] = to_plain(model[i])
    end
  else
    for key, value in pairs(model) do
      if key:sub(1, 1) == "=" then
        plain[key:sub(2)] = to_plain(value)
      end
    end
  end
  return plain
end

local function copy(model)
  if not is_nested(model) then
    return model
  end
  local same = {}
  for key, value in pairs(model) do
    same[key] = copy(value)
  end
  return same
end

-- The same value for the record: tables for nested, weir.null for null.
local function to_lua(model)
  if model == cjson.null then
    return record.null
  elseif not is_nested(model) then
    return model
  end
  local plain = {}
  if model.array then
    for i = 1, model.n do
      plain[i] = to_lua(model[i])
    end
  else
    for key, value in pairs(model) do
      if key:sub(1, 1) == "=" then
        plain[key:sub(2)] = to_lua(value)
      end
    end
  end
  return plain
end

-- An empty table is written as an object, whatever it was meant to be.
local function as_written(model)
  if not is_nested(model) then
    return model
  elseif model.array and model.n == 0 then
    return { array = false, order = {} }
  end
  local same = {}
  for key, value in pairs(model) do
    same[key] = as_written(value)
  end
  return same
end

local function same_value(got, model)
  if is_nested(model) then
    return record.is(got)
  elseif model == cjson.null then
    return got == record.null
  end
  return got == model
end

local function new_value(pairs_seen)
  local kind = random(4)
  if kind == 1 then
    local pair = pick(pairs_seen)
    return pair.handle, copy(pair.model)
  elseif kind == 2 then
    local model = as_written((generate(2)))
    return to_lua(model), model
  end
  local value = scalar()
  return to_lua(value), value
end

local function read(pair, seen)
  local key = pair.model.array and random(0, pair.model.n + 1) or pick(NAMES)
  local slot = pair.model.array and key or "=" .. key
  local value = pair.handle[key]
  assert(same_value(value, pair.model[slot]), "read of " .. tostring(key))
  if record.is(value) then
    assert(value == pair.handle[key], "a nested value is not itself")
    seen[#seen + 1] = { handle = value, model = pair.model[slot] }
  end
end

local function write_array(pair, seen)
  local model = pair.model
  if random(4) == 1 then
    pair.handle[model.n] = nil
    if model.n > 0 then
      model[model.n] = nil
      model.n = model.n - 1
    end
    return
  end
  local index = random(1, model.n + 1)
  local value, meant = new_value(seen)
  pair.handle[index] = value
  model[index] = meant
  model.n = math.max(model.n, index)
end

local function write_object(pair, seen)
  local name = pick(NAMES)
  if random(4) == 1 then
    pair.handle[name] = nil
    pair.model["=" .. name] = nil
    return
  end
  local value, meant = new_value(seen)
  pair.handle[name] = value
  pair.model["=" .. name] = meant
end

local function step(seen)
  local pair = pick(seen)
  local kind = random(3)
  if kind == 1 then
    (pair.model.array and write_array or write_object)(pair, seen)
  else
    read(pair, seen)
  end
end

local function size_of(model)
  if not is_nested(model) then
    return 1
  end
  local size = 1
  for key, value in pairs(model) do
    if type(key) == "number" or key:sub(1, 1) == "=" then
      size = size + size_of(value)
    end
  end
  return size
end

local function check_same(handle, model)
  local text = tostring(handle)
  assert.equal(C.WEIR_OK, C.weir_json_check(ffi.new("weir_slice", text, #text), nil), text)
  assert.same(to_plain(model), cjson.decode(text))
end

-- The slot is opened on text, on a row of a batch, or through a detached record.
local forms = {}

function forms.text(text)
  C.weir_rows_open_text(record.rows, 0, text, #text, -1)
  return record.slot(0)
end

local function batch_of(text)
  local batch = C.weir_batch_new(forms.pool)
  C.weir_buf_append(batch.bytes, text, #text)
  batch.input_size = #text
  assert(C.weir_json_scan(batch, #text) == C.WEIR_OK)
  assert(batch.row_count == 1, text)
  return batch
end

local function let_go()
  C.weir_rows_close(record.rows, 0)
  C.weir_batch_unref(forms.batch)
  forms.batch = nil
end

function forms.row(text)
  let_go()
  forms.batch = batch_of(text)
  C.weir_rows_open(record.rows, 0, forms.batch, 0)
  return record.slot(0)
end

function forms.detached(text)
  forms.text(text)
  return record.detach(0)
end

local function run(form)
  local model, text = generate_object(1)
  text = text:gsub("^%s+", "")
  local seen = { { handle = forms[form](text), model = model } }
  for _ = 1, random(0, 25) do
    step(seen)
    if size_of(model) > 500 then
      break
    end
  end
  for _, pair in ipairs(seen) do
    check_same(pair.handle, pair.model)
  end
end

describe("a record and a plain table, given the same reads and writes,", function()
  setup(function()
    forms.pool = C.weir_pool_new(4)
  end)

  teardown(function()
    let_go()
    C.weir_pool_free(forms.pool)
  end)

  for _, form in ipairs({ "text", "row", "detached" }) do
    it("mean the same in the end, as " .. form, function()
      math.randomseed(seed)
      for round = 1, 1000 do
        local ok, problem = pcall(run, form)
        if not ok then
          error(("SEED=%d, round %d: %s"):format(seed, round, tostring(problem)))
        end
      end
    end)
  end
end)
