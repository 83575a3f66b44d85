--- weir.syslog: what machines and programs log, over the network.

local options = require("weir.lib.options")
local tls = require("weir.describe.tls")

local ZONE_EXPECTED = '"UTC", or hours and minutes from it such as "+02:00"'

-- Minutes east of UTC.
options.define("zone_offset", function(value)
  if value == "UTC" then
    return 0
  end
  local sign, hours, minutes
  if type(value) == "string" then
    sign, hours, minutes = value:match("^([+-])(%d%d):(%d%d)$")
  end
  if not sign or tonumber(hours) > 23 or tonumber(minutes) > 59 then
    return nil, ZONE_EXPECTED
  end
  return tonumber(sign .. "1") * (hours * 60 + minutes)
end)

return {
  kind = "syslog",
  uses = { source = true },
  options = {
    listen = { kind = "address", required = true, usage = 'listen = "0.0.0.0:514"' },
    transport = { kind = "enum", values = { "udp", "tcp" } },
    tls = { kind = "tls", usage = 'tls = { cert = "host.pem", key = "host.key" }' },
    zone = { kind = "zone_offset", default = "UTC" },
    max_connections = { kind = "integer", min = 1, max = 2 ^ 20 },
    idle_timeout = { kind = "duration" },
    max_record = { kind = "size", default = "64KiB" },
    receive_buffer = { kind = "size" },
  },
  subject = function(described)
    return described.listen
  end,
  check = function(described)
    described.transport = described.transport or described.tls and "tcp" or "udp"
    local is_udp = described.transport == "udp"
    if is_udp and described.tls then
      return "tls is for tcp, and this takes datagrams"
    elseif is_udp and (described.max_connections or described.idle_timeout_ns) then
      return "max_connections and idle_timeout are for tcp, and this takes datagrams"
    elseif not is_udp and described.receive_buffer_bytes then
      return "receive_buffer is for udp"
    end
    return described.tls and tls.check_listening(described.tls) or nil
  end,
  doc = {
    name = "syslog",
    group = "sources and sinks",
    usage = 'weir.syslog{ listen = "0.0.0.0:514" }',
    signature = 'weir.syslog{ listen!, transport = "udp", zone = "UTC", max_record = "64KiB",'
      .. " max_connections = 1024, idle_timeout = \"5m\", receive_buffer = \"8MiB\", tls, name }",
    summary = "What machines and programs log, over UDP or TCP, in the new form (RFC 5424) or the"
      .. " old (RFC 3164). Over TCP a message is a line, or counted bytes, as its sender likes;"
      .. " newlines within a message stay where it is counted or a datagram. With tls it is over"
      .. " TCP, encrypted, as a rule on port 6514 (`weir help tls`). @peer is who sent it."
      .. ' As a codec it reads files and fields: codec = "syslog", :parse "syslog".',
    body = [[

    facility   "kern", "auth", "local7"; absent, as level, from a file
    severity   "emerg" "alert" "crit" "err" "warning" "notice" "info" "debug"
    level      the severity as a number: 0 is emerg, 7 is debug
    time       milliseconds since 1970; timestamp is as it was written
    host, app, procid, msgid
    data       structured: { ["origin"] = { ip = "10.0.0.7" } }; a name that comes
               twice in an element has a list
    message    the rest

The old form says neither year nor zone: the year is the last one that puts a
message no more than a month ahead, and the zone of its senders is `zone`, as a
codec UTC. A message without a timestamp is all message.]],
    shape = "bytes -> records",
    units = "max_record: bytes of a message; others as weir.tcp and weir.udp.",
    errors = "A line with neither priority nor timestamp, and one of the new form that breaks its"
      .. " rules, is a dead letter with the byte where. Datagrams that the kernel dropped are"
      .. " counted (datagrams_dropped). A port below 1024 wants the right to it.",
    cost = "One pass; most fields are copied once.",
    example = [[
weir.from(weir.syslog{ listen = "0.0.0.0:5514", transport = "tcp" })
  :filter "level <= 4 and app == 'sshd'"
  :to "{host}/%Y-%m-%d.jsonl"]],
    rule = "RFC 5424, RFC 3164, RFC 6587, RFC 5426, RFC 5425",
  },
}
