local ffi = require("ffi")
local engine = require("spec.support.engine")

local C = engine.load("engine/base/err.h", "engine/base/mem.h", "engine/data/value.h",
  "engine/op/order.h")

local function new(options)
  local directions = ffi.new("uint32_t[?]", #options)
  for i, direction in ipairs(options) do
    directions[i - 1] = direction == "desc" and 1 or 0
  end
  local out = ffi.new("weir_order *[1]")
  local code = C.weir_order_new(out, ffi.new("weir_order_options", {
    key_count = #options, descending = directions, limit = options.limit or 0,
    ties = options.ties and 1 or 0, max_records = options.max_records or 0,
  }))
  return code == C.WEIR_OK and out[0] or nil, ffi.string(C.weir_err_name(code))
end

local function value(into, key)
  if type(key) == "number" then
    into.kind, into.number = C.WEIR_NUMBER, key
  elseif type(key) == "boolean" then
    into.kind = key and C.WEIR_TRUE or C.WEIR_FALSE
  elseif key ~= "null" then
    into.kind, into.text, into.size = C.WEIR_TEXT, key, #key
  else
    into.kind = C.WEIR_NULL
  end
end

local function add(order, keys, row, group)
  local list = ffi.new("weir_value[?]", #keys)
  for i, key in ipairs(keys) do
    value(list[i - 1], key)
  end
  group = group or ""
  local code = C.weir_order_add(order, list, { row, #row }, { group, #group })
  return ffi.string(C.weir_err_name(code))
end

local function finish(order)
  assert.equal(0, C.weir_order_finish(order))
  local rows, ranks = {}, {}
  for i = 0, tonumber(C.weir_order_count(order)) - 1 do
    local row = C.weir_order_row(order, i)
    rows[i + 1] = ffi.string(row.bytes, row.size)
    ranks[i + 1] = tonumber(C.weir_order_rank(order, i))
  end
  C.weir_order_free(order)
  return rows, ranks
end

describe("an order", function()
  it("sorts by several keys, each in its direction, equals as they came", function()
    local order = new({ "asc", "desc" })
    for _, row in ipairs({ { 2, "a" }, { 1, "a" }, { 2, "b" }, { 1, "b" }, { 1, "a" } }) do
      add(order, row, ("%d%s%d"):format(row[1], row[2], tonumber(C.weir_order_held(order))))
    end
    assert.same({ "1b3", "1a1", "1a4", "2b2", "2a0" }, (finish(order)))
  end)

  it("puts booleans first, then numbers, then texts, and null last both ways", function()
    local function sorted(direction)
      local order = new({ direction })
      for _, key in ipairs({ "a", "null", 2, false, -1 }) do
        add(order, { key }, tostring(key))
      end
      return (finish(order))
    end
    assert.same({ "false", "-1", "2", "a", "null" }, sorted("asc"))
    assert.same({ "a", "2", "-1", "false", "null" }, sorted("desc"))
  end)

  it("of nothing is empty", function()
    assert.same({}, (finish(new({ "asc" }))))
  end)

  it("keeps the best within a limit and ranks them", function()
    local order = new({ "desc", limit = 3 })
    for i = 1, 1000 do
      assert.equal("OK", add(order, { i * 7 % 1000 }, tostring(i * 7 % 1000)))
      assert.is_true(C.weir_order_held(order) <= 3 * 2 + 64)
    end
    local rows, ranks = finish(order)
    assert.same({ "999", "998", "997" }, rows)
    assert.same({ 1, 2, 3 }, ranks)
  end)

  it("keeps the first of equals, or with ties all of them", function()
    local function top(ties)
      local order = new({ "desc", limit = 2, ties = ties })
      for i, key in ipairs({ 5, 7, 5, 9, 7, 7 }) do
        add(order, { key }, key .. "." .. i)
      end
      return { finish(order) }
    end
    assert.same({ { "9.4", "7.2" }, { 1, 2 } }, top(false))
    assert.same({ { "9.4", "7.2", "7.5", "7.6" }, { 1, 2, 2, 2 } }, top(true))
  end)

  it("counts the limit for every group by itself", function()
    local order = new({ "asc", limit = 1 })
    for i, group in ipairs({ "b", "a", "b", "a", "c" }) do
      add(order, { -i }, group .. i, group)
    end
    local rows, ranks = finish(order)
    assert.same({ "b3", "a4", "c5" }, rows)
    assert.same({ 1, 1, 1 }, ranks)
  end)

  it("is full at max_records, unless a row takes the place of another", function()
    local sort = new({ "asc", max_records = 2 })
    assert.equal("OK", add(sort, { 1 }, "1"))
    assert.equal("OK", add(sort, { 2 }, "2"))
    assert.equal("EFULL", add(sort, { 3 }, "3"))
    assert.same({ "1", "2" }, (finish(sort)))

    local top = new({ "desc", limit = 2, max_records = 2 })
    for i = 1, 100 do
      assert.equal("OK", add(top, { i }, tostring(i)))
    end
    assert.same({ "100", "99" }, (finish(top)))
  end)

  it("refuses no keys and limits beyond its own", function()
    assert.is_nil((new({})))
    assert.is_nil((new({ "asc", limit = 2 ^ 25 })))
  end)

  it("leaks nothing", function()
    local before = engine.held()
    local order = new({ "asc", limit = 5 })
    for i = 1, 500 do
      add(order, { ("text %d"):format(i % 37) }, "row", "g" .. i % 3)
    end
    finish(order)
    assert.equal(before, engine.held())
  end)
end)

describe("orders at random", function()
  local seed = tonumber(os.getenv("SEED")) or os.time()

  local function rank_of(key)
    return key == false and 0 or type(key) == "number" and 1 or 2
  end

  local function compare(a, b)
    if rank_of(a) ~= rank_of(b) then
      return rank_of(a) < rank_of(b) and -1 or 1
    end
    return a == b and 0 or a < b and -1 or 1
  end

  local function compare_rows(options, a, b)
    for i, direction in ipairs(options) do
      local sign = compare(a.keys[i], b.keys[i])
      if sign ~= 0 then
        return direction == "desc" and -sign or sign
      end
    end
    return 0
  end

  -- The slow model: sort everything, then take what the limit and ties say.
  local function expect(options, groups)
    local texts, ranks = {}, {}
    for _, rows in ipairs(groups) do
      table.sort(rows, function(a, b)
        local sign = compare_rows(options, a, b)
        return sign < 0 or (sign == 0 and a.number < b.number)
      end)
      local limit = options.limit > 0 and options.limit or #rows
      local rank
      for i, row in ipairs(rows) do
        local ties = options.ties and i > 1 and compare_rows(options, row, rows[i - 1]) == 0
        rank = ties and rank or i
        if i > limit and not (ties and rank <= limit) then
          break
        end
        texts[#texts + 1], ranks[#ranks + 1] = row.text, rank
      end
    end
    return texts, ranks
  end

  local function random_key()
    local pick = math.random()
    return pick < 0.1 and false or pick < 0.7 and math.random(20) or "t" .. math.random(20)
  end

  it("agree with the model (seed " .. seed .. ")", function()
    math.randomseed(seed)
    for _ = 1, 200 do
      local options = { limit = math.random(0, 20), ties = math.random() < 0.5 }
      for i = 1, math.random(1, 3) do
        options[i] = math.random() < 0.5 and "desc" or "asc"
      end
      local order, groups, by_name = new(options), {}, {}
      for number = 1, math.random(0, 500) do
        local row = { number = number, keys = {}, text = "row" .. number }
        for i = 1, #options do row.keys[i] = random_key() end
        local name = "g" .. math.random(3)
        if not by_name[name] then
          by_name[name] = {}
          groups[#groups + 1] = by_name[name]
        end
        table.insert(by_name[name], row)
        assert(add(order, row.keys, row.text, name) == "OK")
      end
      local texts, ranks = expect(options, groups)
      local got_texts, got_ranks = finish(order)
      assert.same(texts, got_texts)
      assert.same(ranks, got_ranks)
    end
  end)
end)
