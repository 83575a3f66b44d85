--- weir.tcp: records over TCP.

local batch = require("weir.describe.batch")
local broadcast = require("weir.describe.broadcast")
local retries = require("weir.describe.retries")
local tls = require("weir.describe.tls")

local function check_certificates(described)
  if described.listen then
    return tls.check_listening(described.tls)
  end
  return tls.check_connecting(described.tls)
end

return {
  kind = "tcp",
  uses = { source = true, sink = true },
  codec = true,
  options = {
    listen = { kind = "address", usage = 'listen = "0.0.0.0:7000"' },
    connect = { kind = "address", usage = 'connect = "localhost:7000"' },
    frame = { kind = "enum", values = { "line", "length", "octet_count" }, default = "line" },
    max_connections = { kind = "integer", min = 1, max = 2 ^ 20 },
    overflow = broadcast.overflow,
    max_pending = broadcast.max_pending,
    max_record = { kind = "size", default = "1MiB", only = "source" },
    idle_timeout = { kind = "duration", only = "source" },
    connect_timeout = { kind = "duration" },
    timeout = { kind = "duration", default = "30s", only = "sink" },
    batch = { kind = "batch", only = "sink" },
    retries = { kind = "retries" },
    tls = { kind = "tls", usage = 'tls = { cert = "host.pem", key = "host.key" }' },
  },
  subject = function(described)
    return described.listen or described.connect
  end,
  check = function(described, use)
    if (described.listen == nil) == (described.connect == nil) then
      return 'it needs either listen = "0.0.0.0:7000" or connect = "localhost:7000"'
    end
    local problem = use == "sink" and broadcast.check(described, described.listen ~= nil)
    return problem or described.tls and check_certificates(described) or nil
  end,
  doc = {
    name = "tcp",
    group = "sources and sinks",
    usage = 'weir.tcp{ listen = "0.0.0.0:7000" }',
    signature = 'weir.tcp{ listen, connect, codec, frame = "line", max_connections = 1024,'
      .. ' max_record = "1MiB", idle_timeout, connect_timeout = "10s", timeout = "30s", batch,'
      .. ' retries, tls, overflow = "block", max_pending = "1MiB", name }',
    summary = "Records over TCP. It listens, or connects and comes back when the connection ends."
      .. " Each connection is read on its own, and what a slow pipeline does not take makes its"
      .. " peers wait. A record knows who sent it: @peer, weir.meta(r).peer.",
    body = broadcast.body .. [[

frame says where a record ends: "line", at a newline; "length", after as many
bytes as 4 bytes in front say, the most significant first; "octet_count", as
RFC 6587 has it for syslog ("11 <13>message"). A frame that is empty is a sign of
life; one with newlines in it is as many lines.

max_connections: beyond it, and where few descriptors are left (ulimit -n), peers
wait outside until one goes (accepts_paused; connections_open says how many are
inside). idle_timeout: a connection that completes no record for so long is closed
(connections_idle), 5m if weir listens, never if it connects. timeout: a sink's peer
may take nothing for so long.

A sink that connects keeps records, at most 16MiB and a 32nd of max_memory, until
the peer's machine has acknowledged them; not before then do they count as
delivered, so that a source may forget them. Those of a connection that breaks are
sent again over the next one (bytes_sent_again): on the way none is lost, and one
may come twice. What a program had not yet read when it died is beyond TCP; where
that matters it must answer, as over weir.http.

tls: encrypted, with peers that are who they say they are (`weir help tls`).

Stopped, a source lets nobody in any more, takes what has arrived, and ends; a sink
whose peer is gone tries again at once, and then at least every second, as often as
retries say and until drain_timeout. With
retries = 0 a source that connects ends with its connection.

]] .. batch.doc,
    shape = "bytes <-> records by the codec",
    units = "idle_timeout, connect_timeout, timeout: time. max_record: bytes of one record.",
    errors = "An address that is taken stops the run before it begins. " .. retries.doc
      .. " While a source has nobody to read from, weir says so once, and `weir top` and"
      .. " weir_source_waits as long. A record above max_record, or cut short by a"
      .. " connection that broke, is a dead letter with its peer and position.",
    cost = "max_record a connection at worst; a silent one costs a kilobyte.",
    example = [[
weir.from(weir.tcp{ listen = "0.0.0.0:7000", idle_timeout = "2m" })
  :set{ sensor = "@peer" }
  :to(weir.tcp{ connect = "collector.example.org:7001", frame = "length" })]],
  },
}
