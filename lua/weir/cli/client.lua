--- The other side of a control socket: asks a run, and waits for what it says.
--
--     local client, message = client.connect(path)
--     local result, err = client:ask("stats", {})       -- err = { code, message }
--     client:close()

local cdef = require("weir.cdef")
local ffi = require("ffi")
local json = require("weir.native.json")

local C = cdef.load("engine/base/err.h", "engine/loop/address.h", "engine/loop/net.h")

local M = {}

local PATIENCE_NS = 10e9 -- for an answer
local READ_BYTES = 64 * 1024

local Client = {}
Client.__index = Client

local room = ffi.new("char[?]", READ_BYTES)
local count = ffi.new("size_t[1]")

local function failure(code)
  return { message = ffi.string(C.weir_err_text(code)) }
end

--- A connection, or nil and why there is none.
---@param path string
function M.connect(path)
  local addresses = ffi.new("weir_addresses")
  local code = C.weir_address_find(addresses, C.WEIR_TRANSPORT_UNIX, path, 0)
  local net, socket = ffi.new("weir_net *[1]"), ffi.new("weir_socket *[1]")
  if code == C.WEIR_OK then
    code = C.weir_net_new(net)
  end
  if code == C.WEIR_OK then
    code = C.weir_socket_connect(net[0], addresses.items[0], ffi.new("weir_socket_options"), socket)
    if code == C.WEIR_OK then
      code = C.weir_socket_connected(socket[0])
    end
    if code ~= C.WEIR_OK then
      C.weir_net_free(net[0])
    end
  end
  if code ~= C.WEIR_OK then
    return nil, ("%s: %s"):format(path, failure(code).message)
  end
  C.weir_socket_watch(socket[0], C.WEIR_SOCKET_READ)
  return setmetatable({ net = net[0], socket = socket[0], path = path, begun = "", last = 0 },
    Client)
end

function Client:close()
  C.weir_net_free(self.net)
end

--- What to wait for, beside others.
function Client:descriptor()
  return C.weir_socket_fd(self.socket)
end

-- Requests are short: a socket that has no room for one is dead.
function Client:_send(line)
  local code = C.weir_socket_write(self.socket, line, #line, count)
  return code == C.WEIR_OK and tonumber(count[0]) == #line, code
end

--- The next line, decoded; nil and what is wrong: { timeout = true } after timeout_ns,
-- below 0 for never.
function Client:read(timeout_ns)
  while true do
    local line, rest = self.begun:match("^([^\n]*)\n(.*)$")
    if line then
      self.begun = rest
      local value, message = json.decode(line, { raw = "records" })
      return value, value == nil and { message = message } or nil
    end
    local code = C.weir_socket_read(self.socket, room, READ_BYTES, count)
    if code == C.WEIR_OK then
      self.begun = self.begun .. ffi.string(room, count[0])
    elseif code ~= C.WEIR_EEMPTY then
      return nil, { message = "the run has ended", ended = true }
    else
      C.weir_net_wait(self.net, timeout_ns)
      if C.weir_net_take(self.net) == nil and timeout_ns >= 0 then
        return nil, { message = "it does not answer", timeout = true }
      end
    end
  end
end

--- Sends a request; its id.
function Client:request(method, params)
  self.last = self.last + 1
  local ok = self:_send(json.encode({
    jsonrpc = "2.0", id = self.last, method = method, params = next(params) and params or nil,
  }) .. "\n")
  return ok and self.last or nil
end

--- The result of a method, or nil and { code?, message }.
function Client:ask(method, params)
  local id = self:request(method, params)
  if not id then
    return nil, { message = "the run has ended", ended = true }
  end
  while true do
    local answer, err = self:read(PATIENCE_NS)
    if not answer then
      return nil, err
    elseif answer.error and (answer.id == id or answer.id == nil) then
      return nil, answer.error
    elseif answer.id == id then
      return answer.result
    end
  end
end

return M
