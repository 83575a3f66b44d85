--- Cuts a graph of nodes into tasks: sources, segments, buffers, relays (programs
-- between), sinks, and the edges between.
--
-- A segment is a chain of stages (chains.lua) that becomes one generated function. Every
-- task but a buffer has a port for dead letters; a stage whose side "dead" somebody takes
-- has one of its own.
--
--     plan  = { tasks = { source..., segment or buffer..., sink... }, edges = { edge... },
--               of = { [node] = task },
--               starts = { [name] = true } }    -- stages that begin such a second part
--     task  = { number, kind = "source"|"segment"|"buffer"|"relay"|"sink", name, node,  -- from 0
--               ports = { port... }, stages = { stage... }, dead_port = n,
--               parallel = bool, reason = why not }
--     port  = { number, name = "out"|"dead"|..., node, dead = bool, class = n?,
--               deadline_ns = n?, side = what has been dropped }
--     stage = { index, node, dead_port, dropped_port = n? }      -- index from 0
--     edge  = { from = task, port = n, to = task, unordered = bool, apart = bool }

local chains = require("weir.plan.chains")
local kinds = require("weir.plan.kinds")
local wires = require("weir.plan.wires")

local M = {}

-- Ports of what is set aside.
local ASIDE = { dead = true, dropped = true }

local Cut = {}
Cut.__index = Cut

-- consumers[node][port] lists the nodes that read that port, in script order.
local function find_consumers(nodes)
  local consumers = {}
  for _, node in ipairs(nodes) do
    consumers[node] = consumers[node] or {}
    for _, input in ipairs(node.inputs) do
      local of_node = consumers[input.node] or {}
      consumers[input.node] = of_node
      of_node[input.port] = of_node[input.port] or {}
      table.insert(of_node[input.port], node)
    end
  end
  return consumers
end

