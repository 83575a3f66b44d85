-- server.lua -- a TCP server that takes what comes as it is told to.
--
--     luajit scripts/dev/faults/server.lua PORT PLACE MODE...
--
-- The first connection does as the first MODE says, and so on; the last is for all that
-- follow. What the Nth gets goes to PLACE/got.N; PLACE/listens is there when it listens.
--
--     read           takes all that comes
--     until=FILE     takes nothing until there is such a file, then all
--     reset=BYTES    takes so many, lets as much come as its machine holds, which it puts
--                    in PLACE/unread.N, and breaks off

package.path = "./?.lua;" .. package.path
local ffi = require("ffi")
local sockets = require("spec.support.sockets")

local C = ffi.C
local FIONREAD = 0x541B
local BLOCK = 65536

local place = arg[2]

local function note(name, text)
  local file = assert(io.open(place .. "/" .. name, "wb"))
  file:write(text)
  file:close()
end

local function is_there(path)
  local file = io.open(path)
  return file and file:close()
end

local function sleep(seconds)
  os.execute("sleep " .. seconds)
end

local function take(peer, file, most)
  local taken = 0
  while taken < most do
    local ok, bytes = pcall(peer.read, peer, math.min(BLOCK, most - taken))
    if not ok or not bytes then
      return
    end
    taken = taken + #bytes
    file:write(bytes)
    file:flush()
  end
end

local function unread(peer)
  local size = ffi.new("int[1]")
  C.ioctl(peer.fd, FIONREAD, size)
  return size[0]
end

local modes = {}

function modes.read(peer, file)
  take(peer, file, math.huge)
end

modes["until"] = function(peer, file, path)
  while not is_there(path) do
    sleep(0.1)
  end
  take(peer, file, math.huge)
end

function modes.reset(peer, file, bytes, number)
  take(peer, file, tonumber(bytes))
  local before
  repeat
    before = unread(peer)
    sleep(0.5)
  until unread(peer) == before
  note("unread." .. number, before .. "\n")
  peer:reset()
end

local listener = sockets.listen(tonumber(arg[1]))
note("listens", "")
local number = 0
while true do
  local peer = listener:accept()
  number = number + 1
  if C.fork() == 0 then
    local mode, value = (arg[number + 2] or arg[#arg]):match("^(%a+)=?(.*)$")
    local file = assert(io.open(("%s/got.%d"):format(place, number), "wb"))
    modes[mode](peer, file, value, number)
    file:close()
    note("ended." .. number, "")
    C._exit(0)
  end
  peer:close()
end
