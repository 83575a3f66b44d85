--- What a worker needs to know, as source text: that is how code crosses threads.
--
-- A worker (weir.run.worker) loads the script again, as it was loaded here, and finds its
-- place in the plan by what the nodes hold.

local exprs = require("weir.plan.exprs")
local literal = require("weir.lib.literal")

local M = {}

-- What the texts of a graph mean, so that no worker reads them again.
local function trees_of(graph)
  local trees = {}
  for _, node in ipairs(graph.nodes) do
    exprs.each(node, function(expr)
      if expr.kind == "text" then
        trees[expr.text] = literal.write(expr.tree)
      end
    end)
  end
  return trees
end

---@param engine table  of weir.run.engine, which has planned
---@return string
function M.text(engine)
  local request, options = engine.request, engine.request.options or {}
  local on_error = engine.options.on_error
  return literal.write({
    request = {
      path = request.path,
      text = request.text,
      chain = request.chain,
      files = request.files,
      codec = request.codec,
      args = request.args,
      params = request.params,
    },
    on_error = type(on_error) == "string" and on_error or nil,
    lift = options.lift ~= false,
    recording = engine.recording,
    trees = trees_of(engine.graph),
    starts = engine.plan.starts,
    content = engine.content,
    secrets = options.secrets,
  })
end

return M
