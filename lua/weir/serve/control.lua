--- The control socket of a run: what others may ask of it, and tell it to do.
--
--     local control, message = control.open(engine, meter, { path = path, version = "0.1.0" })
--     engine:watch(control.listener.net)
--     control:serve()           -- when something has come
--     control:tell()            -- some times a second
--     control:close()
--
-- `weir help control` is the contract; M.PROTOCOL changes when it breaks.

local json = require("weir.native.json")
local limits = require("weir.serve.client")
local listener = require("weir.serve.listener")
local rpc = require("weir.serve.rpc")
local taps = require("weir.serve.taps")

local M = {}

M.PROTOCOL = 1

local NO_SUCH_PIPELINE = -32000

local Control = {}
Control.__index = Control

local methods = {}

--- The methods, in the order in which help lists them.
M.methods = { "version", "stats", "graph", "pause", "resume", "drain", "stop", "tap", "untap" }

function methods.version(self)
  return {
    weir = self.version,
    protocol = M.PROTOCOL,
    pid = self.pid,
    pipeline = self.engine.graph.pipeline,
    methods = json.array({ unpack(M.methods) }),
  }
end

-- Empty lists stay lists.
local function stats_of(snapshot)
  for _, name in ipairs({ "nodes", "tasks", "edges", "errors" }) do
    json.array(snapshot[name])
  end
  return snapshot
end

function methods.stats(self)
  return stats_of(self.meter:snapshot())
end

local function inputs_of(node)
  local out = json.array({})
  for i, input in ipairs(node.inputs) do
    out[i] = { node = input.node.name, port = input.port }
  end
  return out
end

local function task_of(task)
  local stages = json.array({})
  for _, stage in ipairs(task.stages or {}) do
    stages[#stages + 1] = stage.node.name
  end
  return { name = task.name, kind = task.kind, parallel = task.parallel == true, stages = stages }
end

local function port_name(edge)
  for _, port in ipairs(edge.from.ports) do
    if port.number == edge.port then
      return port.name
    end
  end
end

function methods.graph(self)
  local engine = self.engine
  local out = {
    pipeline = engine.graph.pipeline, nodes = json.array({}), tasks = json.array({}),
    edges = json.array({}),
  }
  for i, node in ipairs(engine.graph.nodes) do
    out.nodes[i] = { name = node.name, kind = node.kind, where = node.where,
      inputs = inputs_of(node) }
  end
  for i, task in ipairs(engine.plan.tasks) do
    out.tasks[i] = task_of(task)
  end
  for i, edge in ipairs(engine.plan.edges) do
    out.edges[i] = { from = edge.from.name, port = port_name(edge), to = edge.to.name }
  end
  return out
end

local function state(self)
  return { state = self.engine:state() }
end

function methods.pause(self)
  self.engine:pause(true)
  return state(self)
end

function methods.resume(self)
  self.engine:pause(false)
  return state(self)
end

function methods.drain(self)
  self.engine:stop()
  return state(self)
end

-- Done when the answer is on its way, since it may take a moment.
function methods.stop(self)
  self.stops = true
  return { state = "stopping" }
end

function methods.tap(self, params, client)
  return self.taps:add(client, params)
end

function methods.untap(self, params, client)
  if params.tap ~= nil and type(params.tap) ~= "number" then
    rpc.refuse(rpc.PARAMS, "tap is a number that `tap` has given")
  end
  return { ended = self.taps:remove(client, params.tap) }
end

-- Whoever names a pipeline means no other one.
local function bound(self)
  local out = {}
  for name, method in pairs(methods) do
    out[name] = function(params, client)
      local pipeline = self.engine.graph.pipeline
      if params.pipeline ~= nil and params.pipeline ~= pipeline then
        rpc.refuse(NO_SUCH_PIPELINE, "the pipeline here is %q", pipeline)
      end
      return method(self, params, client)
    end
  end
  return out
end

--- A socket for an engine that was started, or nil and why there is none.
---@param engine table
---@param meter table  of weir.run.metrics
---@param options { path: string, version: string, pid: integer? }
function M.open(engine, meter, options)
  local self = setmetatable({
    engine = engine, meter = meter, version = options.version, pid = options.pid,
  }, Control)
  local answers = bound(self)
  local message
  self.listener, message = listener.open(options.path, {
    line = function(client, line)
      local answer = rpc.answer(line, answers, client)
      if answer then
        client:send(answer)
      end
    end,
    ended = function(client)
      self.taps:remove(client)
    end,
    too_long = rpc.farewell(rpc.INVALID, ("a request has %d bytes at most"):format(
      limits.LINE_MAX)),
    too_many = rpc.farewell(rpc.INVALID, ("%d clients are all that may be here"):format(
      listener.CLIENTS_MAX)),
  })
  if not self.listener then
    return nil, message
  end
  self.taps = taps.new(engine)
  return self
end

--- Answers what has come. True if the run is to end now.
function Control:serve()
  self.left = self.listener:serve()
  return self.stops
end

--- Tells those that look what has passed. True if the run is to end now.
function Control:tell()
  self.taps:tell()
  self.listener:flush()
  return self.stops
end

function Control:close()
  self.listener:close()
end

return M
