--- Instructions that load, compute, and look into tables.

local Builder = require("weir.expr.lift.builder")
local bytecode = require("weir.expr.bytecode")
local calls = require("weir.expr.lift.calls")
local constants = require("weir.expr.lift.constants")

local constant, NIL = Builder.constant, Builder.NIL

local PRIMITIVES = { [0] = NIL, constant(false), constant(true) }

local function short(d)
  return constant(d >= 0x8000 and d - 0x10000 or d)
end

local steps = {}

function steps.KSHORT(f, i)
  f:set(i.a, short(i.d))
end

function steps.KSTR(f, i)
  f:set(i.a, constant(f:text(i.d)))
end

function steps.KNUM(f, i)
  f:set(i.a, f:number(i.d))
end

function steps.KPRI(f, i)
  f:set(i.a, PRIMITIVES[i.d])
end

function steps.KNIL(f, i)
  for slot = i.a, i.d do
    f:set(slot, NIL)
  end
end

function steps.MOV(f, i)
  f:set(i.a, f:get(i.d))
end

function steps.UGET(f, i)
  f:set(i.a, constants.upvalue(f, i.d))
end

function steps.GGET(f, i)
  f:set(i.a, constants.global(f, f:text(i.d)))
end

steps.NOT = function(f, i)
  f:set(i.a, { inverted = f:get(i.d) })
end

function steps.LEN(f, i)
  f:set(i.a, calls.length(f, f:get(i.d)))
end

function steps.UNM(f, i)
  f:set(i.a, f.builder:compute({ op = "neg", a = f:operand(f:get(i.d)) }))
end

local function arithmetic(op)
  local function compute(f, i, left, right)
    f:set(i.a, f.builder:compute({ op = op, a = f:operand(left), b = f:operand(right) }))
  end
  local name = op:upper()
  steps[name .. "VV"] = function(f, i)
    compute(f, i, f:get(i.b), f:get(i.c))
  end
  steps[name .. "VN"] = function(f, i)
    compute(f, i, f:get(i.b), f:number(i.c))
  end
  steps[name .. "NV"] = function(f, i)
    compute(f, i, f:number(i.c), f:get(i.b))
  end
end

for _, op in ipairs({ "add", "sub", "mul", "div", "mod" }) do
  arithmetic(op)
end

function steps.CAT(f, i)
  local value = f:get(i.c)
  for slot = i.c - 1, i.b, -1 do
    value = f.builder:compute({ op = "concat", a = f:operand(f:get(slot)), b = f:operand(value) })
  end
  f:set(i.a, value)
end

function steps.TNEW(f, i)
  f:set(i.a, f.builder:table())
end

function steps.TDUP(f, i)
  local made = f.builder:table()
  for key, value in pairs(f:text(i.d)) do
    f.builder:put(made.made, key, constant(value))
  end
  f:set(i.a, made)
end

-- An index whose value is one of LuaJIT's methods of text is the method only where it is
-- called, which the instruction before tells: it copies the object behind the function.
local function is_method(f, i)
  local before = bytecode.decode(f.code, f.pc - 1)
  return before and before.name == "MOV" and before.a == i.a + 2 and before.d == i.b
end

-- An element by its number, of a value that the record holds.
local function element(f, of, number)
  if of.record or of.made then
    f:refuse("reads an element of a table of fields")
  elseif of.constant then
    f:refuse("looks for an element in a constant")
  end
  return f.builder:compute({ op = "at", a = f:operand(of), b = f:operand(number) })
end

local function index(f, i, key)
  local of = f:get(i.b)
  if of.phi and not of.register then
    of = { register = f:operand(of) }
  end
  if of.table then
    return constants.member(f, of, key)
  elseif type(key) == "number" then
    return element(f, of, constant(key))
  elseif type(key) ~= "string" then
    f:refuse("reads a field whose name is no text")
  elseif of.record then
    return f.builder:field(key)
  elseif of.made then
    return f.builder:member(of.made, key)
  elseif is_method(f, i) then
    return constants.method(f, key)
  end
  return f.builder:nested(of, key)
end

function steps.TGETS(f, i)
  f:set(i.a, index(f, i, f:text(i.c)))
end

function steps.TGETV(f, i)
  local of, key = f:get(i.b), f:get(i.c)
  if key.constant then
    return f:set(i.a, index(f, i, key.k))
  elseif of.table then
    return f:set(i.a, constants.lookup(f, of, key))
  elseif of.record or of.made or of.constant then
    f:refuse("reads a field whose name it computes")
  end
  f:set(i.a, element(f, of, key))
end

function steps.TGETB(f, i)
  f:set(i.a, index(f, i, i.c))
end

local function store(f, i, key)
  local into, value = f:get(i.b), f:get(i.a)
  if into.made and type(key) == "number" then
    f.builder:put(into.made, key, value)
  elseif type(key) ~= "string" then
    f:refuse("sets an element by number")
  elseif into.made then
    f.builder:put(into.made, key, value)
  elseif into.record then
    f.builder:assign(key, value)
  else
    f:refuse("changes a value inside the record, or a table")
  end
end

function steps.TSETS(f, i)
  store(f, i, f:text(i.c))
end

function steps.TSETV(f, i)
  local key = f:get(i.c)
  if not key.constant then
    f:refuse("sets a field whose name it computes")
  end
  store(f, i, key.k)
end

function steps.TSETB(f, i)
  store(f, i, i.c)
end

return steps
