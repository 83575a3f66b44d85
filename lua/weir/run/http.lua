--- Requests over HTTP: from what a script described to a sink of the engine.

local cdef = require("weir.cdef")
local codecs = require("weir.run.codecs")
local ffi = require("ffi")
local keys = require("weir.lib.keys")
local retries = require("weir.run.retries")
local secrets = require("weir.run.secrets")

local C = cdef.load("engine/base/clock.h", "engine/io/http_sink.h")

local M = {}

local S = 1e9

local TYPES = {
  json = "application/x-ndjson", csv = "text/csv", tsv = "text/tab-separated-values",
}

local function content_type(described)
  return described.body == "array" and "application/json" or TYPES[described.codec.kind]
    or "text/plain; charset=utf-8"
end

local function header_lines(described, context)
  local headers = secrets.resolve(described.headers or {}, context.secrets)
  local lines, has_type = {}, false
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

--- The code, and where the sink was put.
function M.sink(described, context)
  local lines = header_lines(described, context)
  local headers = ffi.new("const char *[?]", #lines, lines)
  local place = origin(described.url)
  local options = ffi.new("weir_http_sink_options")
  local batch, http = described.batch or {}, options.request.http
  http.url, http.method = described.url, described.method
  http.headers, http.header_count = headers, #lines
  http.timeout_ns = described.timeout_ns or 30 * S
  http.connect_timeout_ns = described.connect_timeout_ns or 10 * S
  retries.fill(options.request.retries, described.retries)
  options.request.clock = context.clock or C.weir_clock_real()
  options.place = place
  options.max_records = batch.records or 1000
  options.max_bytes = batch.bytes_bytes or 2 ^ 20
  options.array = described.body == "array" and 1 or 0
  options.encoder = codecs.encoder(described.codec)
  local out = ffi.new("weir_sink *[1]")
  local rc = C.weir_http_sink_new(out, options)
  return rc, out, { lines, headers, place }
end

return M
