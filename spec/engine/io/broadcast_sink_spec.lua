local engine = require("spec.support.engine")
local ffi = require("ffi")
local sinks = require("spec.support.sink")
local sockets = require("spec.support.sockets")
local support = require("spec.engine.io.support")
local tls_peer = require("spec.support.tls_peer")

local C = engine.load("engine/io/broadcast_sink.h", "engine/wire/frame.h")

local certificates = require("spec.support.certificates").each_block()

local MS, S = 1e6, 1e9

local OVERFLOWS = {
  block = C.WEIR_AUDIENCE_BLOCK,
  drop_oldest = C.WEIR_AUDIENCE_DROP_OLDEST,
  disconnect = C.WEIR_AUDIENCE_DISCONNECT,
}

local sink

local function open(options)
  options = options or {}
  local tls = options.tls and ffi.new("weir_tls_options", options.tls)
  local out = ffi.new("weir_sink *[1]")
  assert(C.weir_broadcast_sink_new(out, ffi.new("weir_audience_options", {
    address = options.address or "127.0.0.1:0",
    transport = options.transport or C.WEIR_TRANSPORT_TCP,
    overflow = OVERFLOWS[options.overflow or "block"],
    max_connections = options.max_connections or 100,
    max_pending = options.max_pending or 2 ^ 16,
    timeout_ns = options.timeout_ns or 60 * S,
    handshake_timeout_ns = options.handshake_timeout_ns or 60 * S,
    tls = tls,
  }), options.frame or C.WEIR_FRAME_LINE, options.encoder or C.weir_json_encoder_new()) == 0)
  sink = out[0]
  return tonumber(ffi.string(sink.place):match(":(%d+)$"))
end

local function counter(name)
  return support.counter(sink, name)
end

-- The thread counts in its own time, and only a hang lasts for long.
local function until_counted(name, count)
  while counter(name) < count do end
end

-- Somebody who is known to the sink.
local function come(port)
  local before = counter("connections_opened")
  local peer = sockets.connect(port)
  until_counted("connections_opened", before + 1)
  return peer
end

local function write(...)
  local code, written = sinks.write(sink, { ... })
  assert.equal(0, code, ffi.string(sink.message))
  assert.equal(select("#", ...), written)
end

local function finish(failed)
  local code = sinks.finish(sink, failed)
  sink = nil
  return code
end

-- A large row with a number.
local function row(n)
  return ('{"n":%d,"text":"%s"}'):format(n, ("x"):rep(1000))
end

-- Fifty of them, behind so many; gives their lines.
local function write_some(before)
  local rows = {}
  for k = 1, 50 do
    rows[k] = row(before + k)
  end
  write(unpack(rows))
  return table.concat(rows, "\n") .. "\n"
end

-- Beside: comes, reads all to the end, and leaves it in a file.
local function reader(port, path, connect)
  sockets.beside(function()
    local peer = connect and connect() or sockets.connect(port)
    local file = assert(io.open(path .. ".part", "wb"))
    file:write(peer:read_all(), "")
    file:close()
    os.rename(path .. ".part", path)
  end)
end

local function text_of(path)
  local file = assert(io.open(path, "rb"))
  local text = file:read("*a")
  file:close()
  return text
end

