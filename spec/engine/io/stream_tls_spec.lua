--- Streams over TLS: what differs from plain ones, and what hostile peers may try.

local engine = require("spec.support.engine")
local ffi = require("ffi")
local sinks = require("spec.support.sink")
local sockets = require("spec.support.sockets")
local support = require("spec.engine.io.support")
local tls_peer = require("spec.support.tls_peer")

local C = engine.load("engine/io/stream_source.h", "engine/io/stream_sink.h",
  "engine/base/clock.h", "engine/base/mem.h")

local certificates = require("spec.support.certificates").each_block()

local MS, S = 1e6, 1e9
local REJECTED, PROTOCOL = -129, -71 -- errno
local NEVER = { max = 0, backoff_ns = 1 * S, max_backoff_ns = 4 * S }

local source, pool

local clock = support.ticking_clock()

local function host()
  return { cert = certificates "host.pem", key = certificates "host.key", listens = 1 }
end

local function host_that_asks()
  local out = host()
  out.ca = certificates "ca.pem"
  return out
end

local function trusting(fields)
  local out = { ca = certificates "ca.pem" }
  for name, value in pairs(fields or {}) do
    out[name] = value
  end
  return out
end

local function client(name)
  name = name or "client"
  return trusting({ cert = certificates(name .. ".pem"), key = certificates(name .. ".key") })
end

local function open(options)
  options = options or {}
  clock.now, clock.tick = 1000 * S, (options.tick_s or 0) * S
  local tls = ffi.new("weir_tls_options", options.tls or host())
  local given = ffi.new("weir_gate_options", {
    address = options.address or "127.0.0.1:0",
    connects = options.connects and 1 or 0,
    max_connections = options.max_connections or 100,
    max_record = options.max_record or 2 ^ 20,
    handshake_timeout_ns = 10 * S,
    connect_timeout_ns = 5 * S,
    patient = options.patient and 1 or 0,
    retries = options.retries or NEVER,
    tls = tls,
    clock = clock.own,
  })
  local out = ffi.new("weir_source *[1]")
  assert(C.weir_stream_source_new(out, given, C.weir_json_decoder_new(0)) == 0)
  source, pool = out[0], C.weir_pool_new(4)
  return tonumber(ffi.string(source.place):match(":(%d+)$"))
end

local function counter(name, of)
  return support.counter(of or source, name)
end

local function next_batch()
  local batch = C.weir_batch_new(pool)
  local code = source.ops.next(source, batch)
  local got = { rows = {}, faults = {}, code = code }
  for i = 0, code == 0 and batch.row_count - 1 or -1 do
    local span = batch.rows[i]
    got.rows[i + 1] = ffi.string(batch.bytes.bytes + span.start, span["end"] - span.start)
  end
  for i = 0, code == 0 and batch.fault_count - 1 or -1 do
    local span = batch.faults[i].span
    got.faults[i + 1] = ffi.string(batch.bytes.bytes + span.start, span["end"] - span.start)
    got.fault = batch.faults[i].code
  end
  C.weir_batch_unref(batch)
  return got
end

-- Reads until so many rows and faults have come.
local function read(count)
  local all = { rows = {}, faults = {} }
  while #all.rows + #all.faults < count do
    local got = next_batch()
    assert.equal(0, got.code, ffi.string(source.message))
    all.fault = got.fault or all.fault
    for _, row in ipairs(got.rows) do
      table.insert(all.rows, row)
    end
    for _, fault in ipairs(got.faults) do
      table.insert(all.faults, fault)
    end
  end
  return all
end

-- Reads rows until it is so; there is always somebody who sends more.
local function read_until(is_so)
  while not is_so() do
    assert.equal(0, next_batch().code)
  end
end

local function close()
  if source then
    C.weir_source_free(source)
    C.weir_pool_free(pool)
    source = nil
  end
end

-- A good peer that sends for as long as it is let.
local function chatter(port, given)
  sockets.beside(function()
    local peer = assert(tls_peer.connect(port, given or trusting()))
    while true do
      peer:send('{"chatter":1}\n')
    end
  end)
end

