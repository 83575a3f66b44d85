--- `tls`, the same everywhere: certificates of a connection that nobody else can read.
--
--     tls = true        tls = { cert = "host.pem", key = "host.key", ca = "authority.pem" }
--
-- A described one is `{ cert, key, password, ca, name, handshake_timeout_ns,
-- insecure_accept_any_certificate }`, all of which may be absent.

local options = require("weir.lib.options")

local M = {}

local spec = {
  cert = { kind = "string", usage = 'cert = "host.pem"' },
  key = { kind = "string", usage = 'key = "host.key"' },
  password = { kind = "string", usage = 'password = weir.secret "KEY_PASSWORD"' },
  ca = { kind = "string", usage = 'ca = "authority.pem"' },
  name = { kind = "string", usage = 'name = "logs.example.org"' },
  handshake_timeout = { kind = "duration", usage = 'handshake_timeout = "10s"' },
  insecure_accept_any_certificate = { kind = "boolean" },
}

options.define("tls", function(value, _, where)
  if value == true then
    return {}
  elseif type(value) == "table" and getmetatable(value) == nil then
    return options.check(spec, value, { subject = "tls", where = where })
  end
  return nil, 'true, or a table such as { cert = "host.pem", key = "host.key" }'
end)

local function check_own(tls)
  if tls.key and not tls.cert then
    return "tls: a key needs the certificate that it belongs to: cert"
  elseif tls.password and not tls.cert then
    return "tls: password opens a key, and there is none"
  end
end

--- What is wrong with the certificates of a side that listens, or nil.
function M.check_listening(tls)
  if not tls.cert then
    return 'tls: who listens needs a certificate: { cert = "host.pem", key = "host.key" }'
  elseif tls.name or tls.insecure_accept_any_certificate then
    return "tls: name and insecure_accept_any_certificate are for who connects; who listens"
      .. " asks for certificates if it has ca"
  end
  return check_own(tls)
end

--- Likewise of one that connects.
function M.check_connecting(tls)
  if tls.handshake_timeout_ns then
    return "tls: handshake_timeout is for who listens; connect_timeout covers the handshake here"
  elseif tls.insecure_accept_any_certificate and (tls.ca or tls.name) then
    return "tls: insecure_accept_any_certificate looks neither at ca nor at name; leave it out,"
      .. " or them"
  end
  return check_own(tls)
end

M.docs = {
  {
    name = "tls",
    group = "rules",
    signature = "tls = true or { cert, key, password, ca, name, handshake_timeout = \"10s\","
      .. " insecure_accept_any_certificate = false }",
    summary = "An option of weir.tcp, weir.syslog, weir.http and weir.http_get: the connection is"
      .. " encrypted, and who is reached is who was meant. TLS 1.2 at least. Each of cert, key and"
      .. " ca is a file in PEM form, or weir.secret with what stands in one. It needs OpenSSL 3"
      .. " (libssl3), which is loaded when it is used.",
    body = [[

Who connects checks the certificate of its peer: it must be valid now, issued by
an authority that this system knows or that ca has, and for the host in connect
(or for `name`, where that is another one). cert and key are for a peer that asks
who we are. Who listens needs cert and key; with ca it lets only peers in whose
certificate was issued by an authority in there, and without it everybody.

    cert    our certificate, then those that lead from it to an authority
    key     its key; without it, the key stands in cert
    ca      authorities: a file, or a directory made by `openssl rehash`

insecure_accept_any_certificate = true looks at no certificate: whoever is in
between can read along, and change what is read. For a peer with a certificate of
its own making, ca = "that certificate" is as easy, and safe.

Files are looked at whenever a connection is made: one that has changed is used
from then on (certificates_renewed); if it cannot be used, the old one is, until it
changes again (certificates_unusable). Connections that are open stay as they are.

A peer that does not finish its handshake in handshake_timeout is closed, and so is
one that speaks no TLS; these are counted: handshakes_slow, handshakes_failed,
certificates_refused. A connection that ends without the goodbye of TLS was cut,
by a fault or by an attacker (connections_cut), and a record without its end is a
dead letter. Certificates to try it with:

    openssl req -x509 -newkey rsa:2048 -nodes -days 365 -subj /CN=localhost \
      -addext subjectAltName=DNS:localhost -keyout host.key -out host.pem]],
    shape = "an option",
    errors = "A file that is missing, expired or does not fit the others stops the run before it"
      .. " begins, as `weir check` says; a peer that is not trusted, with the reason. When there"
      .. " was no connection before, that ends the run at once; later it is tried again.",
    cost = "A handshake is about a millisecond of a core; then 1 GB/s a core is encrypted. A"
      .. " connection is 30 KiB more while it is silent, 100 KiB while it is not.",
    example = [[
weir.from(weir.syslog{ listen = "0.0.0.0:6514", tls = { cert = "host.pem", key = "host.key" } })
  :to(weir.tcp{ connect = "collector.example.org:7001", tls = true })]],
    rule = "RFC 8446, RFC 5246, RFC 6125, RFC 5425",
  },
}

return M