describe("a sink that listens", function()
  after_each(function()
    if sink then
      C.weir_sink_free(sink)
      sink = nil
    end
    sockets.clean()
    support.clean()
  end)

  it("gives every record to everybody who has come", function()
    local port = open()
    local one, two = come(port), come(port)
    write('{"a":1}', '{"a":2}')
    local three = come(port)
    write('{"a":3}')
    assert.equal(0, finish())
    assert.equal('{"a":1}\n{"a":2}\n{"a":3}\n', one:read_all())
    assert.equal('{"a":1}\n{"a":2}\n{"a":3}\n', two:read_all())
    assert.equal('{"a":3}\n', three:read_all())
  end)

  it("has records wait until somebody comes", function()
    local port = open()
    local path = support.path("got")
    reader(port, path)
    write('{"a":1}')
    write('{"a":2}')
    assert.equal(0, finish())
    sockets.wait()
    assert.equal('{"a":1}\n{"a":2}\n', text_of(path))
  end)

  it("stops waiting when it is told to", function()
    open()
    sink.ops.cancel(sink)
    assert.equal(C.WEIR_ESTOPPED, (sinks.write(sink, { '{"a":1}' })))
    assert.equal(C.WEIR_ESTOPPED, finish())
  end)

  it("has a header for each, and frames", function()
    local port = open({ encoder = support.csv() })
    local one = come(port)
    write('{"a":1,"b":2}')
    local two = come(port)
    write('{"a":3,"b":4}')
    assert.equal(0, finish())
    assert.equal("a,b\n1,2\n3,4\n", one:read_all())
    assert.equal("a,b\n3,4\n", two:read_all())
    port = open({ frame = C.WEIR_FRAME_LENGTH })
    one = come(port)
    write('{"a":1}')
    assert.equal(0, finish())
    assert.equal('\0\0\0\7{"a":1}', one:read_all())
  end)

  it("listens on a path", function()
    local path = support.path("s")
    open({ transport = C.WEIR_TRANSPORT_UNIX, address = path })
    local got = support.path("got")
    reader(nil, got, function()
      return sockets.connect_path(path)
    end)
    write('{"a":1}')
    assert.equal(0, finish()) -- when it has been read
    sockets.wait()
    assert.equal('{"a":1}\n', text_of(got))
    assert.is_nil(io.open(path))
  end)

  it("says at once where it cannot listen", function()
    local server = sockets.listen()
    open({ address = "127.0.0.1:" .. server.port })
    assert.matches("cannot listen", ffi.string(sink.message))
    assert.equal(-98, (sinks.write(sink, { '{"a":1}' })))
    assert.equal(-98, finish())
  end)

  it("does not wait for long for who does not read its goodbye", function()
    local path = support.path("s")
    open({ transport = C.WEIR_TRANSPORT_UNIX, address = path, timeout_ns = 200 * MS })
    local deaf = sockets.connect_path(path)
    until_counted("connections_opened", 1)
    write('{"a":1}')
    sink.ops.finish(sink, 0)
    assert.equal(1, counter("connections_slow"))
    assert.equal('{"a":1}\n', deaf:read_all())
  end)

  it("goes on when somebody has gone", function()
    local port = open()
    local stays, goes, resets = come(port), come(port), come(port)
    write('{"a":1}')
    goes:close()
    resets:reset()
    write('{"a":2}')
    write('{"a":3}')
    until_counted("connections_closed", 2)
    assert.equal(0, finish())
    assert.equal('{"a":1}\n{"a":2}\n{"a":3}\n', stays:read_all())
  end)

  it("gives to who says nothing more, and keeps for the next one what nobody took", function()
    local port = open()
    local goes, listens = come(port), come(port)
    listens:finish()
    goes:close()
    write('{"a":1}')
    assert.equal('{"a":1}\n', listens:read())
    listens:close()
    local path = support.path("got")
    reader(port, path)
    write('{"a":2}')
    assert.equal(0, finish())
    sockets.wait()
    assert.equal('{"a":2}\n', text_of(path))
  end)

  it("takes no notice of what peers say, however much that is", function()
    local port = open()
    local one = come(port)
    for _ = 1, 100 do
      one:send(("hello\n"):rep(1000))
    end
    write('{"a":1}')
    assert.equal(0, finish())
    assert.equal('{"a":1}\n', one:read())
  end)

  it("lets the slowest set the pace, and loses nothing", function()
    local port = open()
    local slow = support.path("slow")
    local fast = support.path("fast")
    reader(port, fast)
    reader(port, slow, function()
      local peer = sockets.connect(port)
      peer:set_receive_room(65536)
      return peer
    end)
    until_counted("connections_opened", 2)
    local expected = {}
    for i = 1, 40 do
      expected[i] = write_some(50 * i)
    end
    assert.equal(0, finish())
    sockets.wait()
    expected = table.concat(expected)
    assert.is_true(text_of(slow) == expected)
    assert.is_true(text_of(fast) == expected)
  end)

  it("closes who takes nothing for too long", function()
    local port = open({ timeout_ns = 50 * MS, max_connections = 1 })
    local hung = come(port)
    hung:set_receive_room(4096)
    reader(port, support.path("got")) -- let in when the other is gone
    local count = 0
    while counter("connections_slow") == 0 do
      -- Few, so that the other one's machine takes them at once, and it is never late.
      count = count + 4
      write(row(count - 3), row(count - 2), row(count - 1), row(count))
    end
    assert.is_true(counter("bytes_unconfirmed") > 0)
    finish(true)
  end)

  it("does not wait for who is slow, who misses the oldest, as whole records", function()
    local port = open({ overflow = "drop_oldest" })
    local path, done = support.path("slow"), support.path("done")
    reader(port, path, function()
      local peer = sockets.connect(port)
      peer:set_receive_room(65536)
      sockets.until_there(done)
      return peer
    end)
    until_counted("connections_opened", 1)
    local last = 0
    while counter("records_missed") < 1000 do
      write_some(last)
      last = last + 50
    end
    io.open(done, "w"):close()
    local missed = counter("records_missed")
    -- What is missed until the end is counted before it is freed.
    sink.ops.finish(sink, 0)
    assert.equal(missed, counter("records_missed"))
    C.weir_sink_free(sink)
    sink = nil
    sockets.wait()
    local got, before = 0, 0
    for line in text_of(path):gmatch("[^\n]+") do
      local n = tonumber(line:match('^{"n":(%d+),"text":"x+"}$'))
      assert.is_true(n and n > before and #line == #row(n), line:sub(1, 40))
      got, before = got + 1, n
    end
    assert.equal(last, before)
    assert.equal(last, got + missed)
  end)

  it("closes who is too far behind, and counts what nobody was there for", function()
    local port = open({ overflow = "disconnect" })
    write('{"a":1}', '{"a":2}')
    assert.equal(2, counter("records_unheard"))
    local slow = come(port)
    slow:set_receive_room(4096)
    local n = 0
    while counter("connections_slow") == 0 do
      n = n + 1
      write(row(n), row(n), row(n), row(n), row(n))
    end
    local stays = come(port)
    write('{"a":3}')
    assert.equal(0, finish())
    assert.equal('{"a":3}\n', stays:read_all())
  end)

  for _, overflow in ipairs({ "drop_oldest", "disconnect" }) do
    it("takes nobody for slow who has room, however much is said at once: " .. overflow, function()
      local port = open({ overflow = overflow, max_pending = 1000 })
      local one = come(port)
      local rows = {}
      for i = 1, 50 do
        rows[i] = row(i)
      end
      write('{"a":1}')
      write(unpack(rows))
      assert.equal(0, counter("records_missed") + counter("connections_slow"))
      assert.equal(0, finish())
      assert.equal('{"a":1}\n' .. table.concat(rows, "\n") .. "\n", one:read_all())
    end)
  end

  it("lets no more in than it may", function()
    local port = open({ max_connections = 2 })
    local one = come(port)
    come(port)
    local three = sockets.connect(port)
    until_counted("accepts_paused", 1)
    assert.equal(2, counter("connections_open"))
    write('{"a":1}')
    one:close()
    write('{"a":2}')
    until_counted("connections_opened", 3)
    write('{"a":3}')
    assert.equal(0, finish())
    assert.equal('{"a":3}\n', three:read_all():sub(-8))
  end)

  it("speaks TLS, to those who can", function()
    local host = {
      cert = certificates "host.pem", key = certificates "host.key", ca = certificates "ca.pem",
      listens = 1,
    }
    local port = open({ tls = host, handshake_timeout_ns = 30 * S })
    local path = support.path("got")
    local garbage, silent = sockets.connect(port), sockets.connect(port)
    garbage:send("GET / HTTP/1.0\r\n\r\n")
    until_counted("handshakes_failed", 1)
    reader(port, path, function()
      return assert(tls_peer.connect(port, {
        cert = certificates "client.pem", key = certificates "client.key",
        ca = certificates "ca.pem",
      }))
    end)
    local expected = {}
    for i = 1, 60 do
      expected[i] = write_some(50 * i)
    end
    assert.equal(1, counter("connections_opened"))
    assert.equal(0, finish())
    sockets.wait()
    assert.is_true(text_of(path) == table.concat(expected))
    assert.is_nil(silent:read())
  end)

  for failed, expected in pairs({ [false] = "WEIR_EEND", [true] = "WEIR_ETRUNCATED" }) do
    it("says goodbye over TLS when that was all, and only then: " .. expected, function()
      local port = open({
        tls = { cert = certificates "host.pem", key = certificates "host.key", listens = 1 },
      })
      local path = support.path("end")
      sockets.beside(function()
        local peer = assert(tls_peer.connect(port, { ca = certificates "ca.pem" }))
        local text, code = peer:read_all()
        local file = assert(io.open(path, "w"))
        file:write(text, code)
        file:close()
      end)
      write('{"a":1}')
      assert.equal(0, finish(failed))
      sockets.wait()
      assert.equal('{"a":1}\n' .. C[expected], text_of(path))
    end)
  end

  it("has a slow peer over TLS miss whole records only", function()
    local port = open({
      overflow = "drop_oldest",
      tls = { cert = certificates "host.pem", key = certificates "host.key", listens = 1 },
    })
    local path, done = support.path("slow"), support.path("done")
    reader(port, path, function()
      local peer = assert(tls_peer.connect(port, { ca = certificates "ca.pem" }))
      sockets.until_there(done)
      return peer
    end)
    until_counted("connections_opened", 1)
    local last = 0
    while counter("records_missed") < 1000 do
      write_some(last)
      last = last + 50
    end
    io.open(done, "w"):close()
    local missed = counter("records_missed")
    assert.equal(0, finish())
    sockets.wait()
    local got = 0
    for line in text_of(path):gmatch("[^\n]+") do
      local n = tonumber(line:match('^{"n":(%d+),"text":"x+"}$'))
      assert.is_true(n and #line == #row(n))
      got = got + 1
    end
    assert.equal(last, got + missed)
  end)
end)
