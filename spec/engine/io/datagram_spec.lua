local engine = require("spec.support.engine")
local ffi = require("ffi")
local sinks = require("spec.support.sink")
local sockets = require("spec.support.sockets")
local support = require("spec.engine.io.support")

local C = engine.load("engine/io/datagram_source.h", "engine/io/datagram_sink.h",
  "engine/codec/lines.h")

local MS, S = 1e6, 1e9

local source, pool

local function open(options)
  options = options or {}
  local out = ffi.new("weir_source *[1]")
  assert(C.weir_datagram_source_new(out, ffi.new("weir_datagram_source_options", {
    address = options.address or "127.0.0.1:0",
    transport = options.transport or C.WEIR_TRANSPORT_UDP,
    receive_bytes = options.receive_bytes or 0,
    max_record = options.max_record or 0,
    decoder = options.decoder or C.weir_json_decoder_new(0),
    clock = C.weir_clock_real(),
  })) == 0)
  source, pool = out[0], C.weir_pool_new(4)
  return tonumber(ffi.string(source.place):match(":(%d+)$"))
end

local function close()
  if source then
    C.weir_source_free(source)
    C.weir_pool_free(pool)
    source = nil
  end
end

-- Rows, faults and peers of the next batch, or nil and the code.
local function next_batch()
  local batch = C.weir_batch_new(pool)
  local code = source.ops.next(source, batch)
  local got = { rows = {}, faults = {}, peers = {} }
  local peer = ffi.new("weir_peer")
  for i = 0, code == 0 and batch.row_count - 1 or -1 do
    local span = batch.rows[i]
    got.rows[#got.rows + 1] = ffi.string(batch.bytes.bytes + span.start,
      span["end"] - span.start)
    assert(C.weir_batch_row_peer(batch, i, peer) == 1)
    got.peers[#got.peers + 1] = ffi.string(peer.name)
  end
  for i = 0, code == 0 and batch.fault_count - 1 or -1 do
    got.faults[#got.faults + 1] = batch.faults[i].code
  end
  C.weir_batch_unref(batch)
  return code == 0 and got or nil, code
end

local function sink(address, options)
  options = options or {}
  local out = ffi.new("weir_sink *[1]")
  assert(C.weir_datagram_sink_new(out, ffi.new("weir_datagram_sink_options", {
    address = address,
    transport = options.transport or C.WEIR_TRANSPORT_UDP,
    timeout_ns = options.timeout_ns or 300 * S,
    retries = { max = options.retries or 2, backoff_ns = 1 * MS, max_backoff_ns = 5 * MS },
    encoder = C.weir_json_encoder_new(),
    clock = C.weir_clock_real(),
  })) == 0)
  return out[0]
end

describe("datagrams", function()
  after_each(function()
    close()
    sockets.clean()
    support.clean()
  end)

  it("come each with its peer", function()
    local port = open()
    local one, two = sockets.datagrams(port), sockets.datagrams(port)
    one:send('{"a":1}')
    two:send('{"b":1}\n{"b":2}\n')
    one:send('{"a":2}')
    local got = { rows = {}, peers = {} }
    while #got.rows < 4 do
      local batch = next_batch()
      for i, row in ipairs(batch.rows) do
        table.insert(got.rows, row)
        table.insert(got.peers, batch.peers[i])
      end
    end
    assert.same({ '{"a":1}', '{"b":1}', '{"b":2}', '{"a":2}' }, got.rows)
    assert.matches("^127%.0%.0%.1:%d+$", got.peers[1])
    assert.equal(got.peers[2], got.peers[3])
    assert.equal(got.peers[1], got.peers[4])
    assert.not_equal(got.peers[1], got.peers[2])
  end)

  it("that are too long are counted, and faults", function()
    local port = open({ max_record = 10 })
    local one = sockets.datagrams(port)
    one:send('{"a":1}')
    one:send('{"a":"' .. ("x"):rep(20) .. '"}')
    one:send('{"a":3}')
    assert.same({ '{"a":1}' }, next_batch().rows)
    assert.same({ C.WEIR_ERECORD }, next_batch().faults)
    assert.same({ '{"a":3}' }, next_batch().rows)
    assert.equal(1, support.counter(source, "datagrams_cut"))
  end)

  it("that the kernel throws away are counted", function()
    local port = open({ receive_bytes = 4096 })
    local one = sockets.datagrams(port)
    local count = 1000
    for i = 1, count do
      one:send(('{"n":%d}'):format(i))
    end
    source.ops.cancel(source) -- nothing comes behind them
    local rows, code = 0, 0
    while code == 0 do
      local got
      got, code = next_batch()
      rows = rows + (got and #got.rows or 0)
    end
    assert.equal(C.WEIR_ESTOPPED, code)
    assert.is_true(rows > 0 and rows < count)
    assert.equal(count - rows, support.counter(source, "datagrams_dropped"))
  end)

  it("that have arrived are taken when the source is stopped", function()
    local path = support.path("s") -- where what was sent has arrived
    open({ transport = C.WEIR_TRANSPORT_UNIX_DATAGRAM, address = path })
    sockets.datagrams(path):send('{"a":1}')
    source.ops.cancel(source)
    assert.same({ '{"a":1}' }, next_batch().rows)
    local _, code = next_batch()
    assert.equal(C.WEIR_ESTOPPED, code)
  end)

  it("come over a Unix socket, as many as are there in one batch", function()
    local path = support.path("s")
    open({ transport = C.WEIR_TRANSPORT_UNIX_DATAGRAM, address = path })
    local one = sockets.datagrams(path)
    one:send('{"a":1}')
    one:send('{"a":2}')
    assert.same({ '{"a":1}', '{"a":2}' }, next_batch().rows)
  end)

  it("go out one a record", function()
    local server = sockets.receive()
    local out = sink("127.0.0.1:" .. server.port)
    local rows = {}
    for i = 1, 100 do
      rows[i] = ('{"n":%d}'):format(i)
    end
    assert.equal(0, (sinks.write(out, rows)))
    for i = 1, 100 do
      assert.equal(rows[i], server:read())
    end
    assert.equal(100, support.counter(out, "datagrams_sent"))
    assert.equal(0, (sinks.finish(out)))
  end)

  it("longer than one can be are refused, and the others go out", function()
    local server = sockets.receive()
    local out = sink("127.0.0.1:" .. server.port)
    local code, written, reasons = sinks.write(out,
      { '{"a":1}', '{"a":"' .. ("x"):rep(70000) .. '"}', '{"a":3}' })
    assert.same({ 0, 3 }, { code, written })
    assert.matches("longer", reasons[1])
    assert.equal('{"a":1}', server:read())
    assert.equal('{"a":3}', server:read())
    sinks.finish(out)
  end)

  it("that nobody takes are counted, as far as the other machine says so", function()
    local server = sockets.receive()
    local out = sink("127.0.0.1:" .. server.port)
    server:close()
    for _ = 1, 3 do
      assert.equal(0, (sinks.write(out, { '{"a":1}' })))
    end
    assert.is_true(support.counter(out, "datagrams_refused") > 0)
    sinks.finish(out)
  end)

  it("wait for a Unix socket that is full, and fail if it stays so", function()
    local path = support.path("s")
    local server = sockets.receive_path(path)
    local unix = C.WEIR_TRANSPORT_UNIX_DATAGRAM
    local out = sink(path, { transport = unix, timeout_ns = 20 * MS, retries = 1 })
    local rows = {}
    for i = 1, 5000 do
      rows[i] = ('{"n":%d}'):format(i)
    end
    local code, written = sinks.write(out, rows)
    assert.equal(-110, code)
    for i = 1, written do
      assert.equal(rows[i], server:read())
    end
    sinks.finish(out, true)
  end)
end)
