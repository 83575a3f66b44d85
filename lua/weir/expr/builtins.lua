--- The functions that a script was given, by name: "string.sub", "tonumber", "weir.now".
--
-- An environment is frozen, so what a function is today it stays.

local frozen = require("weir.expr.frozen")

local M = {}

local names_of = setmetatable({}, { __mode = "k" })

local function add_library(names, prefix, library)
  for member, value in pairs(frozen.contents(library)) do
    if type(value) == "function" then
      names[value] = prefix .. "." .. member
    end
  end
end

--- Names by function: `{ [string.sub] = "string.sub" }`.
---@param env table
function M.names(env)
  if names_of[env] then
    return names_of[env]
  end
  local names, contents = {}, frozen.contents(env)
  for name, value in pairs(contents) do
    if type(value) == "function" then
      names[value] = name
    elseif frozen.is(value) and value ~= env then
      add_library(names, name, value)
    end
  end
  names_of[env] = names
  local found, weir = pcall(contents.require, "weir")
  if found and frozen.is(weir) then
    add_library(names, "weir", weir)
  end
  return names
end

--- Whether a name is a method of text, and the one that the environment has.
function M.is_method(env, name)
  local methods = frozen.contents(frozen.contents(env).string)
  return debug.getmetatable("").__index == methods and type(methods[name]) == "function"
end

return M
