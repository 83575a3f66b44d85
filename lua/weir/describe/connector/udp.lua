--- weir.udp: records in datagrams.

require("weir.describe.retries") -- the kind of option

return {
  kind = "udp",
  uses = { source = true, sink = true },
  codec = true,
  options = {
    listen = { kind = "address", required = "source", only = "source",
      usage = 'listen = "0.0.0.0:7000"' },
    connect = { kind = "address", required = "sink", only = "sink",
      usage = 'connect = "localhost:7000"' },
    max_record = { kind = "size", default = "64KiB", only = "source" },
    receive_buffer = { kind = "size", default = "8MiB", only = "source" },
    timeout = { kind = "duration", default = "30s", only = "sink" },
    retries = { kind = "retries", only = "sink" },
  },
  subject = function(described)
    return described.listen or described.connect
  end,
  doc = {
    name = "udp",
    group = "sources and sinks",
    usage = 'weir.udp{ listen = "0.0.0.0:7000" }',
    signature = 'weir.udp{ listen, connect, codec, max_record = "64KiB", receive_buffer = "8MiB",'
      .. ' timeout = "30s", retries, name }',
    summary = "Records in datagrams. As a source, a datagram holds one record or several lines,"
      .. " and @peer is who sent it; as a sink, each record is a datagram, without the newline.",
    shape = "bytes <-> records by the codec",
    units = "timeout: for which a name is looked up, and a full Unix socket waited for."
      .. " receive_buffer: bytes that the kernel keeps while weir is busy; it may give less"
      .. " (sysctl net.core.rmem_max).",
    errors = "Nobody confirms a datagram. What the kernel drops for want of room is counted"
      .. " (datagrams_dropped), as is what a machine says that nobody took (datagrams_refused). A"
      .. " datagram above max_record is a dead letter of its first bytes; a record too long for one"
      .. " is refused. A name that has no address yet is tried again, 10 times unless retries say"
      .. " otherwise; then the run fails.",
    cost = "One call of the kernel for up to 64 datagrams.",
    example = [[
weir.from(weir.udp{ listen = "0.0.0.0:8125", codec = "logfmt" })
  :set{ host = "@peer" }
  :to "readings.jsonl"]],
  },
}
