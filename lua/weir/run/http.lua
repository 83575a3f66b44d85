--- Requests over HTTP: from what a script described to sources and sinks of the engine.

local cdef = require("weir.cdef")
local codecs = require("weir.run.codecs")
local ffi = require("ffi")
local keys = require("weir.lib.keys")
local retries = require("weir.run.retries")
local secrets = require("weir.run.secrets")
local tls = require("weir.native.tls")

local C = cdef.load("engine/base/clock.h", "engine/io/http_sink.h", "engine/io/http_source.h")

local M = {}

local S = 1e9

local TYPES = {
  json = "application/x-ndjson", csv = "text/csv", tsv = "text/tab-separated-values",
}

local function content_type(described)
  return described.body == "array" and "application/json" or TYPES[described.codec.kind]
    or "text/plain; charset=utf-8"
end

local function header_lines(described, context, has_type)
  local headers = secrets.resolve(described.headers or {}, context and context.secrets)
  local lines = {}
  for _, name in ipairs(keys.sorted(headers)) do
    if headers[name]:find("%c") then
      error(("http: the value of the header %s has a control character"):format(name), 0)
    end
    has_type = has_type or name:lower() == "content-type"
    lines[#lines + 1] = name .. ": " .. headers[name]
  end
  if not has_type then
    lines[#lines + 1] = "Content-Type: " .. content_type(described)
  end
  return lines
end

-- Paths and queries may hold what only the server is to know, as may what is before an @.
local function origin(url)
  local scheme, host = url:match("^(https?://)([^/?#]+)")
  return scheme and scheme .. host:gsub("^.*@", "") or "http"
end

-- What is wrong with files is told before the first request; libcurl reads them later.
local function certificates(described)
  local problem = described.tls and tls.look(described.tls, false)
  if problem then
    error("http: " .. problem, 0)
  end
  return tls.options(described.tls, false)
end

-- Fills weir_request_options; the result is to live as long as that is looked at.
local function fill_request(request, described, context, is_source)
  local lines = header_lines(described, context, is_source)
  local headers, http = ffi.new("const char *[?]", math.max(1, #lines), lines), request.http
  http.url, http.method = described.url, described.method or is_source and "GET" or "POST"
  http.headers, http.header_count = headers, #lines
  http.timeout_ns = described.timeout_ns or 30 * S
  http.connect_timeout_ns = described.connect_timeout_ns or 10 * S
  http.answer_max = described.max_body_bytes or 2 ^ 26
  local given = certificates(described)
  http.tls = given
  retries.fill(request.retries, described.retries)
  request.clock = context and context.clock or C.weir_clock_real()
  return { lines, headers, given }
end

--- The code, and where the source was put.
function M.source(described, context)
  local options, place = ffi.new("weir_http_source_options"), origin(described.url)
  local anchor = fill_request(options.request, described, context, true)
  options.place, options.every_ns = place, described.every_ns
  options.max_record = described.max_record_bytes or 0
  options.decoder = codecs.decoder(described.codec)
  local out = ffi.new("weir_source *[1]")
  local rc = C.weir_http_source_new(out, options)
  return rc, out, { anchor, place }
end

--- Likewise for a sink.
function M.sink(described, context)
  local options, place = ffi.new("weir_http_sink_options"), origin(described.url)
  local anchor = fill_request(options.request, described, context)
  local batch = described.batch or {}
  options.place = place
  options.max_records = batch.records or 1000
  options.max_bytes = batch.bytes_bytes or 2 ^ 20
  options.array = described.body == "array" and 1 or 0
  options.encoder = codecs.encoder(described.codec)
  local out = ffi.new("weir_sink *[1]")
  local rc = C.weir_http_sink_new(out, options)
  return rc, out, { anchor, place }
end

return M
