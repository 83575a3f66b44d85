local ffi = require("ffi")
local sinks = require("spec.support.sink")
local support = require("spec.engine.io.support")

local C = support.C

local function memory(texts)
  local out = ffi.new("weir_source *[1]")
  assert(C.weir_memory_source_new(out) == 0)
  for _, text in ipairs(texts) do
    assert(C.weir_memory_source_add(out[0], text, #text) == 0)
  end
  return out[0]
end

local function concat(sources)
  local out = ffi.new("weir_source *[1]")
  local list = ffi.new("weir_source *[?]", #sources + 1, sources)
  assert(C.weir_concat_source_new(out, list, #sources) == 0)
  return out[0]
end

describe("memory", function()
  after_each(support.clean)

  it("gives records in batches of a thousand", function()
    local texts = {}
    for i = 1, 2500 do
      texts[i] = ('{"n":%d}'):format(i)
    end
    local all = support.drain(memory(texts))
    assert.same(texts, support.texts(all.rows))
    assert.same({ 3, 2500 }, { all.batches, all.rows[2500].number })
  end)

  it("takes objects only, and puts them on one line", function()
    local source = memory({ ' {\n "a" :\r\n1 } ' })
    for text, code in pairs({ ["[1]"] = C.WEIR_EOBJECT, ["{]"] = true, [""] = true }) do
      local got = C.weir_memory_source_add(source, text, #text)
      assert.is_true(code == true and got < 0 or got == code, text)
    end
    assert.same({ '{  "a" :  1 }' }, support.texts(support.drain(source).rows))
  end)

  it("keeps what a sink is given", function()
    local out = ffi.new("weir_sink *[1]")
    C.weir_memory_sink_new(out)
    local written = ffi.new("uint32_t[1]")
    for _ = 1, 2 do
      sinks.with_batch({ '{"a":1}', '{"b":2}' }, function(batch)
        assert.equal(0, out[0].ops.write(out[0], batch, ffi.new("weir_refusals"), written))
      end)
    end
    assert.equal(4, tonumber(C.weir_memory_sink_count(out[0])))
    local row = C.weir_memory_sink_row(out[0], 3)
    assert.equal('{"b":2}', ffi.string(row.bytes, row.size))
    assert.equal(0, out[0].ops.finish(out[0], 0))
    C.weir_sink_free(out[0])
  end)

  it("counts what is discarded", function()
    local out = ffi.new("weir_sink *[1]")
    C.weir_discard_sink_new(out)
    local written = ffi.new("uint32_t[1]")
    sinks.with_batch({ '{"a":1}', "{}" }, function(batch)
      assert.equal(0, out[0].ops.write(out[0], batch, ffi.new("weir_refusals"), written))
    end)
    assert.same({ 2, 11 }, { written[0], tonumber(out[0].bytes_written) })
    C.weir_sink_free(out[0])
  end)
end)

describe("concat source", function()
  after_each(support.clean)

  it("reads one source after the other and knows where a batch came from", function()
    local a = support.write("a", "{}\n")
    local b = support.write("b", '{"b":1}\n')
    local source = concat({ memory({ '{"m":1}' }), support.source({ a, b }), memory({}) })
    assert.equal(1, source.bounded)
    local origins = {}
    local pool = C.weir_pool_new(1)
    for i = 1, 3 do
      local read = support.next(source, pool)
      origins[i] = ffi.string(source.ops.origin(source, read.partition))
    end
    assert.same({ "memory", a, b }, origins)
    assert.equal(C.WEIR_EEND, select(2, support.next(source, pool)))
    C.weir_source_free(source)
    C.weir_pool_free(pool)
  end)

  it("tells at once what is wrong with any of them", function()
    local none = support.path("none")
    local source = concat({ memory({ "{}" }), support.source({ none }) })
    assert.truthy(ffi.string(source.message):find(none, 1, true))
    local all = support.drain(source)
    assert.same({ -2, 1 }, { all.code, #all.rows })
  end)
end)
