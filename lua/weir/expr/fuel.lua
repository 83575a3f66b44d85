--- Fuel: how much longer user code may run.
--
-- One cell a state. Code that the loader rewrote takes one from it at every turn of
-- a loop and every call, and runs dry below zero; whoever enters user code refills
-- it before. Running dry cannot be caught for good: until the next refill, every
-- further charge raises again.
--
-- The cell is a table, not C memory: the same in a compiled loop, but an eighth of the
-- cost where the interpreter runs (20 against 110 ns a charge).
--
-- Memory ends the same way. The allocator cannot refuse: compiled code that gets no
-- memory crashes in the LuaJIT of 2022. Past the limit it takes all fuel instead.

local M = {}

local STARVED = -math.huge -- what the allocator leaves in the cell: engine/host/state.c

--- The cell, for generated code: `cell.left = cell.left - n`. Until the first refill
-- it holds without end.
M.cell = setmetatable({ left = math.huge }, {
  __call = function()
    error(M.message(), 2)
  end,
})

--- Written before every charge. A compiled loop keeps in a register what it alone
-- writes; for all it knows this is the cell, so it reads the cell anew, and finds what
-- the allocator did.
M.decoy = { left = 0 }

local cell, decoy = M.cell, M.decoy

local starve = package.preload["weir.starve"] and require("weir.starve") or function() end

starve(cell)

--- How many bytes this state may hold.
function M.limit_memory(bytes)
  starve(cell, bytes)
end

---@param amount number  charges until the next refill
function M.refill(amount)
  cell.left = amount
end

--- Takes several at once, for work that one call does, and raises nothing: the next
-- charge will.
---@param amount number
function M.take(amount)
  decoy.left = 0
  cell.left = cell.left - amount
end

--- Has it run dry since the last refill? Then whatever error came out is EFUEL, or
-- EMEMORY if it starved.
function M.spent()
  return cell.left < 0
end

--- Has the state held more memory than it may?
function M.starved()
  return cell.left == STARVED
end

function M.message()
  return M.starved() and "not enough memory" or "ran out of fuel (endless loop?)"
end

return M
