local engine = require("spec.support.engine")
local ffi = require("ffi")
local sinks = require("spec.support.sink")
local sockets = require("spec.support.sockets")
local support = require("spec.engine.io.support")

local C = engine.load("engine/io/stream_sink.h", "engine/wire/frame.h")

local MS, S = 1e6, 1e9

local function open(address, options)
  options = options or {}
  local out = ffi.new("weir_sink *[1]")
  assert(C.weir_stream_sink_new(out, ffi.new("weir_stream_sink_options", {
    address = address,
    transport = options.transport or C.WEIR_TRANSPORT_TCP,
    frame = options.frame or C.WEIR_FRAME_LINE,
    timeout_ns = options.timeout_ns or 300 * S,
    connect_timeout_ns = 300 * S,
    retries = { max = options.retries or 3, backoff_ns = 1 * MS, max_backoff_ns = 20 * MS },
    patient = options.patient and 1 or 0,
    encoder = options.encoder or C.weir_json_encoder_new(),
    clock = C.weir_clock_real(),
  })) == 0)
  return out[0]
end

describe("a stream sink", function()
  after_each(function()
    sockets.clean()
    support.clean()
  end)

  it("writes its rows, and is done when the peer's machine has them", function()
    local server = sockets.listen()
    local sink = open("127.0.0.1:" .. server.port)
    assert.equal(0, (sinks.write(sink, { '{"a":1}', '{"a":2}' })))
    assert.equal(0, (sinks.write(sink, { '{"a":3}' })))
    assert.equal(0, (sinks.finish(sink)))
    assert.equal('{"a":1}\n{"a":2}\n{"a":3}\n', server:accept():read_all())
  end)

  it("puts lengths and counts in front of records", function()
    for frame, expected in pairs({
      [C.WEIR_FRAME_LENGTH] = '\0\0\0\7{"a":1}\0\0\0\8{"a":22}',
      [C.WEIR_FRAME_OCTET_COUNT] = '7 {"a":1}8 {"a":22}',
    }) do
      local server = sockets.listen()
      local sink = open("127.0.0.1:" .. server.port, { frame = frame })
      assert.equal(0, (sinks.write(sink, { '{"a":1}', '{"a":22}' })))
      assert.equal(0, (sinks.finish(sink)))
      assert.equal(expected, server:accept():read_all())
    end
  end)

  it("tries without waiting, and goes on where it would have to wait", function()
    local server = sockets.listen()
    server:set_receive_room(4096)
    local sink = open("127.0.0.1:" .. server.port)
    local refused, written = ffi.new("weir_refusals"), ffi.new("uint32_t[1]")
    local function try(batch)
      return sink.ops.try_write(sink, batch, refused, written)
    end
    local rows = {}
    for i = 1, 60 do
      rows[i] = ('{"n":%d,"text":"%s"}'):format(i, ("x"):rep(200000))
    end
    local path = support.path("got")
    sinks.with_batch({ '{"a":1}' }, function(batch)
      assert.equal(C.WEIR_EEMPTY, try(batch)) -- there is no connection
      assert.equal(0, sink.ops.write(sink, batch, refused, written))
      assert.same({ 0, 1 }, { try(batch), written[0] })
    end)
    local peer = server:accept()
    sinks.with_batch(rows, function(batch)
      assert.same({ C.WEIR_EEMPTY, 0 }, { try(batch), written[0] })
      sockets.beside(function()
        local file = io.open(path, "wb")
        file:write(peer:read_all())
        file:close()
      end)
      assert.equal(0, sink.ops.write(sink, batch, refused, written))
      assert.equal(#rows, written[0])
    end)
    assert.equal(0, (sinks.finish(sink)))
    sockets.wait()
    local file = io.open(path, "rb")
    assert.equal('{"a":1}\n{"a":1}\n' .. table.concat(rows, "\n") .. "\n", file:read("*a"))
    file:close()
  end)

  it("connects again when the peer has gone, and begins there with the header", function()
    local server = sockets.listen()
    local sink = open("127.0.0.1:" .. server.port, { encoder = support.csv() })
    assert.equal(0, (sinks.write(sink, { '{"a":1,"b":2}' })))
    local first = server:accept()
    assert.equal("a,b\n1,2\n", first:read())
    first:reset()
    assert.equal(0, (sinks.write(sink, { '{"a":3,"b":4}' })))
    assert.equal(0, sink.ops.finish(sink, 0))
    assert.equal(1, support.counter(sink, "connections_broken"))
    C.weir_sink_free(sink)
    assert.equal("a,b\n3,4\n", server:accept():read_all())
  end)

  it("writes nothing to a peer that has gone without a word", function()
    local server = sockets.listen()
    local sink = open("127.0.0.1:" .. server.port)
    assert.equal(0, (sinks.write(sink, { '{"a":1}' })))
    local first = server:accept()
    assert.equal('{"a":1}\n', first:read())
    first:leave()
    assert.equal(0, (sinks.write(sink, { '{"a":2}' })))
    assert.equal('{"a":2}\n', server:accept():read())
    assert.equal(8, support.counter(sink, "bytes_sent_again"))
    sinks.finish(sink)
  end)

  it("goes on with a peer that says nothing more, and reads", function()
    local server = sockets.listen()
    local sink = open("127.0.0.1:" .. server.port)
    assert.equal(0, (sinks.write(sink, { '{"a":1}' })))
    local first = server:accept()
    first:send("hello\n")
    first:finish()
    assert.equal(0, (sinks.write(sink, { '{"a":2}' })))
    assert.equal(0, support.counter(sink, "connections_broken"))
    assert.equal(0, (sinks.finish(sink)))
    assert.equal('{"a":1}\n{"a":2}\n', first:read_all())
  end)

  it("sends again what a broken connection had under way", function()
    local server = sockets.listen()
    server:set_receive_room(4096)
    local rows, size = {}, 0
    for i = 1, 20000 do
      rows[i] = ('{"n":%d,"text":"%s"}'):format(i, ("x"):rep(i % 200))
      size = size + #rows[i] + 1
    end
    local path = support.path("got")
    sockets.beside(function()
      local parts = {}
      local first = server:accept()
      for _ = 1, 20 do
        parts[#parts + 1] = first:read()
      end
      first:reset()
      local file = io.open(path .. ".part", "wb")
      file:write(table.concat(parts), "\n", server:accept():read_all())
      file:close()
      os.rename(path .. ".part", path)
    end)
    local sink = open("127.0.0.1:" .. server.port)
    assert.equal(0, (sinks.write(sink, rows)))
    assert.equal(0, sink.ops.finish(sink, 0))
    assert.is_true(support.counter(sink, "bytes_sent_again") > 0)
    C.weir_sink_free(sink)
    sockets.wait()
    local seen = {}
    for line in io.lines(path) do
      seen[line] = true
    end
    for i = 1, #rows do
      assert.is_true(seen[rows[i]], "row " .. i)
    end
  end)

  it("gives up as its retries say, and says how much it could not confirm", function()
    local server = sockets.listen()
    local port = server.port
    server:close()
    local sink = open("127.0.0.1:" .. port)
    local code, written = sinks.write(sink, { '{"a":1}' })
    assert.same({ -111, 0 }, { code, written })
    assert.equal(4, support.counter(sink, "connects_failed"))
    assert.equal(8, support.counter(sink, "bytes_unconfirmed"))
    assert.matches("cannot be reached", ffi.string(sink.message))
    assert.equal(-111, (sinks.finish(sink)))
  end)

  it("does not wait for ever for a peer that takes nothing", function()
    local server = sockets.listen()
    server:set_receive_room(4096)
    local sink = open("127.0.0.1:" .. server.port, { timeout_ns = 50 * MS, retries = 0 })
    local rows = {}
    for i = 1, 60 do
      rows[i] = ('{"text":"%s"}'):format(("x"):rep(200000))
    end
    assert.equal(-110, (sinks.write(sink, rows)))
    assert.matches(": takes nothing: Connection timed out; timeout says", ffi.string(sink.message),
      1, true)
    sinks.finish(sink, true)
  end)

  it("stops waiting when it is told to", function()
    local server = sockets.listen()
    local port = server.port
    server:close()
    local sink = open("127.0.0.1:" .. port, { retries = 1e9 })
    sink.ops.cancel(sink)
    assert.equal(C.WEIR_ESTOPPED, (sinks.write(sink, { '{"a":1}' })))
    sinks.finish(sink, true)
  end)

  it("refuses rows that cannot be written, and writes the others", function()
    local server = sockets.listen()
    local sink = open("127.0.0.1:" .. server.port, { encoder = support.csv() })
    local code, _, reasons = sinks.write(sink, { '{"a":1}', '{"a":1,"z":2}', '{"a":3}' })
    assert.equal(0, code)
    assert.is_string(reasons[1])
    assert.equal(0, (sinks.finish(sink)))
    assert.equal("a\n1\n3\n", server:accept():read_all())
  end)
end)
