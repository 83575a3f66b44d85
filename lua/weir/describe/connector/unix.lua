--- weir.unix: records over a Unix socket.

local broadcast = require("weir.describe.broadcast")

require("weir.describe.batch") -- kinds of options
require("weir.describe.retries")

local STREAM_ONLY = { "connect", "listen", "frame", "max_connections", "idle_timeout" }

return {
  kind = "unix",
  uses = { source = true, sink = true },
  codec = true,
  options = {
    path = { kind = "string", required = true, usage = 'path = "/run/app.sock"' },
    connect = { kind = "boolean" },
    listen = { kind = "boolean", only = "sink" },
    overflow = broadcast.overflow,
    max_pending = broadcast.max_pending,
    datagram = { kind = "boolean", default = false },
    frame = { kind = "enum", values = { "line", "length", "octet_count" } },
    max_connections = { kind = "integer", min = 1, max = 2 ^ 20 },
    max_record = { kind = "size", only = "source" },
    idle_timeout = { kind = "duration", only = "source" },
    timeout = { kind = "duration", default = "30s", only = "sink" },
    batch = { kind = "batch", only = "sink" },
    retries = { kind = "retries" },
  },
  subject = function(described)
    return described.path
  end,
  check = function(described, use)
    if described.connect and described.listen then
      return "it either listens or connects"
    end
    for _, name in ipairs(described.datagram and STREAM_ONLY or {}) do
      if described[name] ~= nil or described[name .. "_ns"] ~= nil then
        return ('option "%s" is for streams, and this takes datagrams'):format(name)
      end
    end
    return use == "sink" and broadcast.check(described, described.listen) or nil
  end,
  doc = {
    name = "unix",
    group = "sources and sinks",
    usage = 'weir.unix{ path = "/run/app.sock" }',
    signature = 'weir.unix{ path!, connect, listen, codec, frame = "line", datagram = false,'
      .. ' max_connections = 1024, max_record = "1MiB", idle_timeout, timeout = "30s", batch,'
      .. ' retries, overflow = "block", max_pending = "1MiB", name }',
    summary = "Records over a Unix socket, as weir.tcp; with datagram, as weir.udp. A source"
      .. " listens at path, or with connect = true goes there; a sink goes there, or with listen ="
      .. " true gives every record to everybody who comes. A path that begins with"
      .. " \"@\" is in no directory. @peer is the peer's path, or else its process. What a stream's"
      .. " peer has read counts as delivered; what it has not when it goes is sent to the next.",
    shape = "bytes <-> records by the codec",
    units = "max_record: bytes of one record, of a datagram 64KiB by default.",
    errors = "A path where somebody listens already stops the run before it begins; one that is"
      .. " left of a program that died is taken over. Otherwise as weir.tcp and weir.udp.",
    cost = "As weir.tcp.",
    example = [[
weir.from(weir.unix{ path = "/run/app.sock" }):to "app.jsonl"]],
  },
}
