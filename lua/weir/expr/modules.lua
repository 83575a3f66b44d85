--- What a script may require: what weir gives, and files beside the script, once each.
--
--     env.require = modules.new({ directory = "rules", weir = weir, ... }, env_of)

local loader = require("weir.expr.loader")

local M = {}

local function read_file(path)
  local file = io.open(path, "r")
  local text = file and file:read("*a") -- nil for a directory
  if file then
    file:close()
  end
  return text
end

local function find_module(options, name)
  local stem = options.directory .. "/" .. name:gsub("%.", "/")
  local tried = {}
  for i, suffix in ipairs({ ".lua", "/init.lua" }) do
    tried[i] = stem .. suffix
    local text = (options.read or read_file)(tried[i])
    if text then
      return text, tried[i]
    end
  end
  error(('require "%s": found neither %s'):format(name, table.concat(tried, " nor ")), 3)
end

local function is_module_name(name)
  return type(name) == "string" and name:find("^[%w_-][%w_.-]*$") and not name:find("..", 1, true)
end

local LOADING = {}

--- A require of its own.
--
--     directory  where files are looked for
--     weir       the module of that name
--     modules    further ones by name
--     absent     by name, what to use instead of what is not there
--     read       function(path) -> text or nil, in place of the disk
---@param options table
---@param env_of fun(): table  the environment that files get
function M.new(options, env_of)
  local loaded = { weir = options.weir }
  for name, module in pairs(options.modules or {}) do
    loaded[name] = loaded[name] or module
  end
  return function(name)
    local known = loaded[name]
    if known == LOADING then
      error(('require "%s": it requires itself'):format(name), 2)
    elseif known ~= nil then
      return known
    elseif not is_module_name(name) then
      error(('require: a module is a file beside the script, "name" or "lib.name", not %s')
        :format(tostring(name)), 2)
    elseif options.absent[name] then
      error(('require "%s": %s'):format(name, options.absent[name]), 2)
    end
    local text, path = find_module(options, name)
    local chunk, message = loader.load(text, "@" .. path, env_of())
    if not chunk then
      error(message, 0)
    end
    loaded[name] = LOADING
    local ok, value = pcall(chunk, name)
    loaded[name] = nil
    if not ok then
      error(value, 0)
    end
    if value == nil then
      value = true
    end
    loaded[name] = value
    return value
  end
end

return M
