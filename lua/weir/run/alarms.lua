--- Who is to be looked at when: a heap, the earliest first.
--
--     local alarms = alarms.new()
--     alarms:set(call, at_ns)           -- another time than before, if it had one
--     alarms:clear(call)
--     local calls = alarms:ring(now_ns) -- whose time has come, in that order; they have none now
--     alarms:first_ns()                 -- math.huge: nobody has one
--
-- Whoever has an alarm knows the time and its place in the heap: alarm_ns, alarm_at.

local M = {}

local Alarms = {}
Alarms.__index = Alarms

function M.new()
  return setmetatable({ count = 0 }, Alarms)
end

function Alarms:_put(at, call)
  self[at], call.alarm_at = call, at
end

-- Puts a call where one may be that is as early, from this place up or down.
function Alarms:_settle(at, call)
  local ns = call.alarm_ns
  local above = math.floor(at / 2)
  while above > 0 and self[above].alarm_ns > ns do
    self:_put(at, self[above])
    at, above = above, math.floor(above / 2)
  end
  while at * 2 <= self.count do
    local below = at * 2
    if below < self.count and self[below + 1].alarm_ns < self[below].alarm_ns then
      below = below + 1
    end
    if self[below].alarm_ns >= ns then
      break
    end
    self:_put(at, self[below])
    at = below
  end
  self:_put(at, call)
end

function Alarms:set(call, at_ns)
  if not call.alarm_at then
    self.count = self.count + 1
    call.alarm_at = self.count
  end
  call.alarm_ns = at_ns
  self:_settle(call.alarm_at, call)
end

function Alarms:clear(call)
  local at, last = call.alarm_at, self[self.count]
  if not at then
    return
  end
  self[self.count], self.count = nil, self.count - 1
  call.alarm_at = nil
  if last ~= call then
    self:_settle(at, last)
  end
end

function Alarms:first_ns()
  return self.count > 0 and self[1].alarm_ns or math.huge
end

function Alarms:ring(now_ns)
  local due = {}
  while self:first_ns() <= now_ns do
    due[#due + 1] = self[1]
    self:clear(self[1])
  end
  return due
end

return M
