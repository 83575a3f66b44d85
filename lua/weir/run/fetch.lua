--- weir.http_get, weir.http_post: an answer of a server, for which only the call at hand
-- waits.

local await = require("weir.run.await")
local cdef = require("weir.cdef")
local ffi = require("ffi")
local errors = require("weir.lib.errors")
local keys = require("weir.lib.keys")
local options = require("weir.lib.options")
local record = require("weir.native.record")
local secrets = require("weir.run.secrets")
local tls = require("weir.describe.tls")
local tls_options = require("weir.native.tls").options

local C = cdef.load("engine/base/buf.h", "engine/base/err.h", "engine/loop/fetch.h")

local M = {}

local S = 1e9
local FINAL = { [-22] = true, [-90] = true } -- EINVAL, EMSGSIZE: no time mends it
local MESSAGE_MAX = 512

local spec = {
  headers = { kind = "headers" },
  timeout = { kind = "duration", default = "30s" },
  connect_timeout = { kind = "duration", default = "10s" },
  max_body = { kind = "size", default = "16MiB" },
  tls = { kind = "tls", usage = 'tls = { ca = "authority.pem" }' },
}
local DEFAULTS = { timeout_ns = 30 * S, connect_timeout_ns = 10 * S, max_body_bytes = 2 ^ 24 }

local fetcher

-- Most scripts ask nobody, so it is made when it is needed.
local function get_fetcher()
  if not fetcher then
    local out, message = ffi.new("weir_fetcher *[1]"), ffi.new("char[?]", MESSAGE_MAX)
    if C.weir_fetcher_new(out, message, MESSAGE_MAX) ~= 0 then
      error(ffi.string(message), 0)
    end
    fetcher = ffi.gc(out[0], C.weir_fetcher_free)
  end
  return fetcher
end

-- content_type: of the body, unless a header says otherwise; nil: there is none.
local function header_lines(values, content_type)
  local lines = {}
  for i, name in ipairs(keys.sorted(values)) do
    if values[name]:find("%c") then
      error(("the value of the header %s has a control character"):format(name), 0)
    end
    lines[i] = name .. ": " .. values[name]
    content_type = name:lower() ~= "content-type" and content_type or nil
  end
  lines[#lines + 1] = content_type and "Content-Type: " .. content_type
  return lines
end

local function cancel(call)
  C.weir_fetch_cancel(fetcher, call.fetch)
end

local request = ffi.new("weir_fetch_options")
local NO_LINES, NO_HEADERS = {}, ffi.new("const char *[1]")

-- What is in the request is copied as it starts.
local function start(call, url, given, body)
  local lines, headers = NO_LINES, NO_HEADERS
  if given.headers or body then
    lines = header_lines(given.headers or {}, body and body.type)
    headers = ffi.new("const char *[?]", math.max(1, #lines), lines)
  end
  local certificates = tls_options(given.tls, false)
  request.url, request.headers, request.header_count = url, headers, #lines
  request.timeout_ns, request.connect_timeout_ns = given.timeout_ns, given.connect_timeout_ns
  request.body_max, request.tls = given.max_body_bytes, certificates
  request.body.bytes, request.body.size = body and body.text, body and #body.text or 0
  call.fetch = C.weir_fetch_start(get_fetcher(), request, call.landing, await.ticket(call))
  call.cancel = cancel
end

-- Old servers go on with a value in the next line, behind a blank.
local function headers_of(text)
  local out, last = {}, nil
  for line in text:gmatch("[^\r\n]+") do
    local more = last and line:match("^[ \t]+(.*)$")
    local name, value = line:match("^([^:]+):[ \t]*(.*)$")
    if more then
      out[last] = out[last] .. " " .. more
    elseif name then
      last = name:lower()
      out[last] = out[last] and out[last] .. ", " .. value or value
    end
  end
  return out
end

local Answer = {}
Answer.__index = Answer

--- The body, from JSON: null is weir.null.
function Answer:json()
  local value, problem = record.parse(self.body)
  if problem then
    error("the answer is not JSON: " .. problem, 2)
  end
  return value
end

local STATUS_TIMEOUT, STATUS_TOO_MANY, STATUS_SERVER = 408, 429, 500

-- What may pass with time: the words for it, or nil.
local function passing(fetch)
  local status = fetch.status
  if fetch.code ~= C.WEIR_OK then
    return ffi.string(fetch.message)
  elseif status == STATUS_TIMEOUT or status == STATUS_TOO_MANY or status >= STATUS_SERVER then
    return "status " .. status
  end
end

local function read(call, fetch, name)
  local words = passing(fetch)
  if words then
    words = name .. ": " .. words
    call.failed = {
      words = words,
      code = fetch.code ~= C.WEIR_OK and fetch.code or nil,
      again = not FINAL[fetch.code],
      after_ns = tonumber(fetch.retry_after_ns),
    }
    return nil, words
  end
  return setmetatable({
    status = fetch.status,
    headers = headers_of(ffi.string(fetch.head.bytes, fetch.head.size)),
    body = ffi.string(fetch.body.bytes, fetch.body.size),
  }, Answer)
end

local function check(name, url, given)
  if type(url) ~= "string" or not url:find("^https?://[^/]") or url:find("[%c ]") then
    error(name .. ': a URL such as "https://example.org/a?b=c" is needed', 4)
  elseif #url > C.WEIR_FETCH_URL_MAX then
    error(("%s: the URL has %d bytes, and may have %d"):format(name, #url, C.WEIR_FETCH_URL_MAX), 4)
  end
  if not given then
    return DEFAULTS
  end
  given = options.check(spec, given, { subject = name:match("[^.]+$"), where = errors.where() })
  local problem = given.tls and (url:find("^http:") and "tls is for https, and the url begins"
    .. " with http" or given.tls.name and "tls: the url says who the server must be, so there is"
    .. " no name" or tls.check_connecting(given.tls))
  return problem and error(name .. ": " .. problem, 4) or given
end

-- What is given with its secrets.
local function reveal(given, directory)
  if given.headers or given.tls then
    given.headers = given.headers and secrets.resolve(given.headers, directory)
    given.tls = given.tls and secrets.resolve(given.tls, directory)
  end
  return given
end

local text = ffi.new("weir_buf")

-- What is to be posted, with its type.
local function body_of(value)
  if type(value) == "string" then
    return { text = value, type = "text/plain" }
  end
  C.weir_buf_clear(text)
  local ok, problem = pcall(record.encode, value, text)
  if not ok then
    error("weir.http_post: the body: " .. problem, 3)
  end
  return { text = ffi.string(text.bytes, text.size), type = "application/json" }
end

--- The functions for scripts, by name.
---@param directory string?  of secrets
function M.bind(directory)
  local function ask(call, name, url, given, body)
    given = reveal(check(name, url, given), directory)
    start(call, url, given, body)
    local fetch = ffi.cast("weir_fetch *", await.pause())
    local answer, words = read(call, fetch, name)
    C.weir_fetch_free(fetch)
    return answer or error(words, 3)
  end
  return {
    http_get = function(url, given)
      return (ask(await.here("weir.http_get"), "weir.http_get", url, given))
    end,
    http_post = function(url, body, given)
      local call = await.here("weir.http_post")
      return (ask(call, "weir.http_post", url, given, body_of(body)))
    end,
  }
end

return M
