--- Sources and sinks over sockets: from what a script described to those of the engine.

local cdef = require("weir.cdef")
local codecs = require("weir.run.codecs")
local ffi = require("ffi")
local retries = require("weir.run.retries")
local tls = require("weir.native.tls")

local C = cdef.load(
  "engine/base/clock.h",
  "engine/io/broadcast_sink.h",
  "engine/io/datagram_sink.h",
  "engine/io/datagram_source.h",
  "engine/io/stream_sink.h",
  "engine/io/stream_source.h",
  "engine/wire/frame.h"
)

local M = {}

local S = 1e9

local FRAMES = {
  line = C.WEIR_FRAME_LINE,
  length = C.WEIR_FRAME_LENGTH,
  octet_count = C.WEIR_FRAME_OCTET_COUNT,
  syslog = C.WEIR_FRAME_SYSLOG,
}

local CONNECTIONS, IDLE_LISTENING_NS, CONNECT_NS, TIMEOUT_NS = 1024, 300 * S, 10 * S, 30 * S
local HANDSHAKE_NS, PENDING_BYTES = 10 * S, 2 ^ 20

local function clock_of(context)
  return context and context.clock or C.weir_clock_real()
end

local function stream_source(described, context, transport, address, connects)
  local options = ffi.new("weir_gate_options")
  options.address, options.transport = address, transport
  options.connects = connects and 1 or 0
  options.frame = FRAMES[described.frame or "line"]
  options.max_connections = described.max_connections or CONNECTIONS
  options.max_record = described.max_record_bytes or 2 ^ 20
  options.idle_timeout_ns = described.idle_timeout_ns or (connects and 0 or IDLE_LISTENING_NS)
  options.connect_timeout_ns = described.connect_timeout_ns or CONNECT_NS
  options.handshake_timeout_ns = described.tls and described.tls.handshake_timeout_ns
    or HANDSHAKE_NS
  options.patient = retries.fill(options.retries, described.retries) and 1 or 0
  options.clock = clock_of(context)
  local certificates = tls.options(described.tls, not connects)
  options.tls = certificates
  local out = ffi.new("weir_source *[1]")
  return C.weir_stream_source_new(out, options, codecs.decoder(described.codec)), out, certificates
end

local function datagram_source(described, context, transport, address)
  local options = ffi.new("weir_datagram_source_options")
  options.address, options.transport = address, transport
  options.receive_bytes = described.receive_buffer_bytes or 0
  options.max_record = described.max_record_bytes or 0
  options.frame = FRAMES[described.frame or "line"]
  options.decoder = codecs.decoder(described.codec)
  options.clock = clock_of(context)
  local out = ffi.new("weir_source *[1]")
  return C.weir_datagram_source_new(out, options), out
end

local function stream_sink(described, context, transport, address)
  local options = ffi.new("weir_stream_sink_options")
  options.address, options.transport = address, transport
  options.frame = FRAMES[described.frame or "line"]
  options.timeout_ns = described.timeout_ns or TIMEOUT_NS
  options.connect_timeout_ns = described.connect_timeout_ns or CONNECT_NS
  options.patient = retries.fill(options.retries, described.retries) and 1 or 0
  options.encoder = codecs.encoder(described.codec)
  options.clock = clock_of(context)
  local certificates = tls.options(described.tls, false)
  options.tls = certificates
  local out = ffi.new("weir_sink *[1]")
  return C.weir_stream_sink_new(out, options), out, certificates
end

local OVERFLOWS = {
  block = C.WEIR_AUDIENCE_BLOCK,
  drop_oldest = C.WEIR_AUDIENCE_DROP_OLDEST,
  disconnect = C.WEIR_AUDIENCE_DISCONNECT,
}

local function broadcast_sink(described, transport, address)
  local options = ffi.new("weir_audience_options")
  options.address, options.transport = address, transport
  options.overflow = OVERFLOWS[described.overflow or "block"]
  options.max_connections = described.max_connections or CONNECTIONS
  options.max_pending = described.max_pending_bytes or PENDING_BYTES
  options.timeout_ns = described.timeout_ns or TIMEOUT_NS
  options.handshake_timeout_ns = described.tls and described.tls.handshake_timeout_ns
    or HANDSHAKE_NS
  local certificates = tls.options(described.tls, true)
  options.tls = certificates
  local out = ffi.new("weir_sink *[1]")
  local frame = FRAMES[described.frame or "line"]
  return C.weir_broadcast_sink_new(out, options, frame, codecs.encoder(described.codec)), out,
    certificates
end

local function datagram_sink(described, context, transport, address)
  local options = ffi.new("weir_datagram_sink_options")
  options.address, options.transport = address, transport
  options.timeout_ns = described.timeout_ns or TIMEOUT_NS
  retries.fill(options.retries, described.retries)
  options.encoder = codecs.encoder(described.codec)
  options.clock = clock_of(context)
  local out = ffi.new("weir_sink *[1]")
  return C.weir_datagram_sink_new(out, options), out
end

-- What listens for syslog is a socket with the framing and the codec of syslog.
local function as_syslog(described)
  local out = { frame = "syslog", codec = { kind = "syslog", zone = described.zone } }
  for name, value in pairs(described) do
    out[name] = value
  end
  return out
end

--- By kind: the code, and where the source was put.
M.sources = {
  syslog = function(described, context)
    local socket = as_syslog(described)
    if described.transport == "tcp" then
      return stream_source(socket, context, C.WEIR_TRANSPORT_TCP, described.listen, false)
    end
    return datagram_source(socket, context, C.WEIR_TRANSPORT_UDP, described.listen)
  end,
  tcp = function(described, context)
    return stream_source(described, context, C.WEIR_TRANSPORT_TCP,
      described.listen or described.connect, described.connect ~= nil)
  end,
  udp = function(described, context)
    return datagram_source(described, context, C.WEIR_TRANSPORT_UDP, described.listen)
  end,
  unix = function(described, context)
    if described.datagram then
      return datagram_source(described, context, C.WEIR_TRANSPORT_UNIX_DATAGRAM, described.path)
    end
    return stream_source(described, context, C.WEIR_TRANSPORT_UNIX, described.path,
      described.connect)
  end,
}

--- Likewise for sinks.
M.sinks = {
  tcp = function(described, context)
    if described.listen then
      return broadcast_sink(described, C.WEIR_TRANSPORT_TCP, described.listen)
    end
    return stream_sink(described, context, C.WEIR_TRANSPORT_TCP, described.connect)
  end,
  udp = function(described, context)
    return datagram_sink(described, context, C.WEIR_TRANSPORT_UDP, described.connect)
  end,
  unix = function(described, context)
    if described.datagram then
      return datagram_sink(described, context, C.WEIR_TRANSPORT_UNIX_DATAGRAM, described.path)
    end
    if described.listen then
      return broadcast_sink(described, C.WEIR_TRANSPORT_UNIX, described.path)
    end
    return stream_sink(described, context, C.WEIR_TRANSPORT_UNIX, described.path)
  end,
}

return M
