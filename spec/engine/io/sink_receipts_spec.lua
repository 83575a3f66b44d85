local engine = require("spec.support.engine")
local ffi = require("ffi")
local sockets = require("spec.support.sockets")
local support = require("spec.engine.io.support")

local C = engine.load("engine/base/clock.h", "engine/base/err.h", "engine/base/mem.h",
  "engine/data/line.h", "engine/data/receipt.h", "engine/io/exec_sink.h", "engine/io/file_sink.h",
  "engine/io/memory.h", "engine/io/stream_sink.h", "engine/sched/flow.h", "engine/wire/frame.h")

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
    C.weir_mem_set_limit(0)
    sockets.clean()
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

  local function exec_sink(command, options)
    local arguments = ffi.new("const char *[3]", "sh", "-c", command)
    local out = ffi.new("weir_sink *[1]")
    options = options or {}
    assert(C.weir_exec_sink_new(out, ffi.new("weir_command_options", {
      arguments = arguments, argument_count = 3, clock = C.weir_clock_real(),
      grace_ns = 1e9, restarts = options.restarts or 0, retries = options.retries or {},
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

  it("is what a program has not read, also where nothing more is written", function()
    local go = support.path("go")
    os.execute("mkfifo " .. go)
    local sink = exec_sink(("read -r a; echo >%s; cat >%s"):format(go, support.path("out")))
    write(sink, pool, receipts, '{"a":1}')
    write(sink, pool, receipts, '{"a":2}')
    assert.equal(1, sink.owes)
    os.execute("read -r a <" .. go)
    while sink.owes == 1 do
      assert.equal(0, sink.ops.tend(sink, 0))
    end
    assert.equal(2, released(receipts))
    assert.equal(0, finish(sink))
  end)

  it("is given to the next program where nothing more is written, too", function()
    local go = support.path("go")
    os.execute("mkfifo " .. go)
    local sink = exec_sink(("test -e %s && exec cat >%s; read -r a; touch %s; read -r b <%s")
      :format(support.path("second"), support.path("out"), support.path("second"), go),
      { restarts = 1, retries = { max = 3, backoff_ns = 1e6, max_backoff_ns = 1e6 } })
    write(sink, pool, receipts, '{"a":1}')
    write(sink, pool, receipts, '{"a":2}')
    os.execute("echo >" .. go)
    while sink.owes == 1 do
      assert.equal(0, sink.ops.tend(sink, 1))
    end
    assert.equal(2, released(receipts))
    assert.equal(8, tonumber(sink.counters[C.WEIR_EXEC_SINK_AGAIN].value))
    assert.equal(0, finish(sink))
    assert.equal('{"a":2}\n', support.read("out"))
  end)

  local function stream_sink(address, options)
    local out = ffi.new("weir_sink *[1]")
    options = options or {}
    assert(C.weir_stream_sink_new(out, ffi.new("weir_stream_sink_options", {
      address = address,
      transport = options.transport or C.WEIR_TRANSPORT_TCP,
      frame = C.WEIR_FRAME_LINE,
      timeout_ns = 300e9,
      connect_timeout_ns = 300e9,
      max_unconfirmed = options.max_unconfirmed or 0,
      retries = { max = 3, backoff_ns = 1e6, max_backoff_ns = 20e6 },
      encoder = support.encoder(),
      clock = C.weir_clock_real(),
    })) == 0)
    return out[0]
  end

  local function unix_sink(options)
    local path = support.path("socket")
    options = options or {}
    options.transport = C.WEIR_TRANSPORT_UNIX
    os.execute("mkdir -p " .. support.path())
    return sockets.listen_path(path), stream_sink(path, options)
  end

  local function tend_until_paid(sink)
    while sink.owes == 1 do
      assert.equal(0, sink.ops.tend(sink, 1))
    end
  end

  it("is what the peer at a Unix socket has not read", function()
    local server, sink = unix_sink()
    write(sink, pool, receipts, '{"a":1}')
    write(sink, pool, receipts, '{"a":2}')
    assert.equal(0, sink.ops.tend(sink, 0))
    assert.same({ 0, 1 }, { released(receipts), sink.owes })
    assert.equal('{"a":1}\n{"a":2}\n', server:accept():read())
    assert.equal(0, sink.ops.tend(sink, 0))
    assert.same({ 2, 0 }, { released(receipts), sink.owes })
    assert.equal(0, finish(sink))
  end)

  it("is what the peer's machine has not acknowledged, over TCP", function()
    local server = sockets.listen()
    server:set_receive_room(4096)
    local sink = stream_sink("127.0.0.1:" .. server.port)
    write(sink, pool, receipts, '{"a":1}')
    write(sink, pool, receipts, ('{"a":"%s"}'):format(("x"):rep(200000)))
    while sink.owes == 1 and released(receipts) == 0 do
      assert.equal(0, sink.ops.tend(sink, 0))
    end
    assert.same({ 0, 1 }, { released(receipts), sink.owes })
    local peer, size = server:accept(), 0
    while size < 200000 do
      size = size + #peer:read()
    end
    tend_until_paid(sink)
    assert.equal(1, released(receipts))
    assert.equal(0, finish(sink))
  end)

  it("is sent again to the next peer, once nothing more is written", function()
    local server = sockets.listen()
    server:set_receive_room(4096)
    local sink = stream_sink("127.0.0.1:" .. server.port)
    local row = ('{"a":"%s"}'):format(("x"):rep(200000))
    write(sink, pool, receipts, row)
    server:accept():reset()
    while sink.ops.tend(sink, 0) ~= C.WEIR_EEMPTY do
      assert.equal(0, released(receipts)) -- the reset is on its way
    end
    assert.equal(0, sink.ops.tend(sink, 1))
    local peer, got = server:accept(), ""
    while #got <= #row do
      got = got .. peer:read()
    end
    assert.equal(row .. "\n", got)
    tend_until_paid(sink)
    assert.equal(1, released(receipts))
    assert.equal(#row + 1, tonumber(sink.counters[C.WEIR_STREAM_SINK_AGAIN].value))
    assert.equal(0, finish(sink))
  end)

  it("is sent again where the peer breaks off after it has said all", function()
    local server = sockets.listen()
    server:set_receive_room(4096)
    local sink = stream_sink("127.0.0.1:" .. server.port)
    write(sink, pool, receipts, ('{"a":"%s"}'):format(("x"):rep(200000)))
    local peer = server:accept()
    peer:finish()
    assert.equal(0, sink.ops.tend(sink, 0))
    peer:reset()
    while sink.ops.tend(sink, 0) ~= C.WEIR_EEMPTY do
      assert.equal(0, released(receipts)) -- the reset is on its way
    end
    assert.equal(0, sink.ops.tend(sink, 1))
    assert.equal(1, tonumber(sink.counters[C.WEIR_STREAM_SINK_BROKEN].value))
    peer = server:accept()
    sockets.beside(function()
      repeat until not peer:read()
    end)
    assert.equal(0, finish(sink))
    assert.equal(1, released(receipts))
    sockets.wait()
  end)

  it("is sent again where the peer at a Unix socket has gone without reading it", function()
    for _, told in ipairs({ "by a write", "by a look" }) do
      local server, sink = unix_sink()
      write(sink, pool, receipts, '{"a":1}')
      server:accept():close()
      if told == "by a look" then
        assert.equal(C.WEIR_EEMPTY, sink.ops.tend(sink, 0))
        assert.equal(0, sink.ops.tend(sink, 1))
      end
      write(sink, pool, receipts, '{"a":2}')
      assert.equal(0, released(receipts))
      assert.equal('{"a":1}\n{"a":2}\n', server:accept():read())
      tend_until_paid(sink)
      assert.equal(2, released(receipts))
      assert.equal(0, finish(sink))
      server:close()
      support.clean()
    end
  end)

  it("is lost with peers that come to nothing, as often as is tried", function()
    local server, sink = unix_sink()
    write(sink, pool, receipts, '{"a":1}')
    local code, peers = 0, 0
    while code == 0 do
      peers = peers + 1
      server:accept():close()
      code = sink.ops.tend(sink, 1)
    end
    assert.equal(4, peers) -- and 3 retries
    assert.matches("breaks off: Connection reset by peer", ffi.string(sink.message), 1, true)
    assert.equal(8, tonumber(sink.counters[C.WEIR_STREAM_SINK_LOST].value))
    assert.equal(0, released(receipts))
    sink.ops.finish(sink, 1)
    C.weir_sink_free(sink)
  end)

  it("is nothing of what a peer at a Unix socket has read before it went", function()
    local server, sink = unix_sink()
    write(sink, pool, receipts, '{"a":1}')
    local peer = server:accept()
    peer:read()
    peer:close()
    tend_until_paid(sink)
    assert.equal(1, released(receipts))
    assert.equal(0, finish(sink))
  end)

  for _, said in ipairs({ "as said", "of max_memory" }) do
    it("is never more than it may be, " .. said, function()
      local server, sink = unix_sink({ max_unconfirmed = said == "as said" and 1 or 0 })
      sockets.beside(function()
        local peer = server:accept()
        repeat until not peer:read()
      end)
      C.weir_mem_set_limit(said == "as said" and 0 or 32)
      for _ = 1, 100 do
        write(sink, pool, receipts, '{"a":1}')
        assert.equal(0, sink.owes)
      end
      assert.equal(0, finish(sink))
      sockets.wait()
    end)
  end

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
