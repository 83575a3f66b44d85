local engine = require("spec.support.engine")
local ffi = require("ffi")
local support = require("spec.engine.io.support")

local C = engine.load("engine/base/err.h", "engine/data/line.h", "engine/data/receipt.h",
  "engine/io/exec_sink.h", "engine/io/file_sink.h", "engine/io/memory.h", "engine/sched/flow.h",
  "engine/base/clock.h")

local function write(sink, pool, receipts, text)
  local batch = C.weir_batch_new(pool)
  batch.line_rows = 1
  C.weir_line_add(batch, text, #text)
  batch.receipt = C.weir_receipts_issue(receipts, ffi.new("weir_offset", { position = 1 }))
  local refused, written = ffi.new("weir_refusals"), ffi.new("uint32_t[1]")
  assert.equal(0, sink.ops.write(sink, batch, refused, written))
  C.weir_batch_unref(batch)
end

local function released(receipts)
  local offset, count = ffi.new("weir_offset"), 0
  while C.weir_receipts_released(receipts, offset) == C.WEIR_OK do
    count = count + 1
  end
  return count
end

describe("what a sink has not written yet", function()
  local pool, receipts

  before_each(function()
    pool, receipts = C.weir_pool_new(2), C.weir_receipts_new()
  end)

  after_each(function()
    C.weir_pool_free(pool)
    C.weir_receipts_free(receipts)
    support.clean()
  end)

  local function file_sink(path, headed)
    local out = ffi.new("weir_sink *[1]")
    assert(C.weir_file_sink_new(out, ffi.new("weir_file_sink_options", {
      path = support.path(path), encoder = support.encoder(headed), append = 1 })) == 0)
    return out[0]
  end

  it("is nothing of a plain file", function()
    local sink = file_sink("out.jsonl")
    write(sink, pool, receipts, '{"a":1}')
    assert.equal(1, released(receipts))
    C.weir_sink_free(sink)
  end)

  for _, headed in ipairs({ false, true }) do
    it("is all of a packed one until a member is closed, headed " .. tostring(headed), function()
      local sink = file_sink("out.jsonl.gz", headed)
      write(sink, pool, receipts, '{"a":1}')
      write(sink, pool, receipts, '{"a":2}')
      assert.equal(0, released(receipts))
      write(sink, pool, receipts, ('{"a":"%s"}'):format(("x"):rep(5e6)))
      assert.equal(3, released(receipts))
      write(sink, pool, receipts, '{"a":1}')
      assert.equal(0, released(receipts))
      assert.equal(0, sink.ops.finish(sink, 0))
      assert.equal(1, released(receipts))
      C.weir_sink_free(sink)
    end)
  end

  local function exec_sink(command)
    local arguments = ffi.new("const char *[3]", "sh", "-c", command)
    local out = ffi.new("weir_sink *[1]")
    assert(C.weir_exec_sink_new(out, ffi.new("weir_command_options", {
      arguments = arguments, argument_count = 3, clock = C.weir_clock_real(),
      grace_ns = 1e9,
    }), support.encoder()) == 0)
    return out[0]
  end

  local function finish(sink)
    local code = sink.ops.finish(sink, 0)
    local message = ffi.string(sink.message)
    C.weir_sink_free(sink)
    return code, message
  end

  it("is what a program has not read", function()
    os.execute("mkfifo " .. support.path("go"))
    local go = support.path("go")
    local sink = exec_sink(("read -r a <%s; read -r a; echo >%s; read -r b <%s; cat >%s"):format(go,
      go, go, support.path("out")))
    write(sink, pool, receipts, '{"a":1}')
    write(sink, pool, receipts, '{"a":2}')
    assert.equal(0, released(receipts))
    os.execute(("echo >%s; read -r a <%s"):format(go, go)) -- a shell reads byte by byte
    write(sink, pool, receipts, '{"a":3}')
    assert.equal(1, released(receipts))
    os.execute("echo >" .. go)
    assert.equal(0, finish(sink))
    assert.equal(2, released(receipts))
    assert.equal('{"a":2}\n{"a":3}\n', support.read("out"))
  end)

  it("is lost if the program ends without having read it, well or not", function()
    for _, code in ipairs({ 0, 3 }) do
      os.execute("rm -f " .. support.path("go") .. "; mkfifo " .. support.path("go"))
      local sink = exec_sink(("read -r a <%s; exit %d"):format(support.path("go"), code))
      write(sink, pool, receipts, '{"a":1}')
      os.execute("echo >" .. support.path("go"))
      local message = sink.message
      assert.not_equal(0, sink.ops.finish(sink, 0))
      assert.matches(("ended with exit code %d, not having read all"):format(code),
        ffi.string(message), 1, true)
      assert.equal(8, tonumber(sink.counters[C.WEIR_EXEC_SINK_LOST].value))
      assert.equal(0, released(receipts)) -- not before the run has failed
      C.weir_sink_free(sink)
      assert.equal(1, released(receipts))
    end
  end)
end)

describe("a flow", function()
  local function source(flow)
    local out = ffi.new("weir_source *[1]")
    C.weir_file_source_new(out, ffi.new("weir_file_source_options", {
      decoder = C.weir_json_decoder_new(0) }))
    C.weir_flow_add_source(flow, "in", out[0])
    return out[0]
  end

  it("that fails has receipts mean nothing any more, before anything is given back", function()
    local flow = C.weir_flow_new(C.weir_clock_real())
    local from = source(flow)
    local receipts, at = C.weir_receipts_new(), ffi.new("weir_offset")
    from.receipts = receipts
    local before = C.weir_receipts_issue(receipts, at)
    local after = C.weir_receipts_issue(receipts, at)
    C.weir_receipt_unref(before)
    C.weir_flow_fail(flow, C.WEIR_ESINK, "no more")
    C.weir_receipt_unref(after)
    assert.equal(1, released(receipts))
    C.weir_flow_free(flow)
    C.weir_receipts_free(receipts)
  end)
end)
