--- From a command line to an engine that has its graph but has opened nothing.

local errors = require("weir.lib.errors")
local exit = require("weir.cli.exit")
local paint = require("weir.cli.paint")

local M = {}

-- { "limit=250" } to { limit = "250" }; the script's own types read the texts.
local function settings(words)
  local set = {}
  for _, word in ipairs(words or {}) do
    local name, value = word:match("^([%a_][%w_]*)=(.*)$")
    if not name then
      return nil, ("--set needs NAME=VALUE, not %s"):format(errors.show(word))
    end
    set[name] = value
  end
  return set
end

-- Of several files the later ones win.
local function parameters(paths)
  local all = {}
  for _, path in ipairs(paths or {}) do
    local values, message = require("weir.cli.params_file").read(path)
    if not values then
      return nil, "--params: " .. message
    end
    for name, value in pairs(values) do
      all[name] = value
    end
  end
  return all
end

local function usage(message)
  return nil, { kind = "usage", message = message }
end

-- What is to be loaded: a chain over files, or one script, or standard input.
local function subject(given, world)
  if given.values.eval then
    local files = {} -- a shell may name more than unpack can hold
    for _, list in ipairs({ given.plain, given.after }) do
      for _, file in ipairs(list) do
        files[#files + 1] = file
      end
    end
    return { chain = given.values.eval, files = files, codec = given.values.codec, args = {} }
  elseif #given.plain ~= 1 then
    return usage(#given.plain == 0 and "which pipeline? Name a .lua file"
      or ("one pipeline at a time; arguments for the script stand behind --: -- %s")
        :format(table.concat(given.plain, " ", 2)))
  elseif given.plain[1] == "-" then
    return { text = world.read_stdin(), path = "(standard input)", args = given.after }
  end
  return { path = given.plain[1], args = given.after }
end

-- The engine, or nil, err { kind, code, message, where }.
local function open(given, world, prepare)
  local values = given.values
  local request, err = subject(given, world)
  if not request then
    return nil, err
  end
  local set, message = settings(values.set)
  if not set then
    return usage(message)
  end
  local file, why = parameters(values.params)
  if not file then
    return usage(why)
  end
  request.params = { set = set, file = file }
  local limit = values.max_errors
  request.options = {
    workers = values.workers,
    max_memory = values.max_memory,
    max_errors = limit and { count = limit.integer, share = limit.share },
    on_error = values.on_error,
    state_dir = values.state_dir,
    secrets = values.secrets,
    lift = world.env("WEIR_NO_LIFT") and false, -- to find a mistake of ours
    profile = values.profile,
  }
  if prepare then
    prepare(request.options)
  end
  return require("weir.run.engine").open(request)
end

--- Writes an error to standard error: what, and where if the message does not say.
---@param err table  { message, where }
function M.complain(err, given, world)
  local brush = paint.brush(given.values.color, world.err_is_terminal, world.env)
  local where = err.where and not err.message:find(err.where, 1, true) and err.where .. ": " or ""
  world.err(("%s %s%s\n"):format(brush("bad", "weir:"), where, err.message))
end

--- The engine for what the command line names; or what is wrong is said, and nil and
--- the exit code are given.
---@param given table  of flags.parse
---@param world table
---@param prepare fun(options: table)?  has a last word on the options
function M.engine(given, world, prepare)
  local engine, err = open(given, world, prepare)
  if engine then
    return engine
  end
  M.complain(err, given, world)
  return nil, exit.of_error(err)
end

return M
