--- Errors of a script, at the line of the script that caused them.
--
-- Levels for `error` break as soon as a helper is added or a tail call drops a
-- frame. So the line is found by walking the stack to the first function that is
-- not weir's own: the script, or a module of the user's. weir's own are those whose
-- chunk name starts as this file's does ("@lua/weir/...", "=weir/..." if embedded).

local null = require("weir.lib.null").null

local M = {}

-- This file's own chunk name, less its place in the tree, is where weir lives.
local home = debug.getinfo(1, "S").source:match("^(.*)lib[/.]errors")

local function is_ours(source)
  return source:sub(1, #home) == home
end

local function chunk_name(info)
  local kind = info.source:sub(1, 1)
  if kind == "@" or kind == "=" then
    return info.source:sub(2)
  end
  return info.short_src
end

--- Where the user's code called into weir: "traffic.lua:7", or "?" outside any.
function M.where()
  local level = 2
  while true do
    local info = debug.getinfo(level, "Sl")
    if not info then
      return "?"
    end
    if info.what ~= "C" and not is_ours(info.source) then
      return ("%s:%d"):format(chunk_name(info), info.currentline)
    end
    level = level + 1
  end
end

--- Where a function was written: "traffic.lua:7".
---@param fn function
function M.where_of(fn)
  local info = debug.getinfo(fn, "S")
  if info.what == "C" then
    return "[C]"
  end
  return ("%s:%d"):format(chunk_name(info), info.linedefined)
end

--- Raises `message`, formatted, at `where`.
---@param where string  "traffic.lua:7"
---@param message string  with the conversions of string.format
function M.raise(where, message, ...)
  -- Where no script is at work it is the command line's fault, which has no lines.
  error((where == "?" and "" or where .. ": ") .. message:format(...), 0)
end

--- A value as a message shows it: `"text"`, `12`, `a table`, `nothing`.
function M.show(value)
  local kind = type(value)
  if kind == "nil" then
    return "nothing"
  elseif kind == "string" then
    if #value > 60 then
      value = value:sub(1, 57) .. "..."
    end
    return '"' .. value .. '"'
  elseif kind == "number" or kind == "boolean" then
    return tostring(value)
  elseif value == null then
    return "null"
  elseif kind == "table" and getmetatable(value) == nil and next(value) == nil then
    return "an empty table"
  end
  local meta = kind == "table" and getmetatable(value)
  if type(meta) == "table" and rawget(meta, "what") then
    return meta.what
  end
  return "a " .. kind
end

return M
