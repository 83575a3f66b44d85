local engine = require("spec.support.engine")
local ffi = require("ffi")
local program = require("weir.native.program")

local C = engine.load("engine/op/strip.h", "engine/data/json.h", "engine/base/err.h",
  "engine/base/buf.h")

local COUNT, SUM, AVG, MAX = C.WEIR_GROUP_COUNT, C.WEIR_GROUP_SUM, C.WEIR_GROUP_AVG,
  C.WEIR_GROUP_MAX

-- Groups by fields k and t; counts, and adds up n.
local LIST = {
  { op = "stage", stage = 0 },
  { op = "get", to = 0, field = "k" },
  { op = "give", column = 0, a = 0 },
  { op = "get", to = 1, field = "t" },
  { op = "give", column = 1, a = 1 },
  { op = "give", column = 2, a = { k = true } },
  { op = "get", to = 2, field = "n" },
  { op = "give", column = 3, a = 2 },
}

local pool, strip, batch, groups, gather

local function start(text, kinds, max_keys, max_state)
  batch = C.weir_batch_new(pool)
  C.weir_buf_append(batch.bytes, text, #text)
  assert.equal(C.WEIR_OK, C.weir_json_scan(batch, #text))
  local list = ffi.new("uint32_t[?]", #kinds, kinds)
  groups = C.weir_groups_new(list, #kinds, max_keys or 0)
  gather = C.weir_gather_new(list, #kinds, max_state or 0)
  C.weir_gather_key(gather, "k", 1)
  C.weir_gather_key(gather, "t", 1)
end

-- Gathers the batch; gives the rows that bailed.
local function run(list)
  local built, bailed, row = program.build(list or LIST), {}, 0
  local added = ffi.new("uint64_t[1]")
  while row < batch.row_count do
    assert.equal(C.WEIR_OK, C.weir_strip_enter(strip, built, batch, row, batch.row_count))
    while C.weir_strip_gather(strip, gather, groups, added) == C.WEIR_STRIP_BAILED do
      bailed[#bailed + 1] = C.weir_strip_row(strip)
      C.weir_strip_skip(strip)
    end
    row = C.weir_strip_row(strip)
  end
  assert.equal(batch.row_count - #bailed, tonumber(added[0]))
  return bailed
end

local function results(slots)
  local list = {}
  local buf = ffi.gc(ffi.new("weir_buf"), C.weir_buf_fini)
  for id = 0, tonumber(C.weir_groups_count(groups)) - 1 do
    local key = C.weir_groups_key_text(groups, id)
    C.weir_buf_clear(buf)
    C.weir_buf_append(buf, key.bytes, key.size)
    for slot = 0, slots - 1 do
      C.weir_buf_text(buf, " ")
      C.weir_groups_write(groups, id, slot, buf)
    end
    list[#list + 1] = ffi.string(buf.bytes, buf.size)
  end
  return list
end

describe("gathering survivors", function()
  before_each(function()
    pool, strip = C.weir_pool_new(4), C.weir_strip_new()
  end)

  after_each(function()
    C.weir_gather_free(gather)
    C.weir_groups_free(groups)
    C.weir_strip_free(strip)
    C.weir_batch_unref(batch)
    C.weir_pool_free(pool)
  end)

  it("writes keys as aggregates do: any value, missing as null", function()
    start(table.concat({
      '{"k":1.50,"t":"a\\"\\u00e9","n":1}', '{"k":1.5,"t":"a\\"é","n":2.5}', '{"t":null}',
      '{"k":null,"n":4}', '{"k":[1, 2],"t":true,"n":9007199254740993}', '{"k":-0,"t":""}',
    }, "\n") .. "\n", { COUNT, SUM })
    assert.same({}, run())
    assert.same({
      [["k":1.5,"t":"a\"é" 2 3.5]], [["k":null,"t":null 2 4]],
      [["k":[1, 2],"t":true 1 9007199254740993]], [["k":0,"t":"" 1 0]],
    }, results(2))
  end)

  it("leaves values that an aggregate refuses to the row code", function()
    start('{"k":1,"n":"x"}\n{"k":1,"n":true}\n{"k":1,"n":[1]}\n{"k":1,"n":3}\n',
      { COUNT, AVG })
    assert.same({ 0, 1, 2 }, run())
    assert.same({ [["k":1,"t":null 1 3]] }, results(2))
    C.weir_groups_free(groups)
    C.weir_gather_free(gather)
    C.weir_batch_unref(batch)
    start('{"k":1,"n":{}}\n{"k":1,"n":"x"}\n', { COUNT, MAX })
    assert.same({ 0 }, run())
  end)

  it("leaves rows beyond max_keys and max_state to the row code", function()
    start('{"k":1}\n{"k":2}\n{"k":1}\n{"k":3}\n', { COUNT, SUM }, 2)
    assert.same({ 3 }, run())
    C.weir_groups_free(groups)
    C.weir_gather_free(gather)
    C.weir_batch_unref(batch)
    start('{"k":1}\n{"k":1}\n', { COUNT, SUM }, 0, 10)
    assert.same({ 0, 1 }, run())
  end)

  it("finds the groups of another table anew", function()
    start('{"k":1}\n{"k":2}\n', { COUNT, SUM })
    run()
    local other = C.weir_groups_new(ffi.new("uint32_t[2]", COUNT, SUM), 2, 0)
    C.weir_groups_key(other, "something else", 14)
    groups, other = other, groups
    run()
    C.weir_groups_free(other)
    assert.same({ "something else 0 0", [["k":1,"t":null 1 0]], [["k":2,"t":null 1 0]] },
      results(2))
  end)

  it("takes what a branch gives, and registers that are used again", function()
    start('{"k":1,"n":1}\n{"k":2,"n":20}\n{"k":1,"n":30}\n', { COUNT, SUM })
    assert.same({}, run({
      { op = "stage", stage = 0 },
      { op = "get", to = 0, field = "k" },
      { op = "give", column = 0, a = 0 },
      { op = "get", to = 0, field = "n" },
      { op = "if_lt", a = { k = 10 }, b = 0, negate = true, label = 1 },
      { op = "give", column = 3, a = 0 },
      { op = "label", label = 1 },
      { op = "give", column = 2, a = 0 },
    }))
    assert.same({ [["k":1,"t":null 2 30]], [["k":2,"t":null 1 20]] }, results(2))
  end)

  it("adds any values, row by row or many at a time", function()
    local seed = tonumber(os.getenv("SEED")) or os.time()
    math.randomseed(seed)
    local values = { "1", "-2.5", "null", '"x"', "9007199254740993", "true", "0.1" }
    local lines, kinds = {}, { COUNT, MAX, C.WEIR_GROUP_MIN, C.WEIR_GROUP_FIRST,
      C.WEIR_GROUP_LAST }
    local few = math.random(7)
    for i = 1, 3000 do
      local value = math.random(20) == 1 and values[math.random(7)] or values[few]
      lines[i] = ('{"k":%d,"n":%s}'):format(math.random(20), value)
    end
    start(table.concat(lines, "\n") .. "\n", kinds)
    local list = { unpack(LIST, 1, 7) }
    for slot = 1, #kinds do
      list[7 + slot] = { op = "give", column = 1 + slot, a = 2 }
    end
    list[6] = { op = "give", column = 2, a = { k = true } }
    table.remove(list, 8)
    assert.same({}, run(list), "seed " .. seed)
    local expected = C.weir_groups_new(ffi.new("uint32_t[5]", kinds), 5, 0)
    local row, slot = ffi.new("weir_value[5]"), ffi.new("uint32_t[1]")
    for i = 1, #lines do
      local k, n = lines[i]:match('{"k":(%d+),"n":(.*)}')
      row[0].kind = C.WEIR_TRUE
      for j = 1, 4 do
        assert.equal(C.WEIR_OK, C.weir_value_read({ n, #n }, nil, row[j]))
      end
      local key = ('"k":%s,"t":null'):format(k)
      C.weir_groups_add(expected, C.weir_groups_key(expected, key, #key), row, slot)
    end
    local got = results(5)
    groups, expected = expected, groups
    assert.same(results(5), got, "seed " .. seed)
    C.weir_groups_free(expected)
  end)

  it("adds up what a loop over the records adds up, over many keys by chance", function()
    local seed = tonumber(os.getenv("SEED")) or os.time()
    math.randomseed(seed)
    local lines, order, model = {}, {}, {}
    for i = 1, 20000 do
      local k, n = math.random(3000), math.random(1000)
      local t = ("t"):rep(math.random(0, 120))
      lines[i] = ('{"k":%d,"t":"%s","n":%d}'):format(k, t, n)
      local key = ('"k":%d,"t":"%s"'):format(k, t)
      if not model[key] then
        model[key], order[#order + 1] = { 0, 0 }, key
      end
      model[key][1], model[key][2] = model[key][1] + 1, model[key][2] + n
    end
    start(table.concat(lines, "\n") .. "\n", { COUNT, SUM })
    assert.same({}, run())
    local expected = {}
    for i, key in ipairs(order) do
      expected[i] = ("%s %d %d"):format(key, model[key][1], model[key][2])
    end
    local got = results(2)
    assert.equal(#expected, #got)
    for i = 1, #expected do
      assert.equal(expected[i], got[i], "seed " .. seed)
    end
  end)
end)
