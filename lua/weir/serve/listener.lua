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
--     listener:send(client, "a line")      -- and, now and then:
--     listener:flush()
--
-- Limits, each with its name, keep any number of clients that say too much, or read too
-- little, or nothing at all, from being more than a nuisance. A client that has said all is
-- answered before it is left; while client.listens is above 0 it is told more.

local cdef = require("weir.cdef")
local ffi = require("ffi")

local C = cdef.load("engine/base/clock.h", "engine/base/err.h", "engine/loop/address.h",
  "engine/loop/net.h")

local M = {}

M.CLIENTS_MAX = 32
M.SILENCE_MAX_S = 60 -- then a client makes room for another, should there be none
M.LINE_MAX = 64 * 1024 -- bytes of a request
M.UNSENT_MAX = 256 * 1024 -- bytes that a client has not read; then it is not heard
M.LINES_A_TURN = 64 -- of a client, before others have their turn
M.SHARE_S = 0.02 -- of time, before the thread does something else
local TURNS = 64 -- of clients, likewise
local OWED = 16 * 1024 -- bytes said, before it is seen whether a client is still there
local READ_BYTES = 16 * 1024

local Listener = {}
Listener.__index = Listener

local room = ffi.new("char[?]", READ_BYTES)
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

-- Whether a client has not been left meanwhile.
local function is_here(self, client)
  return self.clients[client.key] == client
end

--- Ends the connection of a client.
function Listener:drop(client)
  if is_here(self, client) then
    self.clients[client.key] = nil
    self.client_count = self.client_count - 1
    C.weir_socket_close(client.socket)
    self.user.ended(client)
  end
end

-- --- what goes out

-- Who does not read what it is told is not listened to.
local function watch(client)
  local events = 0
  if client.unsent < M.UNSENT_MAX and not client.parting and not client.said_all then
    events = C.WEIR_SOCKET_READ
  end
  if client.unsent > 0 then
    events = events + C.WEIR_SOCKET_WRITE
  end
  C.weir_socket_watch(client.socket, events)
end

function Listener:_flush(client)
  while client.unsent > 0 do
    local text = table.concat(client.out)
    local code = C.weir_socket_write(client.socket, text, #text, count)
    if code == C.WEIR_EEMPTY then
      client.out = { text }
      break
    elseif code ~= C.WEIR_OK then
      return self:drop(client)
    end
    text = text:sub(tonumber(count[0]) + 1)
    client.out, client.unsent = { text }, #text
  end
  if client.unsent == 0 and client.parting then
    return self:drop(client)
  end
  watch(client)
end

--- Sends a line as soon as the client takes it.
function Listener:send(client, line)
  if not is_here(self, client) then
    return
  end
  client.out[#client.out + 1] = line .. "\n"
  client.unsent = client.unsent + #line + 1
end

--- Bytes that a client may still be sent before it counts as slow.
function Listener:room(client)
  return math.max(0, M.UNSENT_MAX / 4 - client.unsent)
end

-- Says a last line, and ends the connection when it has been read.
local function part(self, client, line)
  self:send(client, line)
  client.parting, client.begun = true, ""
end

-- --- what comes in

local function has_line(client)
  return client.begun:find("\n", 1, true) ~= nil
end

local function take_lines(self, client)
  client.told = client.unsent
  for _ = 1, M.LINES_A_TURN do
    local line, rest = client.begun:match("^([^\n]*)\n(.*)$")
    if #(line or client.begun) > M.LINE_MAX then
      return part(self, client, self.user.too_long)
    elseif not line or client.unsent >= M.UNSENT_MAX then
      return
    end
    client.begun = rest
    if line:find("%S") then
      self.user.line(client, line)
    end
    if client.unsent - client.told >= OWED then
      self:_flush(client)
      client.told = client.unsent
    end
    if not is_here(self, client) or self.now_s() >= self.until_s then
      return
    end
  end
end

-- Lines that wait are done before more is read.
local function hear(self, client)
  take_lines(self, client)
  if not is_here(self, client) or has_line(client) or client.parting or client.said_all then
    return
  end
  local code = C.weir_socket_read(client.socket, room, READ_BYTES, count)
  if code == C.WEIR_OK then
    client.heard_s = self.now_s()
    client.begun = client.begun .. ffi.string(room, count[0])
    C.weir_socket_again(client.socket) -- what is wrong with it is told once
    take_lines(self, client)
  elseif code ~= C.WEIR_EEMPTY then
    client.said_all = true
  end
end

function Listener:_serve_client(client)
  if not client.parting and client.unsent < M.UNSENT_MAX then
    hear(self, client)
  end
  if not is_here(self, client) then
    return
  end
  client.parting = client.parting or client.said_all and not has_line(client)
    and client.listens == 0
  self:_flush(client)
  if is_here(self, client) and has_line(client) and client.unsent < M.UNSENT_MAX then
    C.weir_socket_again(client.socket)
  end
end

-- Those that have gone unnoticed, or else who has been silent for longest, if that is long.
function Listener:_make_room()
  local idle
  for _, client in pairs(self.clients) do
    self:_serve_client(client)
    local is_idle = client.listens == 0 and client.unsent == 0
    if is_idle and not (idle and idle.heard_s <= client.heard_s) then
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
  local client = {
    socket = socket, key = key_of(socket), begun = "", out = {}, unsent = 0, told = 0, listens = 0,
    heard_s = self.now_s(),
  }
  self.clients[client.key] = client
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
    self:_flush(client)
  end
  C.weir_net_free(self.net)
  self.clients, self.client_count = {}, 0
end

return M
