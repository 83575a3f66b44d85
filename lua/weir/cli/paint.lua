--- Colour, where it is wanted.

local M = {}

local codes = { bad = "31", good = "32", hot = "33", title = "1", faint = "2", chosen = "7" }

local function plain(_, text)
  return text
end

local function coloured(kind, text)
  return "\27[" .. codes[kind] .. "m" .. text .. "\27[0m"
end

--- The function paint(kind, text) for one stream.
---@param choice string?  of --color: "auto", "always", "never"
---@param is_terminal boolean
---@param env fun(name: string): string?
function M.brush(choice, is_terminal, env)
  if choice == "always" then
    return coloured
  elseif choice == "never" then
    return plain
  end
  local refused = (env("NO_COLOR") or "") ~= "" or env("TERM") == "dumb"
  return is_terminal and not refused and coloured or plain
end

return M
