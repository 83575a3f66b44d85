--- The graph that a script describes: a plain table, complete only at `finish`.
--
--     graph.begin("traffic", { set = { limit = "5" } }, { "arg" })
--     chunk("arg")                    -- the script; its calls add nodes here
--     local g = graph.finish()        -- { pipeline, nodes, options, params, args }
--
-- One graph is built at a time in a state. `finish` names the nodes and raises with
-- every problem it finds, one a line.

local errors = require("weir.lib.errors")
local names = require("weir.describe.names")

local M = {}

local building

local finishers = {}

--- Has `finish(building, problems)` called at the end of each description.
function M.on_finish(finish)
  finishers[#finishers + 1] = finish
end

--- Starts a graph. What an earlier, abandoned load left is dropped.
---@param pipeline string  the script's name without its suffix
---@param given { set: table?, file: table?, env: (fun(name: string): string?)? }?
---   values of parameters: from --set, from a file, from the environment
---@param args string[]?  what came after `--`
function M.begin(pipeline, given, args)
  building = {
    graph = { pipeline = pipeline, nodes = {}, options = nil, params = {}, args = args or {} },
    given = given or {},
    marks = {}, -- group_by calls for which no aggregate came yet
    sinks = {}, -- sink object = its node, so that two streams may share one
    sources = {},
  }
end

--- The graph under construction. Raises where a script's call comes outside of loading.
---@param what string  the call, as the message names it
function M.current(what)
  if not building then
    errors.raise(errors.where(), "%s: describes a pipeline, so it belongs in the script,"
      .. " not in a lambda", what)
  end
  return building
end

--- Adds a node and returns it.
---@param kind string
---@param where string
---@param inputs { node: table, port: string }[]
function M.add(kind, where, inputs)
  local nodes = M.current(kind).graph.nodes
  local node = { kind = kind, where = where, inputs = inputs, named = false }
  nodes[#nodes + 1] = node
  return node
end

-- Which ports of which nodes some node reads.
local function taken_ports(nodes)
  local taken = {}
  for _, node in ipairs(nodes) do
    for _, input in ipairs(node.inputs) do
      taken[input.node] = taken[input.node] or {}
      taken[input.node][input.port] = true
    end
  end
  return taken
end

local ADVICE = "end it in :to(sink), or in :to(weir.discard{})"

-- `filter`, or `source "log"` where the name says more than the kind.
local function called(node)
  return node.name == node.kind and node.kind or ('%s "%s"'):format(node.kind, node.name)
end

local function find_loose_ends(nodes, problems)
  local taken = taken_ports(nodes)
  for _, node in ipairs(nodes) do
    for _, port in ipairs(node.ports or {}) do
      if not (taken[node] and taken[node][port]) then
        local output = port == "out" and "the output" or ('the output "%s"'):format(port)
        problems[#problems + 1] = ('%s: nothing takes %s of %s; %s'):format(
          node.where, output, called(node), ADVICE)
      end
    end
  end
end

local function find_open_marks(marks, problems)
  for _, mark in ipairs(marks) do
    if not mark.closed then
      problems[#problems + 1] = mark.where .. ": group_by: :aggregate must follow"
    end
  end
end

--- Ends the description and returns the graph, or raises with all its problems.
function M.finish()
  local done = M.current("finish")
  building = nil
  local graph, problems = done.graph, {}
  for _, finish in ipairs(finishers) do
    finish(done, problems)
  end
  if #graph.nodes == 0 then
    problems[1] = graph.pipeline .. ": the script describes no stream; begin one with weir.from"
  end
  names.assign(graph.nodes, problems)
  find_open_marks(done.marks, problems)
  find_loose_ends(graph.nodes, problems)
  if #problems > 0 then
    error(table.concat(problems, "\n"), 0)
  end
  return graph
end

return M
