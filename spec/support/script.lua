--- Functions of a script, as the loader and the sandbox make them.
--
--     local script = require("spec.support.script")
--     local fn = script.load("return function(r) return r.a > 1 end")()
--     script.lambda("function(r) return r.a end")     --> an expr

local frozen = require("weir.expr.frozen")
local loader = require("weir.expr.loader")
local record = require("weir.native.record")
local sandbox = require("weir.expr.sandbox")

require("weir.expr.ops").use_records(record)

local M = {}

--- An environment; `modules` is what require finds, by file name.
function M.environment(modules)
  local env = sandbox.new({
    record = record,
    weir = frozen.new("weir", require("weir")),
    directory = ".",
    read = function(path)
      return modules and modules[path:match("[^/]+$")]
    end,
  })
  sandbox.install_strings(env)
  return env
end

--- Loads source, as the file a.lua.
function M.load(source, env)
  return assert(loader.load(source, "@a.lua", env or M.environment()))
end

--- The expr of a function given as source; `before` stands on the line before it.
function M.lambda(source, before, env)
  local fn = M.load(("%s\nreturn %s"):format(before or "", source), env)()
  loader.refill(math.huge)
  return { kind = "lambda", fn = fn, where = "a.lua:2" }
end

return M
