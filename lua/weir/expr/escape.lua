--- Does a lambda's record outlive the call? Read from its bytecode.
--
-- A record may be a cheap view of its batch only while nobody can hold on to it. It
-- provably stays if the function only looks into it, sets its fields, measures,
-- tests and compares it, or returns it. Anything that copies it anywhere else
-- (a local, an argument, a table, an upvalue) may let it escape, and so may a
-- function made inside, which might capture it.
--
-- The first parameter lives in slot 0 for the whole call, and bytecode says of each
-- operand whether it reads a slot. So this is one walk over the instructions: every
-- read of slot 0 must be one of the harmless kinds below. What fields hold (nested
-- values) is not followed: a handle knows by itself when its record is gone.
--
--     stays(function(r) return r.a > 1 end)          --> true
--     stays(function(r) kept = r end)                --> false, "copies r at line 1"

local bytecode = require("weir.expr.bytecode")

local M = {}

local READS, FIRST_READ = bytecode.READS, bytecode.FIRST_READ

local function names(text)
  local set = {}
  for name in text:gmatch("%S+") do
    set[name] = true
  end
  return set
end

-- Where slot 0 may stand: as the table that is indexed, ...
local indexed = names("TGETV TGETS TGETB TSETV TSETS TSETB")
-- ... or as anything that is compared, tested or measured.
local looked_at = names("ISLT ISGE ISLE ISGT ISEQV ISNEV ISEQS ISNES ISEQN ISNEN ISEQP ISNEP "
  .. "IST ISF NOT LEN")
local returns = names("RET RET1 RETM")
local copies = names("MOV ISTC ISFC")
local stores = names("TSETV TSETS TSETB TSETM")
local calls = names("CALL CALLM CALLT CALLMT")

local decode = bytecode.decode

-- Where a copy in `slot` goes: the next instruction that can take it from there.
local function destination(fn, pc, slot)
  pc = pc + 1
  local one = decode(fn, pc)
  while one do
    if calls[one.name] and one.a <= slot then
      return "passes %s to a function"
    elseif stores[one.name] and one.a == slot then
      return "puts %s into a table"
    elseif one.name == "CAT" and one.b <= slot and slot <= one.c then
      return "concatenates %s"
    elseif returns[one.name] and one.a <= slot then
      return "returns %s with other values"
    elseif one.name == "MOV" and one.c == slot then
      return "copies %s"
    end
    pc = pc + 1
    one = decode(fn, pc)
  end
  return "copies %s"
end

local function reads_in_a(one)
  return one.a == 0 and (one.a_mode == READS or one.a_mode == FIRST_READ)
end

-- What an instruction does with slot 0 that might let it escape, in words.
local function harm(fn, pc, one)
  local name = one.name
  if name == "FNEW" then
    return "makes a function, which may keep %s,"
  elseif looked_at[name] then
    return nil
  elseif name == "USETV" and one.c == 0 then
    return "keeps %s in a variable outside"
  elseif stores[name] and reads_in_a(one) then
    return "puts %s into a table"
  elseif one.c == 0 and one.c_mode == READS then
    if indexed[name] then
      return "uses %s as a key"
    elseif copies[name] then
      return destination(fn, pc, one.a)
    end
    return "calculates with %s"
  elseif one.b == 0 and one.b_mode == READS and not indexed[name] then
    return "calculates with %s"
  end
end

-- The name of the first parameter; nil if there is none.
local function parameter(fn, info)
  if info.params == 0 then
    return info.isvararg and "..." or nil
  end
  local ok, name = pcall(debug.getlocal, fn, 1)
  return ok and name or "its record"
end

--- Whether the function's first parameter provably does not outlive the call.
---@param fn function
---@return boolean stays
---@return string? reason  if not: "passes r to a function at line 7"
---@return boolean? returned  if so: whether the function may return it
function M.stays(fn)
  local info = bytecode.info(fn)
  if not info.bytecodes then
    return false, "is not written in Lua"
  end
  local name = parameter(fn, info)
  if not name then
    return true, nil, false
  elseif name == "..." then
    return false, ("takes its record as ... at line %d"):format(info.linedefined)
  end
  local returned = false
  local pc = 1
  local one = decode(fn, pc)
  while one do
    local reason = harm(fn, pc, one)
    if reason then
      local line = bytecode.line(fn, pc)
      return false, (reason .. " at line %d"):format(name, line)
    end
    returned = returned or (returns[one.name] and one.a == 0 or false)
    pc = pc + 1
    one = decode(fn, pc)
  end
  return true, nil, returned
end

return M
