--- weir.http: records to a server and from one, in the bodies of requests and answers.

local batch = require("weir.describe.batch")
local keys = require("weir.lib.keys")
local options = require("weir.lib.options")
local secret = require("weir.lib.secret")
local tls = require("weir.describe.tls")

require("weir.describe.retries") -- the kind of option

options.define("url", function(value)
  if secret.name_of(value) or type(value) == "string" and value:find("^https?://[^%s%c]+$") then
    return value
  end
  return nil, 'a URL such as "https://example.org/in", or a secret'
end)

options.define("headers", function(value)
  if type(value) ~= "table" or getmetatable(value) ~= nil then
    return nil, 'a table such as { Authorization = weir.secret "TOKEN" }'
  end
  for _, name in ipairs(keys.sorted(value)) do
    local given = value[name]
    local fits = type(given) == "string" and not given:find("%c") or secret.name_of(given)
    if type(name) ~= "string" or not name:find("^[%w_-]+$") or not fits then
      return nil, ('names of headers and their texts, which "%s" is not'):format(tostring(name))
    end
  end
  return value
end)

local function check_certificates(described)
  local url = described.url
  if type(url) == "string" and url:find("^http:") then
    return "tls is for https, and the url begins with http"
  elseif described.tls.name then
    return "tls: the url says who the server must be, so there is no name"
  end
  return tls.check_connecting(described.tls)
end

return {
  kind = "http",
  uses = { source = true, sink = true },
  codec = true,
  options = {
    url = { kind = "url", required = true, usage = 'url = "https://example.org/in"' },
    every = { kind = "duration", required = "source", only = "source", usage = 'every = "1m"' },
    method = { kind = "enum", values = { "POST", "PUT", "PATCH", "GET" } },
    headers = { kind = "headers" },
    body = { kind = "enum", values = { "lines", "array" }, default = "lines",
      only = "sink" },
    batch = {
      kind = "batch",
      only = "sink",
      usual = { records = 1000, bytes = "1MiB" },
      cuts = true,
    },
    max_record = { kind = "size", default = "16MiB", only = "source" },
    max_body = { kind = "size", default = "64MiB", only = "source" },
    timeout = { kind = "duration", default = "30s" },
    connect_timeout = { kind = "duration", default = "10s" },
    retries = { kind = "retries" },
    tls = { kind = "tls", usage = 'tls = { ca = "authority.pem" }' },
  },
  subject = function(described)
    local url = described.url
    return type(url) == "string" and url:match("^https?://([^/?#]+)"):gsub("^.*@", "") or nil
  end,
  check = function(described, use)
    local method = described.method
    if use == "sink" and method == "GET" then
      return "a GET has no body to send records in"
    elseif use == "source" and method and method ~= "GET" then
      return "a source asks by GET"
    elseif use == "source" and described.every_ns <= 0 then
      return "every must be longer than nothing"
    end
    if described.body == "array" and described.codec.kind ~= "json" then
      return 'body = "array" is of JSON, and the codec is ' .. described.codec.kind
    end
    return described.tls and check_certificates(described) or nil
  end,
  doc = {
    name = "http",
    group = "sources and sinks",
    usage = 'weir.http{ url = "https://example.org/in" }',
    signature = 'weir.http{ url!, every, method = "POST" (sink) "GET" (source), headers, body ='
      .. ' "lines", codec, batch = { records = 1000, bytes = "1MiB", every }, timeout = "30s",'
      .. ' connect_timeout = "10s", retries, tls, max_record = "16MiB", max_body = "64MiB", name }',
    summary = "As a source, asks a server every so often, by GET, and an answer is read as a file"
      .. " is. As a sink, by POST, PUT or PATCH, sends records to a server, up to batch of them in"
      .. ' the body of a request: a line each, or with body = "array" as one JSON array; with batch'
      .. " = { records = 1 } each record is a request. Content-Type is that of the codec unless"
      .. " headers say otherwise. It needs libcurl, which is loaded when it is used. The"
      .. " certificate of https is always checked; tls says which authorities are trusted, and who"
      .. " we are (`weir help tls`).",
    body = [[

No answer, 429, 408 and every 5xx are tried again, 10 times unless retries say
otherwise: after 100ms, then twice as long each time up to 30s (max_backoff), a
fifth of it left to chance, or after as long as Retry-After asks for. When the
tries of one request are used up, the circuit is open: the next request waits for
max_backoff and has one try, and when that succeeds all is as before. Once weir is
told to stop it waits neither for that nor for the pause of a breaker: what is left
has one try at once, and is a dead letter if the server is still gone. Other tries
that are not used up go on until drain_timeout.

]] .. batch.doc .. [[ Without
every what is there is sent at once.

A source that is never answered ends the run; later, a poll that fails is counted
(requests_given_up), and the next one comes when it is due.]],
    shape = "records -> requests; answers -> records",
    units = "every, which a source needs, and timeout: time, the latter for a whole request."
      .. " max_body: bytes of an answer.",
    errors = "What is given up, and at once what another status than 2xx answers, is a dead letter"
      .. " with the status and the first line of the answer. A request whose answer was lost is"
      .. " sent twice: a server that must not take it so needs a key in it.",
    cost = "One request at a time, over a connection that is kept.",
    example = [[
weir.from "alerts.jsonl"
  :to(weir.http{ url = "https://example.org/in",
                 headers = { ["X-Token"] = weir.secret "TOKEN" } })]],
  },
}
