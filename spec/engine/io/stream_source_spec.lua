local engine = require("spec.support.engine")
local ffi = require("ffi")
local sockets = require("spec.support.sockets")
local support = require("spec.engine.io.support")

local C = engine.load("engine/io/stream_source.h", "engine/codec/lines.h",
  "engine/base/clock.h", "engine/base/mem.h")

local S = 1e9

local source, pool

local clock = support.ticking_clock()

local function open(options)
  options = options or {}
  clock.now, clock.tick = 1000 * S, (options.tick_s or 0) * S
  local given = ffi.new("weir_gate_options", {
    address = options.address or "127.0.0.1:0",
    transport = options.transport or C.WEIR_TRANSPORT_TCP,
    connects = options.connects and 1 or 0,
    frame = options.frame or C.WEIR_FRAME_LINE,
    max_connections = options.max_connections or 100,
    max_record = options.max_record or 1000,
    idle_timeout_ns = (options.idle_s or 0) * S,
    connect_timeout_ns = 5 * S,
    patient = options.patient and 1 or 0,
    retries = options.retries or { max = 0, backoff_ns = 1 * S, max_backoff_ns = 4 * S },
    clock = clock.own,
  })
  local out = ffi.new("weir_source *[1]")
  assert(C.weir_stream_source_new(out, given, options.decoder or C.weir_json_decoder_new(0)) == 0)
  source, pool = out[0], C.weir_pool_new(4)
  return tonumber(ffi.string(source.place):match(":(%d+)$"))
end

local function pass(seconds)
  clock.now = clock.now + seconds * S
end

local function counter(name)
  return support.counter(source, name)
end

