--- Turns the tree of a text expression into Lua source over `r`.
--
--     emit    : tree -> source, constants
--     source  = a Lua expression; its free names are r (the record), T (weir.expr.ops)
--               and K (the constants: sites for messages, sets, exact integers)
--
-- Nothing in the source makes a table, a closure or varargs, so it can be inlined
-- into the loop of a segment as it is.

local C = require("weir.cdef").load("engine/data/number.h")
local ffi = require("ffi")
local functions = require("weir.expr.functions")
local int = require("weir.native.int")
local nearest = require("weir.lib.nearest")

local M = {}

local lua_words = {}
for word in ("and break do else elseif end false for function goto if in local nil not or "
  .. "repeat return then true until while"):gmatch("%S+") do
  lua_words[word] = true
end

local order_names = { ["<"] = "lt", ["<="] = "le", [">"] = "gt", [">="] = "ge" }
local arithmetic_names = {
  ["+"] = "add", ["-"] = "sub", ["*"] = "mul", ["/"] = "div", ["%"] = "mod",
}
local text_names = { ["~"] = "matches" }

-- Kinds whose source is always true or false.
local boolean = {
  ["equal"] = true, ["order"] = true, ["text"] = true, ["in"] = true,
  ["null"] = true, ["exists"] = true, ["not"] = true,
}

local emitters = {}

local function emit(tree, out)
  return emitters[tree.kind](tree, out)
end

local function refuse(tree, message, ...)
  error({ at = tree.at, message = message:format(...) }, 0)
end

local function excerpt(tree, out)
  return (out.text:sub(tree.at, tree.past - 1):gsub("%s+$", ""))
end

