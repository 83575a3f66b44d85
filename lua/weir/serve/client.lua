--- Who talks over a listener's socket, line by line: what it has begun to say, and what it
-- has yet to be told. Nothing here waits.
--
-- Limits, each with its name, keep one that says too much, or reads too little, from being
-- more than a nuisance. One that has said all is answered before it is left; while
-- client.listens is above 0 it is told more. Once it is gone its listener drops it.

local cdef = require("weir.cdef")
local ffi = require("ffi")

local C = cdef.load("engine/base/err.h", "engine/loop/net.h")

local M = {}

M.LINE_MAX = 64 * 1024 -- bytes of a request
M.UNSENT_MAX = 256 * 1024 -- bytes that it has not read; then it is not heard
M.LINES_A_TURN = 64 -- before others have their turn
local OWED = 16 * 1024 -- bytes said, before it is seen whether it is still there
local READ_BYTES = 16 * 1024

local Client = {}
Client.__index = Client

local read = ffi.new("char[?]", READ_BYTES)
local count = ffi.new("size_t[1]")

--- One behind a socket, which it owns.
---@param socket ffi.cdata*
---@param user table  see weir.serve.listener
---@param now_s fun(): number
function M.new(socket, user, now_s)
  return setmetatable({
    socket = socket, user = user, now_s = now_s, begun = "", out = {}, unsent = 0, listens = 0,
    heard_s = now_s(),
  }, Client)
end

--- Ends the connection.
function Client:close()
  self.gone = true
  C.weir_socket_close(self.socket)
end

-- --- what goes out

-- Who does not read what it is told is not listened to.
function Client:_watch()
  local events = 0
  if self.unsent < M.UNSENT_MAX and not self.parting and not self.said_all then
    events = C.WEIR_SOCKET_READ
  end
  if self.unsent > 0 then
    events = events + C.WEIR_SOCKET_WRITE
  end
  C.weir_socket_watch(self.socket, events)
end

--- Sends what it takes now.
function Client:flush()
  while self.unsent > 0 do
    local text = table.concat(self.out)
    local code = C.weir_socket_write(self.socket, text, #text, count)
    if code == C.WEIR_EEMPTY then
      self.out = { text }
      break
    elseif code ~= C.WEIR_OK then
      self.gone = true
      return
    end
    text = text:sub(tonumber(count[0]) + 1)
    self.out, self.unsent = { text }, #text
  end
  self.gone = self.unsent == 0 and self.parting
  if not self.gone then
    self:_watch()
  end
end

--- Sends a line as soon as it is taken.
function Client:send(line)
  if not self.gone then
    self.out[#self.out + 1] = line .. "\n"
    self.unsent = self.unsent + #line + 1
  end
end

--- Bytes that it may still be sent before it counts as slow.
function Client:room()
  return math.max(0, M.UNSENT_MAX / 4 - self.unsent)
end

--- Whether nothing holds it here but that it has not left.
function Client:is_idle()
  return not self.gone and self.listens == 0 and self.unsent == 0
end

-- Says a last line, and ends the connection when it has been read.
function Client:_part(line)
  self:send(line)
  self.parting, self.begun = true, ""
end

-- --- what comes in

function Client:_has_line()
  return self.begun:find("\n", 1, true) ~= nil
end

function Client:_take_lines(until_s)
  local told = self.unsent
  for _ = 1, M.LINES_A_TURN do
    local line, rest = self.begun:match("^([^\n]*)\n(.*)$")
    if #(line or self.begun) > M.LINE_MAX then
      return self:_part(self.user.too_long)
    elseif not line or self.unsent >= M.UNSENT_MAX then
      return
    end
    self.begun = rest
    if line:find("%S") then
      self.user.line(self, line)
    end
    if self.unsent - told >= OWED then
      self:flush()
      told = self.unsent
    end
    if self.gone or self.now_s() >= until_s then
      return
    end
  end
end

-- Lines that wait are done before more is read.
function Client:_hear(until_s)
  self:_take_lines(until_s)
  if self.gone or self:_has_line() or self.parting or self.said_all then
    return
  end
  local code = C.weir_socket_read(self.socket, read, READ_BYTES, count)
  if code == C.WEIR_OK then
    self.heard_s = self.now_s()
    self.begun = self.begun .. ffi.string(read, count[0])
    C.weir_socket_again(self.socket) -- what is wrong with it is told once
    self:_take_lines(until_s)
  elseif code ~= C.WEIR_EEMPTY then
    self.said_all = true
  end
end

--- Takes what it has said, and tells it what there is; until a time, as near as a line.
function Client:serve(until_s)
  if not self.parting and self.unsent < M.UNSENT_MAX then
    self:_hear(until_s)
  end
  if self.gone then
    return
  end
  self.parting = self.parting or self.said_all and not self:_has_line() and self.listens == 0
  self:flush()
  if not self.gone and self:_has_line() and self.unsent < M.UNSENT_MAX then
    C.weir_socket_again(self.socket)
  end
end

return M
