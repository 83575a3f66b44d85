--- The records that pass a node of a run, as `weir top` shows them: over a connection of
-- its own, since they come unasked.
--
--     local tap = tapping.new()
--     local shown = tap:start(path, "errors")  --> { node, passed, records = { text... } }
--     shown = tap:read()                       -- what has come since, if any; never waits
--     tap:stop()
--
-- Where it cannot be, shown.message says why.

local client = require("weir.cli.client")

local M = {}

local KEPT, COUNT = 50, 100000 -- records; and asked for at once

local Tapping = {}
Tapping.__index = Tapping

function M.new()
  return setmetatable({}, Tapping)
end

--- Ends it; nothing is shown then.
function Tapping:stop()
  if self.connection then
    self.connection:close()
  end
  self.connection, self.shown = nil, nil
end

--- Looks at a node, and no more at another one.
function Tapping:start(path, node)
  self:stop()
  self.path, self.shown = path, { node = node, passed = 0, records = {} }
  local connection, message = client.connect(path)
  local answer, err
  if connection then
    self.connection = connection
    answer, err = connection:ask("tap", { node = node, count = COUNT })
  end
  if not answer then
    self.shown.message = message or err.message
  end
  return self.shown
end

local function add(shown, params)
  local records = shown.records
  shown.passed = params.passed
  for _, record in ipairs(params.records) do
    records[#records + 1] = record.text
  end
  for _ = KEPT + 1, #records do
    table.remove(records, 1)
  end
end

--- Takes what has come; when all that was asked for has, it asks for more.
function Tapping:read()
  local notice = self.connection and self.connection:read(0)
  while notice do
    local params = notice.params
    if params and params.records then
      add(self.shown, params)
    end
    if params and params.done then
      return self:start(self.path, self.shown.node)
    end
    notice = self.connection:read(0)
  end
  return self.shown
end

return M
