local ffi = require("ffi")
local engine = require("spec.support.engine")

local C = engine.load("engine/base/err.h", "engine/base/mem.h", "engine/data/batch.h",
  "engine/data/loss.h", "engine/data/receipt.h")

local function issue(receipts, position)
  return C.weir_receipts_issue(receipts, ffi.new("weir_offset", { position = position }))
end

-- The positions that can be forgotten now.
local function released(receipts)
  local out, offset = {}, ffi.new("weir_offset")
  while C.weir_receipts_released(receipts, offset) == C.WEIR_OK do
    out[#out + 1] = tonumber(offset.position)
  end
  return out
end

describe("receipts", function()
  local receipts, pool, held

  before_each(function()
    held = engine.held()
    receipts, pool = C.weir_receipts_new(), C.weir_pool_new(0)
  end)

  after_each(function()
    C.weir_receipts_free(receipts)
    C.weir_pool_free(pool)
    assert.equal(held, engine.held())
  end)

  local function batch_of(position)
    local batch = C.weir_batch_new(pool)
    batch.receipt = issue(receipts, position)
    return batch
  end

  it("are told in the order in which they were issued", function()
    local seed = tonumber(os.getenv("SEED")) or os.time()
    math.randomseed(seed)
    local open, issued, told = {}, 0, 0
    local is_back = {}
    for _ = 1, 3000 do
      if math.random(2) == 1 then
        issued = issued + 1
        open[#open + 1] = { issued, batch_of(issued) }
      elseif #open > 0 then
        local each = table.remove(open, math.random(#open))
        C.weir_batch_unref(each[2])
        is_back[each[1]] = true
        for _, position in ipairs(released(receipts)) do
          told = told + 1
          assert.equal(told, position, "SEED=" .. seed)
          assert.is_true(is_back[position])
        end
        assert.is_nil(is_back[told + 1])
        assert.equal(issued - told, tonumber(C.weir_receipts_owed(receipts)))
      end
    end
    for _, each in ipairs(open) do
      C.weir_batch_unref(each[2])
    end
    assert.equal(issued - told, #released(receipts))
  end)

  it("are released by the last batch that was made of the first", function()
    local batch = batch_of(5)
    local left, right, end_of_right = C.weir_batch_new(pool), C.weir_batch_new(pool),
      C.weir_batch_new(pool)
    C.weir_batch_derive(left, batch)
    C.weir_batch_derive(right, batch)
    C.weir_batch_derive(end_of_right, right)
    for _, each in ipairs({ batch, left, right }) do
      C.weir_batch_unref(each)
      assert.same({}, released(receipts))
    end
    C.weir_batch_unref(end_of_right)
    assert.same({ 5 }, released(receipts))
  end)

  it("of several batches are held by what has rows of them all", function()
    local out, later = C.weir_batch_new(pool), C.weir_batch_new(pool)
    for position = 1, 9 do
      local batch = batch_of(position)
      C.weir_batch_hold_receipt(out, batch)
      C.weir_batch_hold_receipt(out, batch)
      C.weir_batch_unref(batch)
    end
    C.weir_batch_derive(later, out)
    local tenth = batch_of(10)
    C.weir_batch_hold_receipt(out, tenth)
    C.weir_batch_unref(out)
    assert.same({}, released(receipts))
    C.weir_batch_unref(later)
    assert.same({ 1, 2, 3, 4, 5, 6, 7, 8, 9 }, released(receipts))
    C.weir_batch_unref(tenth)
    assert.same({ 10 }, released(receipts))
  end)

  it("are let go by a batch of which nothing was made", function()
    local out, batch = C.weir_batch_new(pool), batch_of(1)
    C.weir_batch_hold_receipt(out, batch)
    C.weir_batch_unref(batch)
    C.weir_batch_drop_receipt(out)
    assert.same({ 1 }, released(receipts))
    C.weir_batch_unref(out)
  end)

  it("are none where the source gives none", function()
    local out, batch = C.weir_batch_new(pool), C.weir_batch_new(pool)
    C.weir_batch_derive(out, batch)
    C.weir_batch_hold_receipt(out, batch)
    assert.is_true(out.receipt == nil)
    C.weir_batch_unref(out)
    C.weir_batch_unref(batch)
  end)

  it("are not told where they are given back after a failure, nor those behind them", function()
    local first, second, third = batch_of(1), batch_of(2), batch_of(3)
    C.weir_batch_unref(third)
    C.weir_batch_unref(first)
    C.weir_receipts_forfeit(receipts)
    C.weir_batch_unref(second)
    assert.same({ 1 }, released(receipts))
    assert.same({}, released(receipts))
    assert.equal(2, tonumber(C.weir_receipts_owed(receipts)))
  end)

  it("are not told where one of several was given back after a failure", function()
    local one, another, both = batch_of(1), batch_of(2), C.weir_batch_new(pool)
    C.weir_batch_hold_receipt(both, one)
    C.weir_batch_hold_receipt(both, another)
    C.weir_batch_unref(one)
    C.weir_batch_unref(another)
    C.weir_receipts_forfeit(receipts)
    C.weir_batch_unref(both)
    assert.same({}, released(receipts))
  end)

  it("say whether what they are for comes again", function()
    local one, plain, both = batch_of(1), C.weir_batch_new(pool), C.weir_batch_new(pool)
    C.weir_batch_hold_receipt(both, one)
    C.weir_batch_hold_receipt(both, plain)
    assert.equal(7, tonumber(C.weir_loss_of(both, 7).dropped))
    C.weir_receipts_forfeit(receipts)
    for _, batch in ipairs({ one, both }) do
      local loss = C.weir_loss_of(batch, 7)
      assert.same({ 0, 7 }, { tonumber(loss.dropped), tonumber(loss.left) })
    end
    assert.equal(7, tonumber(C.weir_loss_of(plain, 7).dropped))
    for _, batch in ipairs({ one, plain, both }) do
      C.weir_batch_unref(batch)
    end
  end)

  it("may outlive their list", function()
    local batch = batch_of(1)
    C.weir_receipts_free(receipts)
    receipts = C.weir_receipts_new()
    C.weir_batch_unref(batch)
    assert.same({}, released(receipts))
  end)
end)