function Cut:_add_task(kind, name, node)
  local task = { kind = kind, name = name, node = node, ports = {} }
  self.tasks[#self.tasks + 1] = task
  return task
end

local function add_port(task, name, node, dead)
  local port = { number = #task.ports, name = name, node = node, dead = dead }
  task.ports[#task.ports + 1] = port
  return port
end

-- Whether somebody reads a port.
function Cut:taken(node, port)
  local of_node = self.consumers[node]
  return of_node and of_node[port] and #of_node[port] > 0
end

function Cut:_add_segment(head)
  self.segments = self.segments + 1
  local segment =
    self:_add_task("segment", ("%s/%d"):format(self.graph.pipeline, self.segments), head)
  segment.stages, segment.parallel, segment.reason = self.chains:from(head)
  for _, stage in ipairs(segment.stages) do
    self.of[stage.node] = segment
    segment.last = stage.node
  end
  local classes = segment.last.classes or {}
  local ahead = kinds.is_made(head) and self:_class_ahead(segment.last) or nil
  for _, name in ipairs(segment.last.ports or { "out" }) do
    local port = add_port(segment, name, segment.last, false)
    port.class = classes[name] or ahead
    port.deadline_ns = classes[name] and segment.last.deadline_ns
  end
  if segment.last.kind == "route" then
    add_port(segment, "default", segment.last, false)
  end
  segment.dead_port = add_port(segment, "dead", nil, true).number
  for _, stage in ipairs(segment.stages) do
    stage.dead_port = segment.dead_port
    if self:taken(stage.node, "dead") then
      stage.dead_port = add_port(segment, "dead", stage.node, true).number
    end
    if self:taken(stage.node, "dropped") then
      local port = add_port(segment, "dropped", stage.node, false)
      port.side, stage.dropped_port = true, port.number
    end
  end
end

-- Whether a source's batches are JSON rows, as sinks take them, and not cells.
local function gives_rows(source)
  return source.codec ~= nil and source.codec.kind == "json"
end

-- A sink takes JSON rows, from one port, and a buffer those that a segment wrote, line
-- after line; whatever stands otherwise gets a segment without stages in between.
function Cut:_wants_bridge(node)
  local inputs = node.inputs
  if #inputs > 1 then
    return true
  end
  local producer = inputs[1].node
  local reads = producer.kind == "source" and not kinds.is_made(producer) and producer.source
    or kinds.is_relay(producer) and producer
  return reads and inputs[1].port == "out" and (node.queue ~= nil or not gives_rows(reads))
end

function Cut:_bridge(sink)
  local merge = {
    kind = "merge",
    name = sink.name,
    where = sink.where,
    inputs = sink.inputs,
    made = true,
  }
  self.consumers[merge] = { out = { sink } }
  for _, input in ipairs(sink.inputs) do
    local readers = self.consumers[input.node][input.port]
    for i, reader in ipairs(readers) do
      readers[i] = reader == sink and merge or reader
    end
  end
  self.bridges[sink] = merge
  return merge
end

-- A merge brings the classes of a priority together, but sinks and buffers take each by itself.
local function is_open(node, consumers)
  if node.kind ~= "merge" or node.inputs[1].node.kind ~= "priority" then
    return false
  end
  for _, reader in ipairs(consumers[node].out or {}) do
    if reader.kind ~= "sink" and not reader.queue then
      return false
    end
  end
  return #node.inputs == #(node.inputs[1].node.ports or {})
end

-- Nodes in the order in which tasks are made; bridges stand where their sink stood.
function Cut:_heads()
  local heads = {}
  for _, node in ipairs(self.graph.nodes) do
    if is_open(node, self.consumers) then
      self.open[node] = true
    elseif kinds.is_stage(node) or kinds.is_made(node) then
      heads[#heads + 1] = node
    elseif node.kind == "sink" or node.queue or kinds.is_relay(node) then
      heads[#heads + 1] = self:_wants_bridge(node) and self:_bridge(node) or nil
      heads[#heads + 1] = node.kind ~= "sink" and node or nil
    end
  end
  return heads
end

-- What stands before a priority is as urgent as the most urgent that may become of it, or nil
-- where some of it has no class.
function Cut:_class_ahead(node)
  local class
  for port, readers in pairs(self.consumers[node] or {}) do
    for _, reader in ipairs(ASIDE[port] and {} or readers) do
      local ahead = (node.classes or {})[port] or self:_class_ahead(reader)
      if not ahead then
        return nil
      end
      class = math.min(class or ahead, ahead)
    end
  end
  return class
end

function Cut:_make_tasks()
  for _, node in ipairs(self.graph.nodes) do
    if node.kind == "source" and not kinds.is_made(node) then
      local task = self:_add_task("source", node.name, node)
      add_port(task, "out", node, false).class = self:_class_ahead(node)
      task.dead_port = add_port(task, "dead", node, true).number
      self.of[node] = task
    end
  end
  for _, head in ipairs(self:_heads()) do
    if head.queue then
      self:_add_buffer(head)
    elseif kinds.is_relay(head) then
      self:_add_relay(head)
    elseif not self.of[head] then
      self:_add_segment(head)
    end
  end
  for _, node in ipairs(self.graph.nodes) do
    if node.kind == "sink" then
      self:add_sink(node)
    end
  end
end

-- One port for dead letters of what it says, and one of what it cannot be told.
function Cut:_add_relay(node)
  local task = self:_add_task("relay", node.name, node)
  add_port(task, "out", node, false)
  task.dead_port = add_port(task, "dead", node, true).number
  add_port(task, "dead", node, true)
  self.of[node] = task
end

function Cut:_add_buffer(node)
  local task = self:_add_task("buffer", node.name, node)
  add_port(task, "out", node, false)
  if node.queue.overflow ~= "block" or self:taken(node, "dropped") then
    add_port(task, "dropped", node, false).side = true
  end
  self.of[node] = task
end

function Cut:add_sink(node)
  local task = self:_add_task("sink", node.name, node)
  task.dead_port = add_port(task, "dead", node, true).number
  self.of[node] = task
  return task
end

--- Cuts a graph into tasks and edges. The same graph gives the same plan in every
-- state; tasks are numbered sources first, then segments, then sinks.
---@param graph table
---@param starts table?  of another state's plan: nothing is analysed then
---@return table plan
function M.cut(graph, starts)
  local consumers = find_consumers(graph.nodes)
  local cut = setmetatable({
    graph = graph,
    chains = chains.new(graph, consumers, starts),
    consumers = consumers,
    tasks = {},
    of = {},
    segments = 0,
    bridges = {},
    open = {},
  }, Cut)
  cut:_make_tasks()
  local edges = wires.of(cut)
  for index, task in ipairs(cut.tasks) do
    task.number = index - 1
  end
  return {
    graph = graph,
    tasks = cut.tasks,
    edges = edges,
    of = cut.of,
    starts = cut.chains.starts,
  }
end

return M
