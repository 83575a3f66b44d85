--- A glance at a lambda, for who only wants to know whether lifting it is in doubt.

local bytecode = require("weir.expr.bytecode")
local twins = require("weir.expr.twins")

local M = {}

-- What is seldom lifted or never: functions and variables, loops, powers.
local DOUBTFUL = {
  FNEW = true, VARG = true, LOOP = true, FORI = true, ITERC = true, ITERN = true, ISNEXT = true,
  USETV = true, USETS = true, USETN = true, USETP = true, GSET = true, POW = true, TSETM = true,
}

--- Whether a function is unknown or has such an instruction.
---@param fn function
function M.seems_opaque(fn)
  local code = twins.of(fn)
  local pc, one = 1, code and bytecode.decode(code, 1)
  while one do
    if DOUBTFUL[one.name] then
      return true
    end
    pc = pc + 1
    one = bytecode.decode(code, pc)
  end
  return code == nil
end

return M
