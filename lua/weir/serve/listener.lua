--- A Unix socket that takes lines and gives lines, in a thread that has other things to
-- do: nothing here waits.
--
--     local listener, message = listener.open(path, {
--       line = function(client, line) ... end,      -- one came
--       ended = function(client) ... end,           -- it is gone
--       too_long = "...", too_many = "...",         -- last words
--       now_s = function() ... end,                 -- a clock, or the real one
--     })
--     listener:serve()                     -- whenever something has come
--     client:send("a line")                -- and, now and then:
--     listener:flush()
--
-- Limits, each with its name, keep any number of clients (client.lua: each of them) from
-- being more than a nuisance, also those that say nothing at all.

local cdef = require("weir.cdef")
local clients = require("weir.serve.client")
local ffi = require("ffi")

local C = cdef.load("engine/base/clock.h", "engine/base/err.h", "engine/loop/address.h",
  "engine/loop/net.h")

local M = {}

M.CLIENTS_MAX = 32
M.SILENCE_MAX_S = 60 -- then a client makes room for another, should there be none
M.SHARE_S = 0.02 -- of time, before the thread does something else
local TURNS = 64 -- of clients, likewise

local Listener = {}
Listener.__index = Listener

local count = ffi.new("size_t[1]")

local clock = C.weir_clock_real()

local function real_s()
  return tonumber(clock.monotonic_ns(clock.context)) / 1e9
end

local function key_of(socket)
  return tonumber(ffi.cast("intptr_t", socket))
end

local function text_of(code)
  return ffi.string(C.weir_err_text(code))
end

local function address_of(path)
  local addresses = ffi.new("weir_addresses")
  local code = C.weir_address_find(addresses, C.WEIR_TRANSPORT_UNIX, path, 1)
  if code ~= C.WEIR_OK then
    return nil, text_of(code)
  end
  return addresses.items[0]
end

--- A socket at a path, mode 0600, or nil and why not. A path whose owner is dead is taken
-- over.
---@param path string
---@param user table  see above
function M.open(path, user)
  local address, message = address_of(path)
  if not address then
    return nil, path .. ": " .. message
  end
  local net, socket = ffi.new("weir_net *[1]"), ffi.new("weir_socket *[1]")
  local code = C.weir_net_new(net)
  if code ~= C.WEIR_OK then
    return nil, text_of(code)
  end
  local options = ffi.new("weir_socket_options", { mode = 384 }) -- 0600
  code = C.weir_socket_listen(net[0], address, options, socket)
  if code ~= C.WEIR_OK then
    C.weir_net_free(net[0])
    return nil, path .. ": " .. text_of(code)
  end
  local self = setmetatable({
    net = net[0], socket = socket[0], path = path, user = user, options = options,
    clients = {}, client_count = 0, now_s = user.now_s or real_s,
    until_s = 0,
  }, Listener)
  self:serve()
  return self
end

--- Ends the connection of a client.
function Listener:drop(client)
  self.clients[key_of(client.socket)] = nil
  self.client_count = self.client_count - 1
  client:close()
  self.user.ended(client)
end

function Listener:_serve_client(client)
  client:serve(self.until_s)
  if client.gone then
    self:drop(client)
  end
end

-- Those that have gone unnoticed, or else who has been silent for longest, if that is long.
function Listener:_make_room()
  local idle
  for _, client in pairs(self.clients) do
    self:_serve_client(client)
    if client:is_idle() and not (idle and idle.heard_s <= client.heard_s) then
      idle = client
    end
  end
  if self.client_count >= M.CLIENTS_MAX and idle
    and self.now_s() - idle.heard_s >= M.SILENCE_MAX_S then
    self:drop(idle)
  end
end

function Listener:_welcome(socket)
  if self.client_count >= M.CLIENTS_MAX then
    self:_make_room()
  end
  if self.client_count >= M.CLIENTS_MAX then
    local line = self.user.too_many .. "\n"
    C.weir_socket_write(socket, line, #line, count)
    C.weir_socket_close(socket)
    return
  end
  self.clients[key_of(socket)] = clients.new(socket, self.user, self.now_s)
  self.client_count = self.client_count + 1
end

-- Without a descriptor left it does not ask again at once.
function Listener:_accept()
  local out = ffi.new("weir_socket *[1]")
  for _ = 1, M.CLIENTS_MAX do
    local code = C.weir_socket_accept(self.socket, self.options, out)
    if code == C.WEIR_EEMPTY then
      return
    elseif code ~= C.WEIR_OK then
      return C.weir_socket_watch(self.socket, 0)
    end
    self:_welcome(out[0])
  end
end

--- Does what there is to do, and no more than a few turns of it; whether something is left.
function Listener:serve()
  self.until_s = self.now_s() + M.SHARE_S
  for _ = 1, TURNS do
    if self.now_s() >= self.until_s then
      break
    end
    local socket = C.weir_net_take(self.net)
    if socket == nil then
      C.weir_net_wait(self.net, 0)
      socket = C.weir_net_take(self.net)
    end
    if socket == nil then
      return false
    elseif socket == self.socket then
      self:_accept()
    elseif self.clients[key_of(socket)] then
      self:_serve_client(self.clients[key_of(socket)])
    end
  end
  C.weir_net_wait(self.net, 0)
  return true
end

--- Sends what was said since the last turn, and asks for clients again.
function Listener:flush()
  self.until_s = self.now_s() + M.SHARE_S
  C.weir_socket_watch(self.socket, C.WEIR_SOCKET_READ)
  for _, client in pairs(self.clients) do
    if client.unsent > 0 or client.said_all then
      self:_serve_client(client)
    end
  end
  self:serve()
end

--- Ends all connections and takes the path away.
function Listener:close()
  for _, client in pairs(self.clients) do
    client:flush()
  end
  C.weir_net_free(self.net)
  self.clients, self.client_count = {}, 0
end

return M
