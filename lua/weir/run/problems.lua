--- What was raised in a segment, as a table { code, column, message, traceback }: by
-- the engine with a code, or by the script, which may raise anything.

local cdef = require("weir.cdef")
local ffi = require("ffi")
local fuel = require("weir.expr.fuel")
local numbers = require("weir.expr.numbers")

local C = cdef.load("engine/base/err.h")

local M = {}

local MESSAGE_MAX = 64 * 1024 -- bytes of what a script raised that are worth keeping

-- Where the engine's own Lua is, as its frames and messages name it: "lua/weir/".
local OURS = debug.getinfo(1, "S").short_src:gsub("run/problems%.lua$", "")

local function is_engine(chunk)
  return chunk:sub(1, #OURS) == OURS or chunk:find("^weir%.") or chunk == "[C]"
    or chunk:find("^%[builtin#") -- with an address, which differs from run to run
end

local function is_optional(value, wanted)
  return value == nil or type(value) == wanted
end

local function has_code(problem)
  local code = rawget(problem, "code")
  return type(code) == "number" and code < 0 and getmetatable(problem) == nil
    and is_optional(rawget(problem, "message"), "string")
    and is_optional(rawget(problem, "column"), "number")
end

-- Nothing can be relied on in a table of the script: it may fail to become text, too.
local function message_of(raised)
  local message = rawget(raised, "message")
  if type(message) == "string" and message ~= "" then
    return message
  end
  local ok, text = pcall(tostring, raised)
  if ok and type(text) == "string" and not text:find("^table: ") then
    return text
  end
  return "the script raised a table without a message"
end

-- The frames of the script alone, or nil; those of the engine are no news to its author.
local function traceback()
  local lines = {}
  for line in debug.traceback("", 3):gmatch("[^\n]+") do
    local chunk = line:match("^%s+([^:]+):")
    if chunk == "segment" then
      break
    elseif chunk and not is_engine(chunk) then
      lines[#lines + 1] = line
    end
  end
  return #lines > 0 and "stack traceback:\n" .. table.concat(lines, "\n") or nil
end

--- The handler for xpcall: runs where the error was raised.
function M.catch(raised)
  if type(raised) == "table" then
    return has_code(raised) and raised
      or { message = message_of(raised), traceback = traceback() }
  end
  return { message = raised == nil and "the script raised nil" or numbers.shown(raised),
    traceback = traceback() }
end

--- What xpcall gave: what `catch` made, or text if it could not. What filled the heap is
-- garbage by now.
function M.caught(reason)
  if fuel.starved() then
    collectgarbage()
  end
  return type(reason) == "table" and reason or { message = tostring(reason) }
end

-- The only userdata that a script can hold is null.
local function with_null(message)
  if message:find("attempt to ", 1, true) then
    message = message:gsub("a userdata value", "a null value"):gsub("two userdata", "two null")
      :gsub("with userdata", "with null"):gsub("userdata with", "null with")
  end
  return (message:gsub("not a userdata$", "not null"))
end

--- The problem as a sentence. One without a place in the script happened in the stage,
-- whose place is `where`: that a tail call left no frame of the script is nobody's
-- business, nor is a line of the engine.
function M.words(problem, where)
  local message = problem.message
  if message and #message > MESSAGE_MAX then
    message = message:sub(1, MESSAGE_MAX)
  end
  if problem.code then
    return message or ffi.string(C.weir_err_text(problem.code))
  end
  message = with_null(message):gsub("^segment:[^:]*:%d+: ", "")
  local chunk, rest = message:match("^([^:]+):%d+[:%d]*: (.*)")
  if chunk and not is_engine(chunk) then
    return message
  end
  return where .. ": " .. (rest or message)
end

--- The code that a dead letter gets.
function M.code(problem)
  if problem.code then
    return problem.code
  elseif fuel.starved() then
    return C.WEIR_EMEMORY
  elseif fuel.spent() then
    return C.WEIR_EFUEL
  end
  return C.WEIR_ELAMBDA
end

return M
