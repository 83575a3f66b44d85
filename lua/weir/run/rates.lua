--- How fast counts grow: in the last second, and in the last minute.
--
--     local book = rates.new()
--     book:open(now_ms, true)
--     local shown = book:steady("read", 1000)
--     local rate = book:rate("read", shown)       --> { s = 980, m = 1010 }, each per second
--     book:close()

local M = {}

local SECOND_MS, MINUTE_MS = 950, 60000 -- a second, as far as a timer hits it

local Book = {}
Book.__index = Book

--- A book that begins with nothing at 0 ms.
function M.new()
  return setmetatable({ history = { { at_ms = 0, counts = {} } }, floors = {} }, Book)
end

--- Begins a page: rates are measured against those of a second ago, and of a minute ago
-- or the start. live: counts may be read a little early or late.
function Book:open(now_ms, live)
  local history = self.history
  local at = #history
  while at > 1 and now_ms - history[at].at_ms < SECOND_MS do
    at = at - 1
  end
  while at > 1 and now_ms - history[2].at_ms >= MINUTE_MS do
    table.remove(history, 1)
    at = at - 1
  end
  self.now_ms, self.live = now_ms, live
  self.second, self.minute = history[at], history[1]
  self.counts = {}
end

--- Ends the page; a second after the last that was kept it is kept too.
function Book:close()
  local history = self.history
  if self.now_ms - history[#history].at_ms >= SECOND_MS then
    history[#history + 1] = { at_ms = self.now_ms, counts = self.counts }
  end
end

--- A count as it is shown: while live, it never goes back.
function Book:steady(key, value)
  if self.live then
    value = math.max(value, self.floors[key] or 0)
  end
  self.floors[key] = value
  return value
end

local function since(base, key, value, now_ms)
  local span_ms = now_ms - base.at_ms
  return span_ms > 0 and (value - (base.counts[key] or 0)) * 1000 / span_ms or 0
end

--- How fast a count grows, which it has now.
function Book:rate(key, value)
  self.counts[key] = value
  return {
    s = since(self.second, key, value, self.now_ms),
    m = since(self.minute, key, value, self.now_ms),
  }
end

return M
