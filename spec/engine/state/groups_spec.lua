local ffi = require("ffi")
local engine = require("spec.support.engine")

local C = engine.load("engine/base/err.h", "engine/base/mem.h", "engine/base/buf.h",
  "engine/data/value.h", "engine/state/groups.h")

local kinds = {
  count = C.WEIR_GROUP_COUNT, sum = C.WEIR_GROUP_SUM, avg = C.WEIR_GROUP_AVG,
  min = C.WEIR_GROUP_MIN, max = C.WEIR_GROUP_MAX, first = C.WEIR_GROUP_FIRST,
  last = C.WEIR_GROUP_LAST,
}

local function new(names, max_keys)
  local list = ffi.new("uint32_t[?]", math.max(#names, 1))
  for i, name in ipairs(names) do
    list[i - 1] = kinds[name]
  end
  return ffi.gc(C.weir_groups_new(list, #names, max_keys or 0), C.weir_groups_free)
end

local function free(groups)
  C.weir_groups_free(ffi.gc(groups, nil))
end

local function key(groups, text)
  return tonumber(C.weir_groups_key(groups, text, #text))
end

local scratch = ffi.new("weir_buf")

-- The values that JSON texts stand for; false stands for an absent one.
local function values(...)
  local list = ffi.new("weir_value[?]", select("#", ...))
  local texts = { ... }
  C.weir_buf_clear(scratch)
  assert(C.weir_buf_reserve(scratch, 100000) == 0)
  for i, text in ipairs(texts) do
    if text then
      local code = C.weir_value_read({ text, #text }, scratch, list[i - 1])
      assert(code == C.WEIR_OK, text)
    end
  end
  return list, texts
end

-- What putting these values under a key would add to the size.
local function growth(groups, text, ...)
  local list, anchor = values(...)
  local bytes = C.weir_groups_growth_bytes(groups, text, #text, list)
  assert(anchor)
  return tonumber(bytes)
end

local function size(groups)
  return tonumber(C.weir_groups_size_bytes(groups))
end

local function add(groups, id, ...)
  local slot = ffi.new("uint32_t[1]", 99)
  local list, anchor = values(...)
  local code = C.weir_groups_add(groups, id, list, slot)
  assert(anchor)
  return ffi.string(C.weir_err_name(code)), slot[0]
end

local out = ffi.new("weir_buf")

local function result(groups, id, slot)
  C.weir_buf_clear(out)
  C.weir_groups_write(groups, id, slot or 0, out)
  return ffi.string(out.bytes, out.size)
end

-- One group of one slot, fed with all of these.
local function aggregate(kind, list)
  local groups = new({ kind })
  local id = key(groups, "")
  for _, text in ipairs(list) do
    assert.equal("OK", add(groups, id, text))
  end
  local text = result(groups, id)
  free(groups)
  return text
end

describe("keys of groups", function()
  it("get dense numbers in the order of their first appearance", function()
    local groups = new({})
    assert.equal(0, key(groups, '"host":"b"'))
    assert.equal(1, key(groups, '"host":"a"'))
    assert.equal(0, key(groups, '"host":"b"'))
    assert.equal(2, key(groups, ""))
    assert.equal(3, tonumber(C.weir_groups_count(groups)))
    local text = C.weir_groups_key_text(groups, 1)
    assert.equal('"host":"a"', ffi.string(text.bytes, text.size))
    free(groups)
  end)

  it("are refused beyond max_keys, while those known go on", function()
    local groups = new({ "count" }, 2)
    assert.equal(0, key(groups, "a"))
    assert.equal(1, key(groups, "b"))
    assert.equal(tonumber(C.WEIR_EFULL), key(groups, "c"))
    assert.equal(1, key(groups, "b"))
    assert.equal("OK", add(groups, 1, "true"))
    assert.equal("1", result(groups, 1))
    free(groups)
  end)

  it("say what they take, and what a record would add", function()
    local groups = new({ "last" })
    assert.equal(0, size(groups))
    local first = growth(groups, "k", "1")
    assert.equal("OK", add(groups, key(groups, "k"), "1"))
    assert.equal(first, size(groups))
    assert.equal(0, growth(groups, "k", "2"))
    assert.equal(first + 1, growth(groups, "kk", "1"))
    local long = '"' .. ("x"):rep(5000) .. '"'
    assert.equal(5000, growth(groups, "k", long))
    assert.equal("OK", add(groups, 0, long))
    assert.equal(first + 5000, size(groups))
    assert.equal(0, growth(groups, "k", '"y"'))
    free(groups)
  end)

  it("stay apart by the hundred thousand", function()
    local groups = new({ "count" })
    for round = 1, 2 do
      for i = 1, 100000 do
        local id = key(groups, "key" .. i)
        if id ~= i - 1 then
          assert.equal(i - 1, id, "round " .. round)
        end
      end
    end
    free(groups)
  end)
end)

describe("aggregates", function()
  it("of nothing are null, but a count and a sum are 0", function()
    for kind in pairs(kinds) do
      local nothing = (kind == "count" or kind == "sum") and "0" or "null"
      assert.equal(nothing, aggregate(kind, {}))
      assert.equal(nothing, aggregate(kind, { "null", false }))
    end
  end)

  it("count what is there", function()
    assert.equal("3", aggregate("count", { "true", "false", "null", "0" }))
  end)

  it("pass over nulls", function()
    assert.equal("2", aggregate("avg", { "1", "null", "3" }))
    assert.equal("1", aggregate("first", { "null", "1", "2" }))
    assert.equal("2", aggregate("last", { "1", "2", "null" }))
    assert.equal("1", aggregate("min", { "null", "1" }))
  end)

  it("sum integers exactly", function()
    assert.equal("9007199254740995", aggregate("sum", { "9007199254740993", "1", "1" }))
    assert.equal("18446744073709551615", aggregate("sum", { "18446744073709551614", "1" }))
    assert.equal("-9223372036854775808",
      aggregate("sum", { "-9223372036854775807", "-1" }))
    assert.equal("1", aggregate("sum", { "18446744073709551615", "2", "-18446744073709551616" }))
    assert.equal("5", aggregate("sum", { "18446744073709551615", "18446744073709551615",
      "-9223372036854775808", "-9223372036854775808", "-9223372036854775807",
      "-9223372036854775807", "5" }))
  end)

  it("sum integers beyond 64 bits digit by digit", function()
    assert.equal("27670116110564327422",
      aggregate("sum", { "18446744073709551615", "9223372036854775807" }))
    assert.equal("-18446744073709551617",
      aggregate("sum", { "-9223372036854775808", "-9223372036854775808", "-1" }))
  end)

  it("sum fractions with compensation", function()
    local tenths = {}
    for i = 1, 1000 do tenths[i] = "0.1" end
    assert.equal("100", aggregate("sum", tenths))
    assert.equal("2", aggregate("sum", { "1.5", "1e100", "0.5", "-1e100" }))
  end)

  it("write null for sums beyond all numbers", function()
    assert.equal("null", aggregate("sum", { "1e400", "1.5" }))
    assert.equal("null", aggregate("sum", { "1e400", "-1e400" }))
  end)

  it("compare mixed kinds in the order of values", function()
    local mixed = { '"b"', "10", "true", '"a"', "[1]", "9", "false" }
    assert.equal("false", aggregate("min", mixed))
    assert.equal("[1]", aggregate("max", mixed))
  end)

  it("keep copies of texts, written as JSON", function()
    local long = '"' .. ("x"):rep(1000) .. '"'
    assert.equal('"a\\"\\n"', aggregate("last", { long, '"a\\"\\n"' }))
    assert.equal(long, aggregate("max", { '"a"', "1", long, "null" }))
    assert.equal("1", aggregate("last", { long, "1" }))
    assert.equal('""', aggregate("first", { '""', '"a"' }))
    assert.equal('{"a":1}', aggregate("last", { "1", '{"a":1}' }))
  end)
end)

describe("adding to a group", function()
  it("is refused as a whole, naming the slot, when one value does not fit", function()
    local groups = new({ "count", "last", "sum" })
    local id = key(groups, "k")
    assert.equal("OK", add(groups, id, "true", '"x"', "1"))
    for _, bad in ipairs({ '"1"', "true", "{}", "[]" }) do
      local code, slot = add(groups, id, "true", '"longer than it was before, by far"', bad)
      assert.equal("ETYPE", code)
      assert.equal(2, slot)
    end
    assert.same({ "1", '"x"', "1" },
      { result(groups, id, 0), result(groups, id, 1), result(groups, id, 2) })
    free(groups)
  end)

  it("with room made for keys takes no more until they are there", function()
    local groups = new({ "count" })
    assert.equal(0, C.weir_groups_reserve(groups, 1000))
    local before = engine.held()
    for i = 1, 100 do
      assert.equal(i - 1, key(groups, "k" .. i % 100))
    end
    assert.equal(0, C.weir_groups_reserve(groups, 10))
    assert.is_true(engine.held() - before < 1024)
    assert.equal(99, key(groups, "k0"))
    free(groups)
  end)

  it("leaks nothing", function()
    local before = engine.held()
    local groups = new({ "last", "min" })
    for i = 1, 200 do
      add(groups, key(groups, "k" .. i % 50), ('"text %d"'):format(i), '"t"')
    end
    free(groups)
    assert.equal(before, engine.held())
  end)
end)

-- The slow model: a list of numbers or texts a group and slot.
local model = {}

local function rank(value)
  return type(value) == "number" and 1 or 2
end

local function less(a, b)
  if rank(a) ~= rank(b) then
    return rank(a) < rank(b)
  end
  return a < b
end

local function show(value)
  if type(value) == "string" then
    return '"' .. value .. '"'
  end
  return ("%.14g"):format(value)
end

function model.count(list) return tostring(#list) end

function model.sum(list)
  local sum = 0
  for _, value in ipairs(list) do sum = sum + value end
  return show(sum)
end

function model.avg(list)
  return #list > 0 and show(tonumber(model.sum(list)) / #list) or "null"
end

function model.min(list)
  local best = list[1]
  for _, value in ipairs(list) do best = less(value, best) and value or best end
  return best and show(best) or "null"
end

function model.max(list)
  local best = list[1]
  for _, value in ipairs(list) do best = less(best, value) and value or best end
  return best and show(best) or "null"
end

function model.first(list) return list[1] and show(list[1]) or "null" end
function model.last(list) return list[1] and show(list[#list]) or "null" end

describe("groups at random", function()
  local seed = tonumber(os.getenv("SEED")) or os.time()
  local names = { "count", "sum", "avg", "min", "max", "first", "last" }

  local function random_value(name)
    if math.random() < 0.1 then
      return "null"
    end
    if name ~= "sum" and name ~= "avg" and math.random() < 0.4 then
      return '"' .. ("abc"):rep(math.random(0, 3)) .. math.random(20) .. '"'
    end
    return tostring(math.random(-50, 50))
  end

  local function read(text)
    return text ~= "null" and (tonumber(text) or text:sub(2, -2)) or nil
  end

  -- One run: records into one table and, cut into blocks, into tables that are merged.
  local function run()
    local slots = {}
    for i = 1, math.random(1, 5) do slots[i] = names[math.random(#names)] end
    local whole, merged, block = new(slots), new(slots), new(slots)
    local order, lists = {}, {}
    for _ = 1, math.random(0, 200) do
      local name = "k" .. math.random(12)
      if not lists[name] then
        order[#order + 1] = name
        lists[name] = {}
        for i = 1, #slots do lists[name][i] = {} end
      end
      local texts = {}
      for i, slot in ipairs(slots) do
        texts[i] = random_value(slot)
        table.insert(lists[name][i], read(texts[i]))
      end
      local size_after = size(whole) + growth(whole, name, unpack(texts))
      assert(add(whole, key(whole, name), unpack(texts)) == "OK")
      assert.equal(size_after, size(whole))
      assert(add(block, key(block, name), unpack(texts)) == "OK")
      if math.random() < 0.05 then
        assert(C.weir_groups_merge(merged, block) == 0)
        free(block)
        block = new(slots)
      end
    end
    assert(C.weir_groups_merge(merged, block) == 0)
    for _, groups in ipairs({ whole, merged }) do
      assert.equal(#order, tonumber(C.weir_groups_count(groups)))
      for i, name in ipairs(order) do
        local text = C.weir_groups_key_text(groups, i - 1)
        assert.equal(name, ffi.string(text.bytes, text.size))
        for j, slot in ipairs(slots) do
          local got = result(groups, i - 1, j - 1)
          got = slot == "avg" and tonumber(got) and show(tonumber(got)) or got
          assert.equal(model[slot](lists[name][j]), got, slot)
        end
      end
    end
    free(whole)
    free(merged)
    free(block)
  end

  it("agree with the model, merged or not (seed " .. seed .. ")", function()
    math.randomseed(seed)
    for _ = 1, 300 do
      run()
    end
  end)
end)
