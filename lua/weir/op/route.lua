--- route: sends each record to the first stream whose condition holds.

local errors = require("weir.lib.errors")
local model = require("weir.op.model")
local nearest = require("weir.lib.nearest")
local options = require("weir.lib.options")
local priority = require("weir.lib.priority")

local M = {
  kind = "route",
  usage = ':route{ { "errors", when = "status >= 500" } }',
  arguments = { { name = "routes", kind = "routes" } },
  options = { all = { kind = "boolean", default = false } },
  sides = { "dead" },
}

-- Ports that every route has, or may have one day.
local RESERVED = { default = true, dead = true, out = true }

local route_spec = {
  when = { kind = "expr", required = true },
  priority = { kind = "enum", values = priority.NAMES },
}

local function read_route(given, where, seen)
  local name = given[1]
  if type(name) ~= "string" or name == "" then
    errors.raise(where, "route: a route begins with its name, as in %s", M.usage)
  elseif RESERVED[name] or seen[name] then
    errors.raise(where, 'route: "%s" is taken; choose another name', name)
  end
  seen[name] = true
  local named = {}
  for key, value in pairs(given) do
    if key ~= 1 then
      named[key] = value
    end
  end
  local subject = ('route "%s"'):format(name)
  local route = options.check(route_spec, named, { subject = subject, where = where })
  route.name = name
  return route
end

options.define("routes", function(value, _, where)
  if type(value) ~= "table" or type(value[1]) ~= "table" then
    return nil, "a list of routes"
  end
  local out, seen = {}, {}
  for i, given in ipairs(value) do
    out[i] = read_route(type(given) == "table" and given or { given }, where, seen)
  end
  for key in pairs(value) do
    if not out[key] then
      errors.raise(where, "route: only a list of routes stands here; options come after it, as in"
        .. " :route({ ... }, { all = true })")
    end
  end
  return out
end)

--- The classes of the ports that have one.
function M.complete(node)
  for _, route in ipairs(node.routes) do
    if route.priority then
      node.classes = node.classes or {}
      node.classes[route.name] = priority.OF[route.priority]
    end
  end
end

--- Each route must be taken; what is left in `default` may be counted only.
function M.ports(node)
  local ports = {}
  for i, route in ipairs(node.routes) do
    ports[i] = route.name
  end
  return ports
end

--- The streams by name, and `default`.
function M.result(node, output)
  local streams, names = { default = output("default") }, { "default" }
  for i, route in ipairs(node.routes) do
    streams[route.name] = output(route.name)
    names[i + 1] = route.name
  end
  return setmetatable(streams, {
    what = "the streams of a route, by name",
    __index = function(_, name)
      errors.raise(errors.where(), "route: no stream is called %s%s; it has %s",
        errors.show(name), nearest.hint(tostring(name), names), table.concat(names, ", "))
    end,
  })
end

function M.reference(rows, node)
  return model.each(rows, node, function(row, emit)
    local taken = false
    for _, route in ipairs(node.routes) do
      if (node.all or not taken) and model.holds(route.when.fn(row)) then
        emit(row, route.name)
        taken = true
      end
    end
    if not taken then
      emit(row, "default")
    end
  end)
end

M.doc = {
  name = "route",
  group = "operators",
  signature = ":route({ { name, when = expr, priority = class }, ... }, { all = false })",
  summary = "Sends each record to the first route whose `when` holds, with `all` to every such"
    .. " route, and else to `default`. Gives a table of streams by name. priority is one of"
    .. " critical, high, normal, low, background.",
  shape = "record -> the same record in one stream (with all: in several)",
  errors = "An error in a `when` sets the record aside: it goes to no route. A route whose stream"
    .. " nobody takes is refused; `default` may be left, and is counted.",
  cost = "Conditions are tried in order until one holds.",
  example = [[
local to = weir.from "access.jsonl" :route{
  { "errors", when = "status >= 500" },
  { "slow", when = function(r) return r.ms > 1000 end },
}
to.errors:to "errors.jsonl"
to.slow:to "slow.jsonl"]],
}

return M
