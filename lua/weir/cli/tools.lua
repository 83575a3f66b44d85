--- What a run has beside it, if it was asked for: a file of its numbers, a control socket.

local live = require("weir.plan.live")
local sockets = require("weir.cli.sockets")

local M = {}

local LOOKS_FOR_MS = 5000

local Tools = {}
Tools.__index = Tools

--- Whoever wants one of them should not find out at the end that it cannot be: nil and
-- what is wrong.
---@param engine table  not yet started
---@param values table  of the flags
---@param world table
function M.open(engine, values, world)
  local self = setmetatable({ engine = engine, world = world }, Tools)
  local message
  if values.metrics then
    self.file, message = require("weir.cli.metrics_file").open(values.metrics)
    if not self.file then
      return nil, "--metrics: " .. message
    end
  end
  if values.control == nil then
    self.may_open_own = true
  elseif values.control ~= "off" then
    message = self:_open_control(values.control)
    if message then
      return nil, "--control: " .. message
    end
  end
  return self
end

--- The meter of the run, made when it is wanted first.
function Tools:meter()
  self.made_meter = self.made_meter or require("weir.run.metrics").new(self.engine)
  return self.made_meter
end

--- Sees what the run is at, if anybody has asked lately; whether it is at anything.
---@param now_ms number
---@param wanted boolean?  somebody will ask
function Tools:look(now_ms, wanted)
  local meter = self.made_meter
  local asked_ms = meter and meter.asked_ms
  return meter ~= nil and (wanted or asked_ms ~= nil and now_ms - asked_ms < LOOKS_FOR_MS)
    and meter:look()
end

function Tools:_open_control(path)
  local message
  self.control, message = require("weir.serve.control").open(self.engine, self:meter(), {
    path = path,
    version = require("weir.cli.version").VERSION,
    pid = self.world.pid and self.world.pid(),
  })
  return message
end

-- While it is asked nothing it sleeps, and may not sleep through a question.
function Tools:_hear()
  if self.control and self.engine.engine then
    self.engine:watch(self.control.listener.net)
  end
end

local function is_live(graph)
  for _, node in ipairs(graph.nodes) do
    if node.kind == "source" and live.is(node.source) then
      return true
    end
  end
  return false
end

--- When the engine has been started. Who runs without an end can be asked from then on.
function Tools:begin()
  if is_live(self.engine.graph) then
    self:open_own()
  end
  self:_hear()
end

--- A socket that nobody has asked for: if it cannot be, that is no matter.
function Tools:open_own()
  local path = self.may_open_own and sockets.own(self.world, self.engine.graph.pipeline)
  self.may_open_own = false
  if path then
    self:_open_control(path)
    self:_hear()
  end
end

function Tools:has_control()
  return self.control ~= nil or self.may_open_own
end

--- Whether somebody has come to the control socket.
function Tools:stirred()
  return self.control ~= nil and (self.engine:stirred() or self:is_behind())
end

function Tools:has_clients()
  return self.control ~= nil and self.control.listener.client_count > 0
end

--- Whether more of them have come than could be answered in a moment.
function Tools:is_behind()
  return self.control ~= nil and self.control.left
end

function Tools:close()
  if self.file then
    self.file:close()
  end
  if self.control then
    if self.engine.engine then
      self.engine:watch(nil)
    end
    self.control:close()
    self.control = nil
  end
end

return M