local function keep(out, value)
  local constants = out.constants
  constants[#constants + 1] = value
  return ("K[%d]"):format(#constants)
end

local function site(tree, out)
  local left, right = tree.left or tree.operand, tree.right
  return keep(out, {
    op = tree.op or "-",
    left = excerpt(left, out),
    right = right and excerpt(right, out),
    text = out.text,
    where = out.where,
  })
end

local function literal(value)
  if value == math.huge then
    return "(1/0)"
  elseif type(value) ~= "string" then
    return ("%.17g"):format(value)
  end
  return (("%q"):format(value):gsub("\n", "n"):gsub("\r", "\\r"):gsub("%z", "\\000"))
end

local function condition(tree, out)
  local source = emit(tree, out)
  return boolean[tree.kind] and source or "T.some(" .. source .. ")"
end

-- An integer that a double cannot hold must stay exact, or ids would be mixed up.
local function exact_integer(digits)
  local value = ffi.new("weir_value")
  if C.weir_number_read(digits, #digits, value) == 0 and value.kind == C.WEIR_INTEGER then
    return int.from(value)
  end
  return tonumber(digits)
end

function emitters.constant(tree, out)
  if tree.number then
    -- LuaJIT gives up on an exponent of too many digits.
    local value = tonumber(tree.number) or refuse(tree, "the exponent is too long")
    if tree.number:find("^%d+$") and value >= 2 ^ 53 then
      return keep(out, exact_integer(tree.number))
    end
    return literal(value)
  elseif tree.value == nil then
    return "T.null"
  end
  return type(tree.value) == "boolean" and tostring(tree.value) or literal(tree.value)
end

function emitters.field(tree)
  local path = tree.path
  if path[1] == "math" and #path == 2 and functions.constants[path[2]] then
    return literal(functions.constants[path[2]])
  end
  local source
  if path[1]:find("^[%a_][%w_]*$") and not lua_words[path[1]] then
    source = "r." .. path[1]
  else
    source = "r[" .. literal(path[1]) .. "]"
  end
  for i = 2, #path do
    source = ("T.get(%s, %s)"):format(source, literal(path[i]))
  end
  return source
end

function emitters.meta(tree)
  local name = tree.path[1]
  local known = false
  for _, one in ipairs(functions.meta) do
    known = known or one == name
  end
  if not known then
    refuse(tree, "there is no @%s%s", name, nearest.hint(name, functions.meta))
  end
  local source = ("T.meta(r, %s)"):format(literal(name))
  for i = 2, #tree.path do
    source = ("T.get(%s, %s)"):format(source, literal(tree.path[i]))
  end
  return source
end

local function check_call(tree)
  local name, count = tree.name, #tree.arguments
  local arity = functions.arity(name, tree.family)
  if not arity then
    local hint = functions.hint[name]
    refuse(tree, "there is no function %s%s", name,
      hint and ": " .. hint or nearest.hint(name, functions.names))
  elseif count < arity[1] or count > arity[2] then
    local wanted = arity[1] == arity[2] and arity[1] or ("%d to %d"):format(arity[1], arity[2])
    refuse(tree, "%s takes %s argument%s, not %d", name, wanted, wanted == 1 and "" or "s", count)
  end
end

function emitters.call(tree, out)
  check_call(tree)
  local arguments = {}
  for i, argument in ipairs(tree.arguments) do
    arguments[i] = emit(argument, out)
  end
  local where = keep(out, { text = out.text, where = out.where })
  return ("T.fn.%s_%d(%s, %s)"):format(tree.name, #arguments, table.concat(arguments, ", "), where)
end

emitters["or"] = function(tree, out)
  return ("(%s or %s)"):format(condition(tree.left, out), emit(tree.right, out))
end

emitters["and"] = function(tree, out)
  return ("(%s and %s)"):format(condition(tree.left, out), emit(tree.right, out))
end

emitters["not"] = function(tree, out)
  return "not " .. condition(tree.operand, out)
end

local function is_null(tree)
  return tree.kind == "constant" and tree.number == nil and tree.value == nil
end

function emitters.equal(tree, out)
  local left, right = tree.left, tree.right
  if is_null(left) or is_null(right) then
    refuse(tree, "a comparison with null is always false; say: %s is %snull",
      excerpt(is_null(left) and right or left, out), tree.op == "!=" and "not " or "")
  end
  -- Lua's own == is right where one side can be neither nil nor null.
  if tree.op == "==" and (left.kind == "constant" or right.kind == "constant") then
    return ("(%s == %s)"):format(emit(left, out), emit(right, out))
  end
  local name = tree.op == "==" and "eq" or "ne"
  return ("T.%s(%s, %s)"):format(name, emit(left, out), emit(right, out))
end

local function call_with_site(name, tree, out)
  local left, right = emit(tree.left, out), emit(tree.right, out)
  return ("T.%s(%s, %s, %s)"):format(name, left, right, site(tree, out))
end

function emitters.order(tree, out)
  return call_with_site(order_names[tree.op], tree, out)
end

function emitters.text(tree, out)
  if tree.op == "~" and type(tree.right.value) == "string" then
    local ok, message = pcall(string.find, "", tree.right.value)
    if not ok then
      refuse(tree.right, "%s", message)
    end
  end
  return call_with_site(text_names[tree.op] or tree.op, tree, out)
end

function emitters.arithmetic(tree, out)
  return call_with_site(arithmetic_names[tree.op], tree, out)
end

function emitters.concat(tree, out)
  return call_with_site("concat", tree, out)
end

function emitters.negate(tree, out)
  local operand = tree.operand
  if operand.kind == "constant" and operand.number then
    return "-" .. emit(operand, out)
  end
  return ("T.neg(%s, %s)"):format(emit(operand, out), site(tree, out))
end

emitters["null"] = function(tree, out)
  return ("%sT.is_null(%s)"):format(tree.negated and "not " or "", emit(tree.operand, out))
end

function emitters.exists(tree, out)
  return ("(%s ~= nil)"):format(emit(tree.operand, out))
end

-- A list of constants is a set; any other is a chain of comparisons.
local function constant_set(list)
  local set = { has = {}, list = {} }
  for i, item in ipairs(list) do
    if item.kind ~= "constant" or is_null(item) then
      return nil
    end
    local value = item.value
    if item.number then
      value = tonumber(item.number)
      if value >= 2 ^ 53 then
        return nil
      end
    end
    set.has[value], set.list[i] = true, value
  end
  return set
end

emitters["in"] = function(tree, out)
  local operand = emit(tree.operand, out)
  local set = constant_set(tree.list)
  if set then
    return ("T.%s(%s, %s)"):format(tree.negated and "not_in" or "is_in", operand, keep(out, set))
  end
  local parts = {}
  for i, item in ipairs(tree.list) do
    parts[i] = ("T.eq(%s, %s)"):format(operand, emit(item, out))
  end
  local any = "(" .. table.concat(parts, " or ") .. ")"
  if tree.negated then
    return ("(not T.is_null(%s) and not %s)"):format(operand, any)
  end
  return any
end

--- Lua source of a tree, and the constants that it names `K`.
-- Raises `{ at =, message = }` for what the grammar allows and the meaning does not.
---@param tree table
---@param options table  `text`, and if known `where`
function M.emit(tree, options)
  local out = {
    text = options.text,
    where = options.where,
    constants = {},
  }
  return emit(tree, out), out.constants
end

return M