-- The next batch: rows and faults with their peer and its position.
local function next_batch()
  local batch = C.weir_batch_new(pool)
  local code = source.ops.next(source, batch)
  local got = { rows = {}, faults = {}, code = code, peers = {}, positions = {} }
  local peer = ffi.new("weir_peer")
  local function add(list, span, position)
    list[#list + 1] = ffi.string(batch.bytes.bytes + span.start, span["end"] - span.start)
    if C.weir_peers_find(batch.peers, position, peer) == 1 then
      got.peers[#got.peers + 1] = ffi.string(peer.name)
      got.positions[#got.positions + 1] = tonumber(peer.position)
    end
  end
  for i = 0, code == 0 and batch.row_count - 1 or -1 do
    add(got.rows, batch.rows[i], batch.position + C.weir_batch_row_origin(batch, i).start)
  end
  for i = 0, code == 0 and batch.fault_count - 1 or -1 do
    local fault = batch.faults[i]
    add(got.faults, fault.span, batch.position + fault.span.start)
    got.fault = fault.code
  end
  C.weir_batch_unref(batch)
  return got
end

-- Reads until so many rows and faults have come; each call has something to wait for.
local function read(count)
  local all = { rows = {}, faults = {}, peers = {}, positions = {}, batches = 0 }
  while #all.rows + #all.faults < count do
    local got = next_batch()
    assert.equal(0, got.code)
    all.batches = all.batches + 1
    all.fault = got.fault or all.fault
    for _, kind in ipairs({ "rows", "faults", "peers", "positions" }) do
      for _, each in ipairs(got[kind]) do
        table.insert(all[kind], each)
      end
    end
  end
  return all
end

-- Ends the source: what it still gives, until it has stopped.
local function stop()
  source.ops.cancel(source)
  local rest = { rows = {}, faults = {} }
  while true do
    local got = next_batch()
    if got.code ~= 0 then
      assert.equal(C.WEIR_ESTOPPED, got.code)
      return rest
    end
    for _, row in ipairs(got.rows) do
      table.insert(rest.rows, row)
    end
    for _, fault in ipairs(got.faults) do
      table.insert(rest.faults, fault)
    end
    rest.fault = got.fault or rest.fault
  end
end

local function close()
  if source then
    C.weir_source_free(source)
    C.weir_pool_free(pool)
    source = nil
  end
end

describe("a stream source", function()
  after_each(function()
    close()
    sockets.clean()
    support.clean()
  end)

  it("gives the records of several peers, and knows whose each is", function()
    local port = open()
    local one, two = sockets.connect(port), sockets.connect(port)
    one:send('{"a":1}\n{"a":2}\n')
    two:send('{"b":1}\n')
    local all = read(3)
    table.sort(all.rows)
    assert.same({ '{"a":1}', '{"a":2}', '{"b":1}' }, all.rows)
    assert.equal(3, #all.peers)
    local names = {}
    for _, name in ipairs(all.peers) do
      assert.matches("^127%.0%.0%.1:%d+$", name)
      names[name] = true
    end
    assert.equal(2, #require("weir.lib.keys").sorted(names))
  end)

  it("counts positions in what each peer has sent", function()
    local port = open()
    local one = sockets.connect(port)
    one:send('{"a":1}\n{"a')
    assert.same({ 0 }, read(1).positions)
    one:send('":2}\n{"a":3}\n')
    local all = read(2)
    assert.same({ '{"a":2}', '{"a":3}' }, all.rows)
    assert.same({ 8, 16 }, all.positions)
  end)

  it("takes a last line without its newline, where the peer has ended well", function()
    local port = open()
    local one = sockets.connect(port)
    one:send('{"a":1}\n{"a":2}')
    one:close()
    assert.same({ '{"a":1}', '{"a":2}' }, read(2).rows)
  end)

  it("says what a reset left behind of a record, and from whom", function()
    local port = open()
    local one = sockets.connect(port)
    one:send('{"a":1}\n{"a":')
    assert.same({ '{"a":1}' }, read(1).rows)
    one:reset()
    local all = read(1)
    assert.same({ '{"a":' }, all.faults)
    assert.equal(C.WEIR_ETRUNCATED, all.fault)
    assert.same({ 8 }, all.positions)
    assert.matches("^127%.0%.0%.1:", all.peers[1])
    assert.equal(1, counter("connections_reset"))
  end)

  it("passes over a record that is too long, and goes on behind it", function()
    local port = open({ max_record = 20 })
    local one = sockets.connect(port)
    one:send('{"a":1}\n' .. ("x"):rep(5000) .. '\n{"a":2}\n')
    local all = read(3)
    assert.same({ '{"a":1}', '{"a":2}' }, all.rows)
    assert.equal(C.WEIR_ERECORD, all.fault)
    assert.equal(("x"):rep(4096), all.faults[1])
  end)

  it("reads records with their length in front", function()
    local port = open({ frame = C.WEIR_FRAME_LENGTH })
    local one = sockets.connect(port)
    one:send('\0\0\0\7{"a":1}\0\0\0\0\0\0\0\8{"a":22}\0\0')
    assert.same({ '{"a":1}', '{"a":22}' }, read(2).rows)
    one:send('\0\7{"a":3}\255\255\255\255garbage')
    local all = read(2)
    assert.same({ '{"a":3}' }, all.rows)
    assert.equal(C.WEIR_ECORRUPT, all.fault)
    assert.is_nil(one:read()) -- nothing after it can be understood
  end)

  it("reads records with their count of octets in front", function()
    local port = open({ frame = C.WEIR_FRAME_OCTET_COUNT, decoder = C.weir_lines_decoder_new("m") })
    local one = sockets.connect(port)
    one:send("6 <1>one7 <1>two\n<1>three\nwhat?\n5 <1>xy")
    local all = read(5)
    assert.same({ "<1>one", "<1>two", "<1>three", "<1>xy" }, all.rows)
    assert.same({ "what?\n" }, all.faults)
  end)

  it("closes who completes no record in time, be it silent or slow", function()
    local port = open({ idle_s = 10, tick_s = 0.1 })
    local slow, silent, busy = sockets.connect(port), sockets.connect(port), sockets.connect(port)
    slow:send('{"b":')
    local all = { faults = {} }
    while #all.faults == 0 do
      slow:send("1")
      busy:send('{"a":1}\n')
      all = next_batch()
    end
    assert.equal(C.WEIR_ETRUNCATED, all.fault)
    assert.matches('^{"b":1+$', all.faults[1])
    busy:send('{"a":2}\n')
    while read(1).rows[1] ~= '{"a":2}' do end
    assert.equal(2, counter("connections_idle"))
    assert.is_nil(silent:read())
    assert.is_nil(slow:read())
  end)

  it("does not count the time in which nobody asks", function()
    local port = open({ idle_s = 10 })
    local one = sockets.connect(port)
    one:send('{"a":1}\n')
    read(1)
    local batch = C.weir_batch_new(pool) -- as if a sink were slow
    pass(1000)
    C.weir_batch_unref(batch)
    one:send('{"a":2}\n')
    read(1)
    assert.equal(0, counter("connections_idle"))
  end)

  it("drops who begins more than there is memory for", function()
    local port = open({ max_record = 2 ^ 20 })
    local greedy, modest = sockets.connect(port), sockets.connect(port)
    modest:send('{"a":1}\n')
    read(1)
    greedy:send(("x"):rep(300000))
    modest:send('{"a":2}\n')
    local limit = tonumber(C.weir_mem_limit())
    C.weir_mem_set_limit(tonumber(C.weir_mem_used()) + 1000)
    local ok, problem = pcall(function()
      local all = { faults = {} }
      while #all.faults == 0 do
        modest:send('{"a":3}\n')
        all = next_batch()
      end
      assert.equal(C.WEIR_ETRUNCATED, all.fault)
      assert.equal(1, counter("connections_dropped"))
    end)
    C.weir_mem_set_limit(limit)
    assert(ok, problem)
  end)

  it("lets no more peers in than it may, and others when one has gone", function()
    local port = open({ max_connections = 2 })
    local one, two, three = sockets.connect(port), sockets.connect(port), sockets.connect(port)
    one:send('{"a":1}\n')
    two:send('{"a":2}\n')
    three:send('{"a":3}\n')
    local all = read(2)
    table.sort(all.rows)
    assert.same({ '{"a":1}', '{"a":2}' }, all.rows)
    assert.equal(1, counter("accepts_paused"))
    assert.equal(2, counter("connections_open"))
    one:close()
    assert.same({ '{"a":3}' }, read(1).rows)
    assert.equal(3, counter("connections_opened"))
    assert.equal(2, counter("connections_open"))
  end)

  it("goes on when descriptors have run out", function()
    local port = open()
    local one, two = sockets.connect(port), sockets.connect(port)
    one:send('{"a":1}\n')
    two:send('{"a":2}\n')
    sockets.with_descriptors(sockets.next_descriptor() + 1, function()
      assert.same({ '{"a":1}' }, read(1).rows)
      assert.equal(1, counter("accepts_paused"))
    end)
    pass(1)
    assert.same({ '{"a":2}' }, read(1).rows)
  end)

  it("leaves some descriptors to files and to connections of our own", function()
    local port, peers = open(), {}
    for i = 1, 40 do
      peers[i] = sockets.connect(port)
      peers[i]:send('{"a":1}\n')
    end
    sockets.with_descriptors(sockets.next_descriptor() + 20, function()
      read(1)
      assert.is_true(sockets.next_descriptor() >= 0)
      assert.equal(1, counter("accepts_paused"))
    end)
    pass(1)
    read(20)
  end)

  it("takes what has arrived when it is stopped, and then ends", function()
    local path = support.path("s") -- where what was sent has arrived
    open({ transport = C.WEIR_TRANSPORT_UNIX, address = path })
    local one = sockets.connect_path(path)
    one:send('{"a":1}\n')
    read(1)
    local two = sockets.connect_path(path)
    two:send('{"b":1}\n{"b":')
    one:send('{"a":2}\n')
    local rest = stop()
    table.sort(rest.rows)
    assert.same({ '{"a":2}', '{"b":1}' }, rest.rows)
    assert.same({ '{"b":' }, rest.faults)
    assert.is_nil(one:read())
  end)

  it("keeps a decoder for each peer where records hang on a header", function()
    local out = ffi.new("weir_decoder *[1]")
    assert(C.weir_csv_decoder_new(out, ffi.new("weir_csv_options", { header = 1 })) == 0)
    local port = open({ decoder = out[0] })
    local one, two = sockets.connect(port), sockets.connect(port)
    one:send("a,b\n1,")
    two:send("c\n3\n")
    assert.same({ "3" }, read(1).rows)
    one:send('"x\ny"\n')
    one:send("2,z")
    one:close()
    assert.same({ '1,"x\ny"', "2,z" }, read(2).rows)
    two:send('"never closed' .. ("x"):rep(2000) .. '\n')
    assert.equal(C.WEIR_ERECORD, read(1).fault)
    two:send("4\n")
    assert.same({ "4" }, read(1).rows)
  end)

  it("reads from a peer that it connects to, until that ends", function()
    local server = sockets.listen()
    open({ connects = true, address = "localhost:" .. server.port })
    assert.equal(1, source.bounded)
    sockets.beside(function()
      local client = server:accept()
      client:send('{"a":1}\n')
      client:close()
    end)
    local all = read(1)
    assert.same({ '{"a":1}' }, all.rows)
    assert.equal("127.0.0.1:" .. server.port, all.peers[1])
    assert.equal(C.WEIR_EEND, next_batch().code)
    assert.equal(0, counter("connections_open"))
    assert.is_true(source.hindrance == nil)
  end)

  it("comes back to a peer that has gone, and gives up on one that never was", function()
    local server = sockets.listen()
    local quick = { max = 2, backoff_ns = 1e6, max_backoff_ns = 5e6 }
    open({
      connects = true, address = "127.0.0.1:" .. server.port, retries = quick, tick_s = 1e-3,
    })
    assert.equal(0, source.bounded)
    sockets.beside(function()
      for i = 1, 5 do -- more often than it tries in a row
        local client = server:accept()
        client:send(('{"a":%d}\n{"left'):format(i))
        client:close()
      end
    end)
    server:close()
    local rows, faults, code = {}, 0, 0
    while code == 0 do
      local got = next_batch()
      code = got.code
      faults = faults + #got.faults
      for _, row in ipairs(got.rows) do
        rows[#rows + 1] = row
      end
    end
    assert.same({ '{"a":1}', '{"a":2}', '{"a":3}', '{"a":4}', '{"a":5}' }, rows)
    assert.equal(5, faults)
    -- Whoever came while the peer was going was let in, and then reset.
    assert.is_true(code == -111 or code == -104, tostring(code))
    assert.is_true(counter("connects_failed") + counter("connections_reset") >= 2)
    assert.matches("cannot be reached", ffi.string(source.message))
    assert.matches("^tcp 127.0.0.1:%d+ %(.+%)$", ffi.string(source.hindrance))
  end)

  it("looks names up, and says where there is none", function()
    -- No label may be that long, so nobody is asked.
    open({ connects = true, address = ("x"):rep(64) .. ".invalid:1" })
    assert.equal(C.WEIR_ENAME, next_batch().code)
    assert.matches("no address is found for x+%.invalid: ", ffi.string(source.message))
    assert.equal(1, counter("connects_failed"))
  end)

  it("gives up an address that does not answer", function()
    -- A backlog that is full answers nobody.
    local server = sockets.listen(nil, 0)
    for _ = 1, 2 do
      sockets.connect_soon(server.port)
    end
    open({ connects = true, address = "127.0.0.1:" .. server.port, tick_s = 10 })
    assert.equal(-110, next_batch().code)
  end)

  it("says at once where it cannot listen", function()
    local server = sockets.listen()
    open({ address = "127.0.0.1:" .. server.port })
    assert.matches("cannot listen", ffi.string(source.message))
    assert.equal(-98, next_batch().code)
  end)

  it("listens on the path of a Unix socket, also where a dead one is left", function()
    local path = support.path("s")
    open({ transport = C.WEIR_TRANSPORT_UNIX, address = path })
    local one = sockets.connect_path(path)
    one:send('{"a":1}\n')
    local all = read(1)
    assert.same({ '{"a":1}' }, all.rows)
    assert.matches("^pid %d+, uid %d+$", all.peers[1])
    close()
    assert.is_nil(io.open(path))
    sockets.receive_path(path):close() -- leaves its path
    open({ transport = C.WEIR_TRANSPORT_UNIX, address = path })
    assert.equal("", ffi.string(source.message))
  end)

  it("listens on every address of the machine", function()
    for _, address in ipairs({ ":0", "*:0" }) do
      local port = open({ address = address })
      sockets.connect(port):send('{"a":1}\n')
      assert.matches("^127%.0%.0%.1:%d+$", read(1).peers[1])
      sockets.connect6(port):send('{"a":2}\n')
      assert.matches("^%[::1%]:%d+$", read(1).peers[1])
      close()
    end
  end)

  it("listens on a name", function()
    local port = open({ address = "localhost:" .. sockets.free_port() })
    sockets.connect(port):send('{"a":1}\n')
    assert.matches("^127%.0%.0%.1:%d+$", read(1).peers[1])
  end)

  it("reads nothing while nobody asks, so that a peer waits", function()
    local port = open()
    local one = sockets.connect(port)
    local line = '{"text":"' .. ("x"):rep(900) .. '"}\n'
    local chunk, sent = line:rep(100), 0
    repeat
      local size = one:send_some(chunk)
      sent = sent + math.max(0, size)
    until size < 0
    assert.is_true(sent < 64 * 2 ^ 20)
    read(math.floor(sent / #line) - 1)
    assert.is_true(one:send_some(chunk) > 0)
  end)

  it("listens on IPv6", function()
    local port = open({ address = "[::1]:0" })
    sockets.connect6(port):send('{"a":1}\n')
    assert.matches("^%[::1%]:%d+$", read(1).peers[1])
  end)
end)
