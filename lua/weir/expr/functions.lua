--- The functions that a text expression may call, and how many arguments each takes.
--
-- Those of Lua's string and math that are pure and give one value, and the two that
-- turn text into numbers and back. `hint` has, for what is left out, what to write.

local M = {}

local MANY = 16

local arity = {
  string = {
    lower = { 1, 1 }, upper = { 1, 1 }, len = { 1, 1 }, reverse = { 1, 1 },
    sub = { 2, 3 }, rep = { 2, 3 }, byte = { 1, 2 }, char = { 1, MANY }, format = { 1, MANY },
    find = { 2, 4 }, match = { 2, 3 }, gsub = { 3, 4 },
  },
  math = {
    abs = { 1, 1 }, ceil = { 1, 1 }, floor = { 1, 1 }, sqrt = { 1, 1 }, exp = { 1, 1 },
    log = { 1, 2 }, log10 = { 1, 1 }, pow = { 2, 2 }, fmod = { 2, 2 }, modf = { 1, 1 },
    frexp = { 1, 1 }, ldexp = { 2, 2 }, min = { 1, MANY }, max = { 1, MANY },
    sin = { 1, 1 }, cos = { 1, 1 }, tan = { 1, 1 }, asin = { 1, 1 }, acos = { 1, 1 },
    atan = { 1, 1 }, atan2 = { 2, 2 }, sinh = { 1, 1 }, cosh = { 1, 1 }, tanh = { 1, 1 },
    deg = { 1, 1 }, rad = { 1, 1 },
  },
  base = { tonumber = { 1, 2 }, tostring = { 1, 1 } },
}

M.constants = { pi = math.pi, huge = math.huge }

M.meta = {
  "source", "path", "offset", "record", "peer", "topic", "type", "partition", "key", "headers",
  "time",
}

M.hint = {
  random = "chance belongs in a lambda: function(r) return weir.random() end",
  gmatch = "it gives many values; use it in a lambda",
  dump = "it is not part of weir",
  contains = "it stands between its operands: a contains 'b'",
  exists = "it stands before a field: exists a.b",
}

--- Every name, for finding the nearest.
M.names = {}
for _, family in pairs(arity) do
  for name in pairs(family) do
    M.names[#M.names + 1] = name
  end
end
table.sort(M.names)

--- How many arguments a function takes, `{ least, most }`; nil if there is none.
---@param name string
---@param family string?  "string" or "math", if the call says so
function M.arity(name, family)
  if family then
    return arity[family][name]
  end
  return arity.string[name] or arity.math[name] or arity.base[name]
end

return M
