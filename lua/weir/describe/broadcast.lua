--- Sinks that listen, the same for TCP and Unix sockets: what happens to who is slow.

local M = {}

M.overflow = { kind = "enum", values = { "block", "drop_oldest", "disconnect" }, only = "sink" }
M.max_pending = { kind = "size", only = "sink", usage = 'max_pending = "1MiB"' }

local PENDING_MIN = 2 ^ 16 -- bytes

-- By who they are for; the suffixes are those of quantities.
local LISTENING = { "overflow", "max_pending_bytes", "max_connections" }
local CONNECTING = { "retries", "connect_timeout_ns" }

local function given(described, names)
  for _, name in ipairs(names) do
    if described[name] ~= nil then
      return (name:gsub("_ns$", ""):gsub("_bytes$", ""))
    end
  end
end

--- What is wrong with a sink, or nil.
---@param described table
---@param listens boolean?
function M.check(described, listens)
  local foreign = given(described, listens and CONNECTING or LISTENING)
  if foreign then
    return ('option "%s" is for a sink that %s'):format(foreign,
      listens and "connects" or "listens")
  end
  local pending = described.max_pending_bytes
  if pending and (described.overflow or "block") == "block" then
    return 'max_pending is for overflow = "drop_oldest" and "disconnect"; "block" needs no limit,'
      .. " as it waits"
  elseif pending and pending < PENDING_MIN then
    return 'max_pending is at least "64KiB"'
  end
end

--- What a reference entry says of it.
M.body = [[

A sink that listens gives everybody who has come every record from then on, whole
ones only, and a header first where the codec has one. overflow says what becomes
of who is slow:

    block         it is waited for: the slowest sets the pace, and with nobody
                  there the records wait, as their source does or the :buffer
                  before the sink says. Who has not taken what is there after
                  timeout is closed, so that it cannot hold up the others for long.
    drop_oldest   nobody is waited for. Who is more than max_pending behind misses
                  the oldest of that; what nobody is there for is gone.
    disconnect    likewise, but who is that far behind is closed, and knows it.

All of it is counted: connections_open (now), connections_opened, connections_closed,
connections_slow, records_missed, records_unheard. Beyond max_connections (1024)
peers wait outside. What peers send to a sink is not read by anybody.
]]

return M
