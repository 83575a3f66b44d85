--- Loads a user's script into a graph: once for the plan, once in every worker.
--
--     request = { path = "traffic.lua" } | { text =, path = } | { chain =, files = }
--               and args, params = { set, file }, options from the command line

local chain = require("weir.describe.chain")
local frozen = require("weir.expr.frozen")
local graph = require("weir.describe.graph")
local loader = require("weir.expr.loader")
local sandbox = require("weir.expr.sandbox")
local weir = require("weir")

local M = {}

local FUEL_TO_LOAD = 1e9 -- turns and calls: some seconds

--- The name of the pipeline that a request describes.
---@param request table
function M.pipeline(request)
  if request.chain then
    return "weir"
  end
  local file = (request.path or ""):match("[^/]+$") or ""
  local name = file:gsub("%.lua$", "")
  return name:find("^[%w_.-]+$") and name or "pipeline"
end

local function read_file(path)
  local file, reason = io.open(path, "rb")
  if not file then
    error({ kind = "script", message = ("cannot open the script: %s"):format(reason) }, 0)
  end
  local text = file:read("*a")
  file:close()
  if not text then
    error({ kind = "script", message = path .. ": is a directory, not a script" }, 0)
  end
  return text
end

--- Fills in the text of a script, so that what is loaded later is what was checked.
function M.read(request)
  if not request.chain and not request.text then
    request.text = read_file(request.path)
  end
  return request
end

local describing = false

-- While the script loads, only its first state speaks; later every lambda does.
-- Standard output is for data, so print goes where people look.
local function speaker(number)
  return function(line)
    if number == 0 or not describing then
      io.stderr:write(line .. "\n")
    end
  end
end

-- weir as scripts and their modules hold it.
local given = frozen.new("weir", weir)

-- The state that plans has hardly anything to ask of records.
local record_later = setmetatable({}, {
  __index = function(_, name)
    return require("weir.native.record")[name]
  end,
})

local function environment(request, number)
  local env = sandbox.new({
    record = number == 0 and record_later or require("weir.native.record"),
    weir = given,
    directory = request.path and request.path:match("^(.*)/[^/]*$") or ".",
    print = speaker(number),
  })
  sandbox.install_strings(env)
  return env
end

-- What Lua says of `:filter(status >= 500)` is true, and no help.
local function describe_by(chunk, ...)
  -- What the script computes is compiled; what weir does around it is over too soon.
  local compiles = jit.status()
  jit.on()
  local results = { pcall(chunk, ...) }
  if not compiles then
    jit.off()
  end
  local message = results[2]
  if not results[1] and type(message) == "string"
    and (message:find("attempt to compare [%w ]*nil") or message:find("attempt to %w+ .*global '"))
  then
    message = message .. "; an expression about records stands in quotes, as in"
      .. ' :filter "status >= 500"'
  end
  if not results[1] then
    error(message, 0)
  end
end

local function chain_source(request)
  local files = request.files or {}
  if #files > 0 then
    return request.codec and weir.file({ path = files, codec = request.codec }) or files
  end
  return weir.stdin({ codec = request.codec })
end

local function run_chain(request, env)
  local source, expected, bare = chain.source(request.chain)
  if not source then
    error({ kind = "usage", message = "-e: " .. expected }, 0)
  end
  local chunk, problem = loader.load(bare, "=-e", env)
  chunk = chunk and loader.load(source, "=-e", env)
  if not chunk then
    error({ kind = "script", message = problem }, 0)
  end
  describe_by(chunk, chain_source(request), given)
end

local function run_text(request, env)
  local chunk, problem = loader.load(request.text, "@" .. request.path, env)
  if not chunk then
    error({ kind = "script", message = problem }, 0)
  end
  describe_by(chunk, unpack(request.args or {}))
end

--- Describes the graph of a request. Raises what is wrong, as text or as
-- { kind, message }.
---@param request table
---@param number integer  0 for the state that plans, then the worker's
---@param recording table  what the script learned of the world: filled by the first
---   load, played back by the others
---@return table graph
function M.describe(request, number, recording)
  -- What weir itself has loaded stays; the next cycle is due when the heap has doubled.
  collectgarbage("restart", -1)
  local env = environment(request, number)
  local params = request.params or {}
  graph.begin(M.pipeline(request), { set = params.set, file = params.file }, request.args)
  loader.refill(FUEL_TO_LOAD)
  sandbox.describing(env, recording)
  describing = true
  if request.chain then
    run_chain(request, env)
  else
    run_text(request, env)
  end
  local done = graph.finish()
  sandbox.describing(env, nil)
  describing = false
  return done
end

return M
