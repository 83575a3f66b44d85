--- The edges between the tasks of a cut: who reads what, and where dead letters go.
--
--     edge = { from = task, port = n, to = task, unordered = bool, apart = bool }
--
-- A task with several inputs takes them in the order of their sources, so it would wait for a
-- live source while others speak. Such inputs are taken as they come: edges that keep an order
-- stand side by side, and the first of each such group is apart. What the task makes has an
-- order of its own.

local live = require("weir.plan.live")

local M = {}

local Wires = {}
Wires.__index = Wires

-- Whether dead letters flow into this node: what fails there must not come back.
local function after_dead_letters(node, seen)
  if seen[node] == nil then
    seen[node] = node.kind == "dead_letters"
    for _, input in ipairs(node.inputs) do
      seen[node] = seen[node] or input.port == "dead" or after_dead_letters(input.node, seen)
    end
  end
  return seen[node]
end

function Wires:_connect(from, port, to, unordered)
  self.edges[#self.edges + 1] = { from = from, port = port, to = to, unordered = unordered }
end

function Wires:_default_dead_sink()
  if not self.dead_sink then
    local node = { kind = "sink", name = "dead_letters", inputs = {}, default_dead = true }
    self.dead_sink = self.cut:add_sink(node)
  end
  return self.dead_sink
end

-- Where the dead letters of a port go: to who takes them there, else to who takes
-- weir.dead_letters(), else to the file of the pipeline.
function Wires:_connect_dead(task, port)
  if port.node and self.cut:taken(port.node, "dead") then
    for _, reader in ipairs(self.cut.consumers[port.node].dead) do
      self:_connect(task, port.number, self.cut.of[reader], true)
    end
    return
  end
  if #self.letter_readers > 0 and not after_dead_letters(task.node, self.seen) then
    for _, reader in ipairs(self.letter_readers) do
      self:_connect(task, port.number, self.cut.of[reader], true)
    end
  else
    self:_connect(task, port.number, self:_default_dead_sink(), true)
  end
end

local function port_of(task, input)
  for _, port in ipairs(task.ports) do
    local of_stage = not port.side or port.node == input.node
    if port.name == input.port and of_stage and not port.dead then
      return port.number
    end
  end
end

-- What a task reads, in the order of the script: that is the order of a merge.
function Wires:_connect_inputs(task, inputs)
  for _, input in ipairs(inputs) do
    local from = self.cut.of[input.node]
    local port = from and port_of(from, input)
    if port then
      self:_connect(from, port, task, false)
    elseif self.cut.open[input.node] then
      self:_connect_inputs(task, input.node.inputs)
    end
  end
end

function Wires:_connect_all()
  local count = #self.cut.tasks -- the default dead sink comes after these
  for index = 1, count do
    local task = self.cut.tasks[index]
    local bridge = self.cut.bridges[task.node]
    self:_connect_inputs(task, bridge and { { node = bridge, port = "out" } } or task.node.inputs)
  end
  for index = 1, count do
    local task = self.cut.tasks[index]
    for _, port in ipairs(task.ports) do
      if port.dead then
        self:_connect_dead(task, port)
      end
    end
  end
end

-- Bounded sources have one order between them; each live one, and each merge with one, has its
-- own, known by the task that it comes from. So has what time decides of.
local BOUNDED = "bounded"

local function begins_order(node)
  local queue = node.queue
  return node.source and live.is(node.source)
    or node.flights and not node.ordered
    or node.kind == "exec"
    or queue and (queue.overflow ~= "block" or queue.delay_ns or queue.rate_per_s
      or queue.gathers)
end

local function edges_into(edges)
  local into = {}
  for i, edge in ipairs(edges) do
    into[edge.to] = into[edge.to] or {}
    table.insert(into[edge.to], i)
  end
  return into
end

local order_of

-- What a buffer drops comes now and then, so it has an order of its own, too.
local function order_of_edge(edge, edges, into, known)
  if edge.from.kind == "buffer" and edge.port > 0 then
    return edge.from.ports[edge.port + 1]
  end
  return order_of(edge.from, edges, into, known)
end

-- Which order the records of a task have: that of all it reads, if they have one.
function order_of(task, edges, into, known)
  if known[task] then
    return known[task]
  end
  local order = begins_order(task.node) and task or nil
  known[task] = order or BOUNDED
  for _, i in ipairs(order and {} or into[task] or {}) do
    local other = order_of_edge(edges[i], edges, into, known)
    local joins = order ~= nil and (order ~= other or edges[i].unordered)
    order = joins and task or other
  end
  known[task] = order or known[task]
  return known[task]
end

-- Brings the edges of one order into a task together, in the places that they all have.
local function part_inputs(edges, places, into, known)
  local groups, list = {}, {}
  for _, place in ipairs(places) do
    local order = order_of_edge(edges[place], edges, into, known)
    if not groups[order] then
      groups[order] = {}
      list[#list + 1] = groups[order]
    end
    table.insert(groups[order], edges[place])
  end
  local at = 0
  for number, group in ipairs(list) do
    group[1].apart = number > 1
    for _, edge in ipairs(group) do
      at = at + 1
      edges[places[at]] = edge
    end
  end
end

local function part(edges)
  local into, known = edges_into(edges), {}
  for task, places in pairs(into) do
    if task.kind == "segment" and #places > 1 then
      part_inputs(edges, places, into, known)
    end
  end
end

-- Who takes weir.dead_letters().
local function find_letter_readers(cut)
  local readers = {}
  for _, node in ipairs(cut.graph.nodes) do
    if node.kind == "dead_letters" then
      for _, reader in ipairs(cut.consumers[node].out or {}) do
        table.insert(readers, reader)
      end
    end
  end
  return readers
end

--- Connects all tasks; adds the sink for dead letters that nobody takes.
---@param cut table  of weir.plan.cut, with its tasks
---@return table[] edges
function M.of(cut)
  local wires = setmetatable({
    cut = cut,
    edges = {},
    letter_readers = find_letter_readers(cut),
    seen = {},
  }, Wires)
  wires:_connect_all()
  part(wires.edges)
  return wires.edges
end

return M
