--- What calls of built-in functions take from the fuel, beyond the turn that makes them.
--
-- A charge stands for a tenth of a microsecond or less. Where one call does more, in
-- proportion to what it is given, it pays more; so no loop around it runs much longer
-- than the fuel is meant to last. Nothing is raised here: whoever takes the last of it
-- runs dry at the next turn or call. Operators pay for nothing: a loop that joins texts
-- of megabytes with .. runs long.

local fuel = require("weir.expr.fuel")

local M = {}

local BYTES_PER_CHARGE = 64
local ITEMS_PER_CHARGE = 8 -- that are moved

M.CAUGHT = 50 -- an error that is raised and caught
M.COPY = 100 -- a table made of a record
M.SORT = 5 -- an item of a table that is sorted
M.SHOW = 20 -- the text of a table or record
M.COROUTINE = 200 -- made, and entered
M.LOAD = 500 -- source, besides its bytes
M.SAY = 500 -- a line to the terminal
M.WRITE = 20 -- a table into a record

--- Takes some charges.
---@param amount number
M.pay = fuel.take

--- Takes what going through a text costs.
function M.pay_text(text)
  if type(text) == "string" then
    fuel.take(#text / BYTES_PER_CHARGE)
  end
end

--- Takes what writing a text again and again costs.
function M.pay_repeat(count, size)
  if type(count) == "number" and count > 0 then
    fuel.take(count * size / BYTES_PER_CHARGE)
  end
end

--- A function that makes a coroutine.
function M.of_making(fn)
  return function(...)
    fuel.take(M.COROUTINE)
    return fn(...)
  end
end

--- A function of a text that goes through all of it.
function M.of_text(fn)
  return function(s, ...)
    if type(s) == "string" then
      fuel.take(#s / BYTES_PER_CHARGE)
    end
    return fn(s, ...)
  end
end

local function joined(text)
  M.pay_text(text)
  return text
end

--- A function of a list that makes one text of it.
function M.of_joining(fn)
  return function(t, ...)
    if type(t) == "table" then
      fuel.take(#t)
    end
    return joined(fn(t, ...))
  end
end

--- A function of a table that works on all its items.
---@param fn function
---@param each number?  charges for an item, 1 if not given
function M.of_items(fn, each)
  each = each or 1
  return function(t, ...)
    if type(t) == "table" then
      fuel.take(#t * each)
    end
    return fn(t, ...)
  end
end

--- A function that goes through the items from a position on: insert and remove.
function M.of_tail(fn)
  return function(t, ...)
    local position = ...
    if type(t) == "table" and type(position) == "number" then
      fuel.take(math.max(0, #t - position) / ITEMS_PER_CHARGE)
    end
    return fn(t, ...)
  end
end

return M
