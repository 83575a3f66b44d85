--- Loads script texts as the engine would, and gives their graphs.

local chain = require("weir.describe.chain")
local graph = require("weir.describe.graph")
local weir = require("weir")

local M = {}

--- The graph of a script.
---@param text string  without the line that requires weir
---@param given table?  values of parameters
function M.load(text, given)
  graph.begin("traffic", given or { env = function() end }, { "a" })
  local script = 'local weir = require "weir"; ' .. text
  assert(loadstring(script, "@traffic.lua"))("a")
  return graph.finish()
end

--- The message with which loading fails.
function M.failure(text, given)
  local ok, message = pcall(M.load, text, given)
  assert(not ok, "the script loads")
  return message
end

--- The graph of a one-liner over a file.
function M.load_chain(text)
  graph.begin("-e", { env = function() end })
  local source = assert(chain.source(text))
  assert(loadstring(source, "=-e"))("in.jsonl", weir)
  return graph.finish()
end

--- The only node of a kind.
function M.node(loaded, kind)
  for _, node in ipairs(loaded.nodes) do
    if node.kind == kind then
      return node
    end
  end
end

--- The names of all nodes, in the order of their making.
function M.names(loaded)
  local out = {}
  for i, node in ipairs(loaded.nodes) do
    out[i] = node.name
  end
  return out
end

return M