-- In a process beside: connects, does something, and ends without a word of its own.
local function beside(port, given, act)
  sockets.beside(function()
    act(assert(tls_peer.connect(port, given)))
  end)
end

-- Comes beside, and is not let in: what it hears, once that is there.
local function refusal(port, given, name)
  local path = support.path(name)
  sockets.beside(function()
    local peer, code, message = tls_peer.connect(port, given)
    if peer then
      local _
      _, code, message = peer:read()
    end
    local file = io.open(path .. ".part", "w")
    file:write(code, " ", message)
    file:close()
    os.rename(path .. ".part", path)
  end)
  return function()
    sockets.until_there(path)
    local file = assert(io.open(path))
    local text = file:read("*a")
    file:close()
    return text
  end
end

local function clean()
  close()
  sockets.clean()
  support.clean()
end

describe("a source over TLS", function()
  after_each(clean)

  it("gives the records of a peer, to its goodbye", function()
    local port = open()
    beside(port, trusting(), function(peer)
      peer:send('{"a":1}\n{"a":2}')
      peer:finish()
    end)
    assert.same({ '{"a":1}', '{"a":2}' }, read(2).rows)
    sockets.wait()
    assert.equal(0, counter("connections_cut"))
    assert.equal(1, counter("connections_opened"))
  end)

  it("gives many, and large ones, in order", function()
    local port = open()
    beside(port, trusting(), function(peer)
      local parts = {}
      for i = 1, 3000 do
        parts[i] = ('{"n":%d,"text":"%s"}\n'):format(i, ("x"):rep(i * 7919 % 3000))
      end
      peer:send(table.concat(parts))
      peer:send('{"n":3001,"text":"' .. ("y"):rep(500000) .. '"}\n')
      peer:finish()
    end)
    local rows = read(3001).rows
    for i = 1, 3001 do
      assert.equal(tostring(i), rows[i]:match('"n":(%d+)'))
    end
    assert.equal(500000, #rows[3001]:match("y+"))
  end)

  it("tells an end without a goodbye from one with it", function()
    local port = open()
    beside(port, trusting(), function(peer)
      peer:send('{"a":1}\n{"a":')
      peer:cut()
      peer:read()
    end)
    local all = read(2)
    assert.same({ '{"a":1}' }, all.rows)
    assert.same({ '{"a":' }, all.faults)
    assert.equal(C.WEIR_ETRUNCATED, all.fault)
    assert.equal(1, counter("connections_cut"))
  end)

  it("knows a record of TLS that is cut off from one that is whole", function()
    local port = open()
    beside(port, trusting(), function(peer)
      peer:send('{"a":1}\n')
      peer:send_raw("\23\3\3\64\0" .. ("z"):rep(1000))
      peer:cut()
      peer:read()
    end)
    assert.same({ '{"a":1}' }, read(1).rows)
    chatter(port)
    read_until(function()
      return counter("connections_cut") == 1
    end)
  end)

  it("says what a reset left behind", function()
    local port = open()
    beside(port, trusting(), function(peer)
      peer:send('{"a":1}\n{"a":')
      peer:reset()
    end)
    local all = read(2)
    assert.same({ '{"a":' }, all.faults)
    assert.equal(1, counter("connections_reset"))
  end)

  it("takes what has arrived when it is stopped", function()
    local port = open()
    local path = support.path("sent")
    beside(port, trusting(), function(peer)
      peer:send('{"a":1}\n')
      peer:send('{"a":2}\n' .. ('{"more":1}\n'):rep(200))
      io.open(path, "w"):close()
      peer:read()
    end)
    local got = #read(1).rows
    sockets.until_there(path)
    source.ops.cancel(source)
    local batch
    repeat
      batch = next_batch()
      got = got + #batch.rows
    until batch.code ~= 0
    assert.equal(C.WEIR_ESTOPPED, batch.code)
    assert.equal(202, got)
  end)

  it("reads nothing while nobody asks, so that a peer waits", function()
    local port = open()
    local path = support.path("sent")
    beside(port, trusting(), function(peer)
      local chunk = ('{"text":"%s"}\n'):format(("x"):rep(900)):rep(100)
      for i = 1, 400 do
        peer:send(chunk)
        local file = io.open(path, "w")
        file:write(i)
        file:close()
      end
      peer:finish()
    end)
    local rows = #read(1).rows
    while rows < 40000 do
      rows = rows + #read(1).rows
    end
    assert.equal(40000, rows)
  end)

  it("lets in whose certificate its authority has issued, and nobody else", function()
    local port = open({ tls = host_that_asks() })
    local stranger = refusal(port, client("foreign"), "stranger")
    local nobody = refusal(port, trusting(), "nobody")
    chatter(port, client())
    read_until(function()
      return counter("certificates_refused") == 2
    end)
    assert.matches("-129 the peer does not know who issued our certificate", stranger(), 1, true)
    assert.matches("-129 the peer wants a certificate", nobody(), 1, true)
    assert.equal(1, counter("connections_opened"))
  end)

  it("has no time for silence, garbage and half a handshake", function()
    local port = open({ tick_s = 0.02 })
    local silent, half, garbage = sockets.connect(port), sockets.connect(port),
      sockets.connect(port)
    half:send("\22\3\1\2\0\1\0\1\252\3\3")
    garbage:send("GET / HTTP/1.0\r\n\r\n")
    chatter(port)
    read_until(function()
      return counter("handshakes_slow") == 2 and counter("handshakes_failed") == 1
    end)
    assert.is_nil(silent:read())
    garbage:read_all()
    assert.equal(1, counter("connections_opened"))
  end)

  it("survives whatever is sent as a handshake", function()
    local port = open({ max_connections = 4 })
    chatter(port)
    read(1)
    local seed = os.time()
    math.randomseed(seed)
    local hello = "\22\3\1\0\200\1\0\0\196\3\3" .. ("r"):rep(32) .. "\0\0\8\19\1\19\2\0\255\1\0\1"
    for i = 1, 60 do
      local bytes = {}
      for k = 1, math.random(300) do
        bytes[k] = string.char(math.random(0, 255))
      end
      local noise = table.concat(bytes)
      local at = math.random(#hello)
      local stranger = sockets.connect(port)
      stranger:send(i % 3 == 0 and noise or i % 3 == 1 and hello:sub(1, at) .. noise
        or hello:sub(1, at - 1) .. noise:sub(1, 1) .. hello:sub(at + 1) .. noise)
      if i % 2 == 0 then
        stranger:reset()
      else
        stranger:finish()
      end
      assert(#read(1).rows > 0, "seed " .. seed)
    end
    read_until(function()
      return counter("handshakes_failed") == 60
    end)
    assert.equal(1, counter("connections_opened"))
  end)

  it("ends a connection in which somebody has changed a byte", function()
    local port = open()
    beside(port, trusting(), function(peer)
      peer:send('{"a":1}\n')
      peer:send_raw("\23\3\3\0\32" .. ("z"):rep(32))
      peer:send('{"a":2}\n')
      peer:read()
    end)
    assert.same({ '{"a":1}' }, read(1).rows)
    chatter(port)
    read_until(function()
      return counter("connections_reset") == 1
    end)
  end)

  it("holds little for each of many peers who begin a handshake", function()
    local port = open({ max_connections = 300 })
    chatter(port)
    read(1)
    local before = tonumber(C.weir_mem_used())
    local strangers = {}
    for i = 1, 200 do
      strangers[i] = sockets.connect(port)
      strangers[i]:send("\22\3\1\64\0\1\0\63\252\3\3" .. ("x"):rep(4000))
    end
    read(200)
    assert.is_true(tonumber(C.weir_mem_used()) - before < 200 * 64 * 1024 + 2 ^ 20)
  end)

  it("takes a new certificate for those who come later, and no bad one", function()
    local cert, key = support.path("cert.pem"), support.path("key.pem")
    local function put(name)
      os.execute(("cp %s %s.new && mv %s.new %s"):format(certificates(name), cert, cert, cert))
    end
    put("other.pem")
    os.execute(("cp %s %s"):format(certificates "host.key", key))
    local port = open({ tls = { cert = cert, key = key, listens = 1 } })
    local function come(name)
      beside("127.0.0.1:" .. port, trusting({ name = name }), function(peer)
        peer:send('{"a":1}\n')
        peer:finish()
      end)
      read(1)
      sockets.wait()
    end
    come("other.example")
    put("host.pem")
    come("localhost")
    assert.equal(1, counter("certificates_renewed"))
    put("client.pem")
    come("localhost")
    assert.equal(1, counter("certificates_unusable"))
  end)
end)

-- What a source or a sink that connects says of a host with this certificate.
local function connect(cert, key, options)
  local server = sockets.free_port()
  local pipe = io.popen(("openssl s_server -accept 127.0.0.1:%d -cert %s -key %s %s -quiet"
    .. " >/dev/null 2>&1 & echo $!"):format(server, certificates(cert), certificates(key),
    options.server or ""))
  local pid = pipe:read("*n")
  pipe:close()
  local tls = ffi.new("weir_tls_options", options.tls or trusting())
  local out = ffi.new("weir_sink *[1]")
  assert(C.weir_stream_sink_new(out, ffi.new("weir_stream_sink_options", {
    address = (options.host or "localhost") .. ":" .. server,
    timeout_ns = 300 * S,
    connect_timeout_ns = 300 * S,
    retries = { max = 1e5, backoff_ns = 5 * MS, max_backoff_ns = 50 * MS },
    encoder = C.weir_json_encoder_new(),
    clock = C.weir_clock_real(),
    tls = tls,
  })) == 0)
  local code = sinks.write(out[0], { '{"a":1}' })
  local finished, message = sinks.finish(out[0], code ~= 0)
  ffi.C.kill(pid, 9)
  return code ~= 0 and code or finished, message
end

describe("a sink over TLS", function()
  after_each(clean)

  it("knows its peer by an authority and by its name", function()
    assert.equal(0, (connect("host.pem", "host.key", {})))
    assert.equal(0, (connect("host.pem", "host.key", { host = "127.0.0.1" })))
    assert.equal(0, (connect("alone.pem", "alone.key",
      { tls = { ca = certificates "alone.pem" } })))
    assert.equal(0, (connect("other.pem", "host.key",
      { tls = trusting({ name = "other.example" }) })))
    assert.equal(0, (connect("foreign.pem", "foreign.key", { tls = { accepts_any = 1 } })))
  end)

  it("says at once why it does not trust it, and what would help", function()
    local function refused(expected, ...)
      local code, message = connect(...)
      assert.equal(REJECTED, code, message)
      assert.matches(expected, message)
    end
    refused("is for DNS:other%.example, and not for localhost; .*name = ", "other.pem",
      "host.key", {})
    refused("of /CN=localhost expired on %d%d%d%d%-", "expired.pem", "host.key", {})
    refused("issued by /CN=nobody, which nothing here knows; .*ca = ", "foreign.pem",
      "foreign.key", {})
    refused("vouches for itself", "alone.pem", "alone.key", {})
  end)

  for _, version in ipairs({ "-tls1_2", "-tls1_3" }) do
    it("hears that its own certificate is refused, or missed: " .. version, function()
      local asks = { server = version .. " -verify_return_error -Verify 1 -CAfile "
        .. certificates "ca.pem" }
      local function with(tls)
        asks.tls = tls
        return connect("host.pem", "host.key", asks)
      end
      assert.equal(0, (with(client())))
      local code, message = with(trusting())
      assert.equal(version == "-tls1_3" and REJECTED or PROTOCOL, code, message)
      assert.matches("wants a certificate", message)
      code, message = with(client("foreign"))
      assert.equal(REJECTED, code, message)
      assert.matches("does not know who issued our certificate", message)
    end)
  end

  it("speaks nothing older than TLS 1.2", function()
    local code, message = connect("host.pem", "host.key",
      { server = "-tls1_1 -cipher DEFAULT@SECLEVEL=0" })
    assert.is_true(code ~= 0)
    assert.is_true(#message > 20)
  end)
end)
