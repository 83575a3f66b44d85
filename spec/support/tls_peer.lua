--- A peer over TLS for specs, of the engine's own sockets; it waits, and so stands in a
-- process beside (`sockets.beside`).
--
--     local peer = tls_peer.connect(port, { ca = certificates "ca.pem" })
--     peer:send('{"a":1}\n')
--     peer:finish()

local engine = require("spec.support.engine")
local ffi = require("ffi")

local C = engine.load("engine/base/clock.h", "engine/loop/dial.h", "engine/loop/net.h",
  "engine/loop/tls.h")

local M = {}

local Peer = {}
Peer.__index = Peer

local PATIENCE_NS = 300e9
local SOL_SOCKET, SO_LINGER = 1, 13

local function now_ns()
  local clock = C.weir_clock_real()
  return tonumber(clock.monotonic_ns(clock.context))
end

local function options_of(given)
  return ffi.new("weir_tls_options", given)
end

local function wait(net, until_ns)
  C.weir_net_wait(net, math.max(0, math.min(until_ns - now_ns(), PATIENCE_NS)))
  while C.weir_net_take(net) ~= nil do end
end

--- Connects; the peer, or nil and its code and what is said of it.
---@param where number|string  a port of this machine, or an address
---@param certificates table?  fields of weir_tls_options; false: plain
function M.connect(where, certificates)
  local net, tls = ffi.new("weir_net *[1]"), ffi.new("weir_tls *[1]")
  local message = ffi.new("char[512]")
  assert(C.weir_net_new(net) == 0)
  if certificates ~= false then
    assert(C.weir_tls_new(tls, options_of(certificates or {}), message, 512) == 0,
      ffi.string(message))
  end
  local address = type(where) == "number" and "127.0.0.1:" .. where or where
  local dial = C.weir_dial_new(net[0], C.WEIR_TRANSPORT_TCP, address,
    ffi.new("weir_socket_options"), tls[0], PATIENCE_NS)
  local until_ns, socket = ffi.new("int64_t[1]"), ffi.new("weir_socket *[1]")
  while true do
    local rc = C.weir_dial_step(dial, now_ns(), until_ns, socket)
    if rc == 0 then
      break
    elseif rc ~= C.WEIR_EEMPTY then
      return nil, rc, ffi.string(C.weir_dial_message(dial))
    end
    wait(net[0], tonumber(until_ns[0]))
  end
  C.weir_dial_free(dial)
  return setmetatable({ net = net[0], socket = socket[0] }, Peer)
end

function Peer:wait(events)
  C.weir_socket_watch(self.socket, events)
  wait(self.net, now_ns() + PATIENCE_NS)
end

function Peer:send(text)
  local put, sent = ffi.new("size_t[1]"), 0
  while sent < #text do
    local rc = C.weir_socket_write(self.socket, ffi.cast("const char *", text) + sent,
      #text - sent, put)
    if rc == 0 then
      sent = sent + tonumber(put[0])
    else
      assert(rc == C.WEIR_EEMPTY, rc)
      self:wait(C.WEIR_SOCKET_WRITE)
    end
  end
end

--- What comes next, or nil and the code of the end.
function Peer:read()
  local room, got = ffi.new("char[?]", 65536), ffi.new("size_t[1]")
  while true do
    local rc = C.weir_socket_read(self.socket, room, 65536, got)
    if rc == 0 then
      return ffi.string(room, got[0])
    elseif rc ~= C.WEIR_EEMPTY then
      return nil, rc, ffi.string(C.weir_socket_message(self.socket))
    end
    self:wait(C.WEIR_SOCKET_READ)
  end
end

function Peer:read_all()
  local parts = {}
  while true do
    local part, code = self:read()
    if not part then
      return table.concat(parts), code
    end
    parts[#parts + 1] = part
  end
end

--- Says goodbye, and goes on reading.
function Peer:finish()
  while C.weir_socket_end(self.socket) == C.WEIR_EEMPTY do
    self:wait(C.WEIR_SOCKET_WRITE)
  end
end

--- Bytes past TLS.
function Peer:send_raw(text)
  assert(ffi.C.send(C.weir_socket_fd(self.socket), text, #text, 0x4000) == #text)
end

--- Ends without a goodbye.
function Peer:cut()
  ffi.C.shutdown(C.weir_socket_fd(self.socket), 1)
end

--- Has the process's end reset the connection.
function Peer:reset()
  local now = ffi.new("struct spec_linger", 1, 0)
  ffi.C.setsockopt(C.weir_socket_fd(self.socket), SOL_SOCKET, SO_LINGER, now, ffi.sizeof(now))
end

return M
