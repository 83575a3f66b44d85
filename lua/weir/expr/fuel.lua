--- Fuel: how much longer user code may run.
--
-- One cell a state. Code that the loader rewrote takes one from it at every turn of
-- a loop and every call, and runs dry below zero; whoever enters user code refills
-- it before. Running dry cannot be caught for good: until the next refill, every
-- further charge raises again.
--
-- The cell is a table, not C memory: the same in a compiled loop, but an eighth of the
-- cost where the interpreter runs (20 against 110 ns a charge).

local M = {}

M.MESSAGE = "ran out of fuel (endless loop?)"


--- The cell, for generated code: `cell.left = cell.left - n`. Until the first refill
-- it holds without end.
M.cell = setmetatable({ left = math.huge }, {
  __call = function()
    error(M.MESSAGE, 2)
  end,
})

local cell = M.cell

---@param amount number  charges until the next refill
function M.refill(amount)
  cell.left = amount
end

--- Takes several at once, for work that one call does; raises at the caller's caller.
---@param amount number
function M.charge(amount)
  cell.left = cell.left - amount
  if cell.left < 0 then
    error(M.MESSAGE, 3)
  end
end

--- Has it run dry since the last refill? Then whatever error came out is EFUEL.
function M.spent()
  return cell.left < 0
end

return M
