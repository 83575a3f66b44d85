local ffi = require("ffi")
local engine = require("spec.support.engine")

local C = engine.load("engine/base/err.h", "engine/base/mem.h", "engine/data/batch.h")

local function fault(before)
  return ffi.new("weir_fault", { code = C.WEIR_ESYNTAX, before = before })
end

describe("batch", function()
  it("comes back from the pool empty, of another generation", function()
    local pool = C.weir_pool_new(1)
    local batch = C.weir_batch_new(pool)
    local generation = batch.generation
    C.weir_buf_text(batch.bytes, "{}")
    batch.row_count, batch.source = 1, 7
    C.weir_batch_unref(batch)
    local again = C.weir_batch_new(pool)
    assert.is_true(again == batch)
    assert.is_true(generation ~= again.generation)
    assert.equal(0, tonumber(again.bytes.size) + again.row_count + again.source)
    C.weir_batch_unref(again)
    C.weir_pool_free(pool)
  end)

  it("is given back by the last of its holders", function()
    local pool = C.weir_pool_new(1)
    local batch = C.weir_batch_ref(C.weir_batch_new(pool))
    C.weir_batch_unref(batch)
    local other = C.weir_batch_new(pool)
    assert.is_false(other == batch)
    C.weir_batch_unref(batch)
    C.weir_batch_unref(other)
    C.weir_batch_unref(nil)
    C.weir_pool_free(pool)
  end)

  it("does not keep the memory of a huge record", function()
    local pool = C.weir_pool_new(4)
    local before = engine.held()
    local batch = C.weir_batch_new(pool)
    assert.equal(C.WEIR_OK, C.weir_buf_reserve(batch.bytes, 2 * C.WEIR_BATCH_KEEP_BYTES))
    C.weir_batch_unref(batch)
    assert.equal(before, engine.held())
    C.weir_pool_free(pool)
  end)

  it("keeps so much of a burst, and no more", function()
    local pool = C.weir_pool_new(64)
    local before = engine.held()
    local batches = {}
    for i = 1, 32 do
      batches[i] = C.weir_batch_new(pool)
      assert.equal(C.WEIR_OK, C.weir_buf_reserve(batches[i].bytes, 2 ^ 20))
    end
    for _, batch in ipairs(batches) do
      C.weir_batch_unref(batch)
    end
    local kept = engine.held() - before
    assert.is_true(kept > C.WEIR_POOL_KEEP_BYTES / 2 and kept < C.WEIR_POOL_KEEP_BYTES * 1.1, kept)
    C.weir_pool_free(pool)
  end)

  it("numbers rows and faults as they came", function()
    math.randomseed(3)
    local pool = C.weir_pool_new(1)
    for _ = 1, 200 do
      local batch = C.weir_batch_new(pool)
      batch.record_first = math.random(1, 1000)
      local expected_rows, expected_faults = {}, {}
      for number = 0, math.random(0, 30) do
        local at = tonumber(batch.record_first) + number
        if math.random(3) == 1 then
          C.weir_batch_add_fault(batch, fault(batch.row_count))
          expected_faults[#expected_faults + 1] = at
        else
          batch.row_count = batch.row_count + 1
          expected_rows[#expected_rows + 1] = at
        end
      end
      for row, number in ipairs(expected_rows) do
        assert.equal(number, tonumber(C.weir_batch_row_number(batch, row - 1)))
      end
      for index, number in ipairs(expected_faults) do
        assert.equal(number, tonumber(C.weir_batch_fault_number(batch, index - 1)))
      end
      C.weir_batch_unref(batch)
    end
    C.weir_pool_free(pool)
  end)

  it("gives what is made from it the header of where it came from", function()
    local pool = C.weir_pool_new(2)
    local from, batch = C.weir_batch_new(pool), C.weir_batch_new(pool)
    from.source, from.sequence, from.watermark_ns, from.ends_sequence = 3, 9, 12, 1
    C.weir_batch_derive(batch, from)
    assert.equal(3, batch.source)
    assert.equal(9, tonumber(batch.sequence))
    assert.equal(12, tonumber(batch.watermark_ns))
    assert.equal(0, batch.ends_sequence)
    C.weir_batch_unref(from)
    C.weir_batch_unref(batch)
    C.weir_pool_free(pool)
  end)

  it("indexes rows that a stage wrote as a scan would", function()
    local json = engine.load("engine/data/json.h")
    local pool = C.weir_pool_new(2)
    local text = '{"a":"x\\":{","b":[1,{"c":2}]}\n{"d":[]}\n{}\n'
    local scanned, written = C.weir_batch_new(pool), C.weir_batch_new(pool)
    for _, batch in ipairs({ scanned, written }) do
      C.weir_buf_text(batch.bytes, text)
    end
    assert.equal(C.WEIR_OK, json.weir_json_scan(scanned, #text))
    assert.equal(C.WEIR_OK, C.weir_batch_reserve_rows(written, scanned.row_count))
    written.row_count = scanned.row_count
    ffi.copy(written.rows, scanned.rows, scanned.row_count * ffi.sizeof("weir_span"))
    assert.equal(C.WEIR_OK, json.weir_json_index(written))
    for row = 0, scanned.row_count do
      assert.equal(scanned.row_colons[row], written.row_colons[row])
      assert.equal(scanned.row_brackets[row], written.row_brackets[row])
    end
    for i = 0, scanned.row_colons[scanned.row_count] - 1 do
      assert.equal(scanned.colons[i], written.colons[i])
    end
    assert.equal(1, written.indexed)
    C.weir_batch_unref(scanned)
    C.weir_batch_unref(written)
    C.weir_pool_free(pool)
  end)
end)
