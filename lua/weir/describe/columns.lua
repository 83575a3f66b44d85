--- Columns: `{ "ts", "host", area = expr }`, and orders: `"-price"`.
--
-- Left of `=` is always the new name. Columns come out as listed, then the named
-- ones by name, so that no order depends on how Lua walks a table.

local errors = require("weir.lib.errors")
local expr = require("weir.describe.expr")
local field_name = require("weir.describe.field")
local options = require("weir.lib.options")

local M = {}

local EXPECTED = 'columns such as { "ts", "host", area = "path" }'
local EMPTY = " (a name without quotes is a variable of Lua)"

-- A bare name is a field, never an expression; what looks like one is refused, since
-- it would silently be a field that no record has.
local function is_plain(name)
  return name ~= "" and not name:find("[][().@=<>~+*/%%\"'%^#,:]") and not name:find(" [-] ")
end

local function named_keys(given, where, what)
  local names = {}
  for key in pairs(given) do
    if type(key) == "string" then
      names[#names + 1] = key
    elseif type(key) ~= "number" or key % 1 ~= 0 or key < 1 or key > #given then
      errors.raise(where, "%s: a column's name is a text, not %s", what, errors.show(key))
    end
  end
  table.sort(names)
  return names
end

--- Walks the columns of a table in their order.
---@param given table
---@param where string
---@param what string  how a message begins
---@param bare fun(name: string): any  makes the column of a plain name; nil refuses them
---@param named fun(value: any, name: string): any  makes the column of `name = value`
function M.each(given, where, what, bare, named)
  local out, seen = {}, {}
  local function add(name, value)
    if seen[name] then
      errors.raise(where, '%s: two columns are called "%s"', what, name)
    end
    seen[name] = true
    field_name.check(name, where)
    out[#out + 1] = value
  end
  for _, name in ipairs(given) do
    if not bare or type(name) ~= "string" then
      errors.raise(where, "%s: %s needs a name: { name = ... }", what, errors.show(name))
    elseif not is_plain(name) then
      errors.raise(where, '%s: "%s" is not a plain field name; give it one: { name = "%s" }',
        what, name, name)
    end
    add(name, bare(name))
  end
  for _, name in ipairs(named_keys(given, where, what)) do
    add(name, named(given[name], name))
  end
  return out
end

-- A text that is one field's name is that field, which is copied as it came.
local function column_expr(value, label, where)
  local read = options.read(value, { kind = "expr" }, label, where)
  local tree = read.kind == "text" and read.tree
  if tree and tree.kind == "field" and #tree.path == 1 then
    return expr.field(tree.path[1], where)
  end
  return read
end

local function column(where, what)
  return function(value, name)
    local label = ('%s: column "%s"'):format(what, name)
    return { name = name, expr = column_expr(value, label, where) }
  end
end

local function field(where)
  return function(name)
    return { name = name, expr = expr.field(name, where) }
  end
end

local function is_columns(value)
  return type(value) == "table" and getmetatable(value) == nil and next(value) ~= nil
end

--- One or more columns; a text stands for a list of one.
options.define("columns", function(value, option, where)
  if type(value) == "string" then
    value = { value }
  end
  if not is_columns(value) then
    return nil, EXPECTED, type(value) == "table" and next(value) == nil and EMPTY or nil
  end
  local what = option.subject or "columns"
  return M.each(value, where, what, field(where), column(where, what))
end)

--- Columns that each have a name: `{ area = "path" }`.
options.define("named_columns", function(value, option, where)
  if not is_columns(value) then
    return nil, 'columns by name, such as { slow = "latency_ms > 250" }'
  end
  local what = option.subject or "columns"
  return M.each(value, where, what, nil, column(where, what))
end)

-- One order: a text may begin with "-" to descend.
local function order(value, where)
  local descends = type(value) == "string" and value:sub(1, 1) == "-"
  local read, expected = expr.read(descends and value:sub(2) or value, nil, where)
  return read and { expr = read, descends = descends }, expected
end

--- What orders: an expression or a list of them, as `{ { expr =, descends = }, ... }`.
options.define("order", function(value, _, where)
  local list = is_columns(value) and value or { value }
  local out = {}
  for i, item in ipairs(list) do
    local read = order(item, where)
    if not read then
      return nil, 'what orders, such as "-price" or { "day", "-price" }'
    end
    out[i] = read
  end
  return #out > 0 and out or nil, 'what orders, such as "-price" or { "day", "-price" }'
end)

--- What belongs together: an expression or a list of them.
options.define("key", function(value, _, where)
  local list = is_columns(value) and value or { value }
  local out = {}
  for i, item in ipairs(list) do
    out[i] = expr.read(item, nil, where)
  end
  if #out == 0 or #out ~= #list then
    return nil, 'a key such as "host" or { "host", "path" }'
  end
  return out
end)

return M
