--- Certificates as the engine takes them.

local ffi = require("ffi")

local C = require("weir.cdef").load("engine/loop/tls.h")

local M = {}

local MESSAGE_MAX = 320 -- bytes

--- weir_tls_options of described ones, which have to live as long; nil for none.
---@param described table?
---@param listens boolean
function M.options(described, listens)
  if not described then
    return nil
  end
  return ffi.new("weir_tls_options", {
    cert = described.cert,
    key = described.key,
    password = described.password,
    ca = described.ca,
    name = described.name,
    listens = listens and 1 or 0,
    accepts_any = described.insecure_accept_any_certificate and 1 or 0,
  })
end

--- What is wrong with their files, or nil and in how many days they expire.
---@return string? problem
---@return number? days
function M.look(described, listens)
  local out, message = ffi.new("weir_tls *[1]"), ffi.new("char[?]", MESSAGE_MAX)
  if C.weir_tls_new(out, M.options(described, listens), message, MESSAGE_MAX) ~= 0 then
    return ffi.string(message)
  end
  local days = tonumber(C.weir_tls_days_left(out[0]))
  C.weir_tls_free(out[0])
  return nil, days
end

return M
