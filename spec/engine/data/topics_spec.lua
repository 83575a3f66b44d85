local ffi = require("ffi")
local engine = require("spec.support.engine")

local C = engine.load("engine/data/topics.h")

local list = ffi.new("weir_topics *[1]")

local function label(one)
  return one and one.name .. "\0" .. (one.type or "") .. "\0" or ""
end

local function add(to, row, one)
  local text = label(one)
  C.weir_topics_add(to, row, one and text or nil, #text)
end

local function of(topics, row)
  local out = ffi.new("weir_topic")
  if C.weir_topics_find(topics, row, out) == 0 then
    return "none"
  end
  return ffi.string(out.name) .. " " .. (out.type ~= nil and ffi.string(out.type) or "-")
end

local function rows_of(topics, count)
  local out = {}
  for row = 0, count - 1 do
    out[row + 1] = of(topics, row)
  end
  return out
end

local LABELS = { { name = "a" }, { name = "a", type = "x" }, { name = "b.c", type = "x" } }

describe("topics", function()
  before_each(function()
    list[0] = nil
  end)

  after_each(function()
    C.weir_topics_unref(list[0])
  end)

  it("hold from a row on, until another", function()
    assert.equal("none", of(nil, 0))
    add(list, 2, { name = "a", type = "x" })
    add(list, 4, { name = "b" })
    add(list, 5, nil)
    assert.same({ "none", "none", "a x", "a x", "b -", "none", "none" }, rows_of(list[0], 7))
  end)

  it("take the place of the last where they begin there", function()
    add(list, 0, LABELS[1])
    add(list, 3, LABELS[2])
    add(list, 3, LABELS[1])
    local row, text, size = ffi.new("uint32_t[1]"), ffi.new("const char *[1]"), ffi.new("size_t[1]")
    assert.equal(1, C.weir_topics_at(list[0], 0, row, text, size))
    assert.same({ 0, "a\0\0" }, { row[0], ffi.string(text[0], size[0]) })
    assert.equal(0, C.weir_topics_at(list[0], 1, row, text, size))
  end)

  it("are shared where all rows have the same, until one has another", function()
    local one = C.weir_topics_of("a\0\0", 3)
    C.weir_topics_carry(list, 0, one, 5, 3)
    C.weir_topics_carry(list, 3, one, 0, 2)
    assert.equal(one, list[0])
    add(list, 5, LABELS[2])
    assert.are_not.equal(one, list[0])
    assert.same({ "a -", "a -" }, { of(one, 5), of(list[0], 4) })
    assert.equal("a x", of(list[0], 5))
    C.weir_topics_unref(one)
  end)

  it("go with rows that are copied, as a plain list of them would", function()
    local seed = tonumber(os.getenv("SEED")) or os.time()
    math.randomseed(seed)
    local lists, models = {}, {}
    for i = 1, 8 do
      lists[i], models[i] = ffi.new("weir_topics *[1]"), {}
    end
    for step = 1, 5000 do
      local i, k = math.random(8), math.random(8)
      local model, from = models[i], models[k]
      if #model > 60 then
        C.weir_topics_unref(lists[i][0])
        lists[i][0], models[i] = nil, {}
      elseif i == k or math.random(3) == 1 then
        local one = LABELS[math.random(4)]
        add(lists[i], #model, one)
        model[#model + 1] = one and label(one):gsub("%z", " ", 1):gsub("%z", "")
          :gsub(" $", " -") or "none"
      elseif #from > 0 then
        local row = math.random(#from)
        local count = math.random(#from - row + 1)
        C.weir_topics_carry(lists[i], #model, lists[k][0], row - 1, count)
        for n = row, row + count - 1 do
          model[#model + 1] = from[n]
        end
      end
      assert.same(models[i], rows_of(lists[i][0], #models[i]),
        ("SEED=%d, step %d"):format(seed, step))
    end
    for i = 1, 8 do
      C.weir_topics_unref(lists[i][0])
    end
  end)
end)
