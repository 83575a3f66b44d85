-- peer.lua -- a TCP peer for `peers`.
--
--     luajit scripts/dev/faults/peer.lua PORT end     sends standard input, and ends well
--     luajit scripts/dev/faults/peer.lua PORT reset   half a record, and a RST
--     luajit scripts/dev/faults/peer.lua PORT hang    half a record, then waits for the end

package.path = "./?.lua;" .. package.path
local sockets = require("spec.support.sockets")

local port, mode = tonumber(arg[1]), arg[2]
local peer = sockets.connect(port)
if mode == "end" then
  for block in function() return arg[3] ~= "0" and io.read(65536) or nil end do
    peer:send(block)
  end
  peer:close()
elseif mode == "reset" then
  peer:send('{"n":')
  peer:reset()
else
  peer:send('{"n":')
  peer:read_all()
  peer:close()
end
