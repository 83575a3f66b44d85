local ffi = require("ffi")
local engine = require("spec.support.engine")

local C = engine.load("engine/base/histogram.h")

local QUANTILES = { 0, 0.001, 0.01, 0.1, 0.25, 0.5, 0.75, 0.9, 0.99, 0.999, 1 }

local function new()
  return ffi.new("weir_histogram")
end

local function quantile(histogram, of)
  return tonumber(C.weir_histogram_quantile(histogram, of))
end

local function seed()
  local value = tonumber(os.getenv("SEED")) or os.time()
  math.randomseed(value)
  return "SEED=" .. value
end

-- From nanoseconds to hours, alike many of each size.
local function random_value()
  return math.floor(2 ^ (math.random() * 45))
end

-- The exact quantile of sorted { value, count } pairs.
local function exact(pairs_of, total, of)
  local place, passed = math.max(1, math.ceil(of * total)), 0
  for _, each in ipairs(pairs_of) do
    passed = passed + each[2]
    if passed >= place then
      return each[1]
    end
  end
end

local function close(expected, got)
  return math.abs(expected - got) <= expected / 128
end

describe("a histogram", function()
  it("gives quantiles less than one in a hundred beside the exact ones", function()
    local with = seed()
    for _ = 1, 100 do
      local histogram, added, total, sum = new(), {}, 0, 0
      for i = 1, math.random(1, 300) do
        local value, count = random_value(), math.random(1, 1000)
        added[i] = { value, count }
        total, sum = total + count, sum + value * count
        C.weir_histogram_add(histogram, value, count)
      end
      table.sort(added, function(a, b)
        return a[1] < b[1]
      end)
      for _, of in ipairs(QUANTILES) do
        local expected, got = exact(added, total, of), quantile(histogram, of)
        assert(close(expected, got), ("%s: %g of %d: %d, not %d"):format(with, of, total,
          got, expected))
      end
      assert.equal(added[1][1], quantile(histogram, 0))
      assert.equal(added[#added][1], quantile(histogram, 1))
      assert.equal(total, tonumber(histogram.count))
      assert.is_true(math.abs(sum - histogram.sum) <= sum * 1e-12)
    end
  end)

  it("keeps its bound for every size of value, at both ends of each step", function()
    for bits = 0, 44 do
      for _, value in ipairs({ 2 ^ bits, 2 ^ bits * 1.5, 2 ^ (bits + 1) - 1 }) do
        value = math.floor(value)
        local histogram = new()
        -- Between others, or the ends would be told exactly.
        C.weir_histogram_add(histogram, 0, 1)
        C.weir_histogram_add(histogram, value, 8)
        C.weir_histogram_add(histogram, C.weir_histogram_max(), 1)
        assert(close(value, quantile(histogram, 0.5)), value)
        if value < 128 then
          assert.equal(value, quantile(histogram, 0.5))
        end
      end
    end
  end)

  it("is empty, takes nothing, and can be emptied again", function()
    local histogram = new()
    C.weir_histogram_add(histogram, 5, 0)
    for _, of in ipairs(QUANTILES) do
      assert.equal(0, quantile(histogram, of))
    end
    C.weir_histogram_add(histogram, 5, 3)
    assert.equal(5, quantile(histogram, 0.5))
    C.weir_histogram_reset(histogram)
    assert.same({ 0, 0 }, { quantile(histogram, 0.5), tonumber(histogram.count) })
  end)

  it("takes what lies outside for its ends", function()
    local histogram = new()
    C.weir_histogram_add(histogram, -7, 1)
    C.weir_histogram_add(histogram, 2LL ^ 62, 1)
    assert.same({ 0, 2 ^ 45 - 1 }, { quantile(histogram, 0), quantile(histogram, 1) })
    assert.is_true(histogram.sum == 2 ^ 45 - 1)
  end)

  it("less what was there before is what came since", function()
    local with = seed()
    for _ = 1, 20 do
      local all, since = new(), new()
      local function add(to, count)
        for _ = 1, count do
          local value, times = random_value(), math.random(1, 9)
          C.weir_histogram_add(all, value, times)
          if to then
            C.weir_histogram_add(to, value, times)
          end
        end
      end
      add(nil, math.random(0, 50))
      local older = ffi.new("weir_histogram", all)
      add(since, math.random(0, 50))
      C.weir_histogram_subtract(all, older)
      assert.equal(tonumber(since.count), tonumber(all.count), with)
      for _, of in ipairs(QUANTILES) do
        assert(close(quantile(since, of), quantile(all, of)), with)
      end
    end
  end)

  it("knows how many are no greater than a value", function()
    local histogram = new()
    for _, value in ipairs({ 0, 5, 5, 100, 1e6, 1e9 }) do
      C.weir_histogram_add(histogram, value, 2)
    end
    local ranks = {}
    for i, value in ipairs({ -1, 0, 4, 5, 99, 100, 5e8, 1e9, 2 ^ 62 }) do
      ranks[i] = tonumber(C.weir_histogram_rank(histogram, value))
    end
    assert.same({ 0, 2, 2, 6, 6, 8, 10, 12, 12 }, ranks)
  end)

  it("merged of parts is the same as of all at once", function()
    local with = seed()
    local whole, merged = new(), new()
    for _ = 1, 10 do
      local part = new()
      for _ = 1, math.random(0, 50) do
        local value, count = random_value(), math.random(1, 9)
        C.weir_histogram_add(part, value, count)
        C.weir_histogram_add(whole, value, count)
      end
      C.weir_histogram_merge(merged, part)
    end
    for _, of in ipairs(QUANTILES) do
      assert.equal(quantile(whole, of), quantile(merged, of), with)
    end
    assert.equal(tonumber(whole.count), tonumber(merged.count))
    assert.is_true(math.abs(whole.sum - merged.sum) <= whole.sum * 1e-12)
  end)
end)
