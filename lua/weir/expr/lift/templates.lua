--- Templates of string.format as far as they are lifted: %d %i %f %s %x %X, with - or 0,
-- a width and a precision.
--
--     pieces({ constant = true, k = "%s: %5.1f%%" })
--         --> { { argument = 1, directive = "%s" }, { text = ": " },
--               { argument = 2, directive = "%5.1f" }, { text = "%" } }

local M = {}

local DIRECTIVE = "^%%([-0]?)([1-9]?%d?)(%.?)(%d?)([disfxX])()"
local PRECISION = 6 -- of %f without one

-- A directive as the machine reads it, and where it ends; nil for others.
local function directive_at(text, at)
  local pad, width, point, precision, letter, behind = text:match(DIRECTIVE, at)
  if not behind or pad == "0" and letter == "s" then
    return nil
  elseif point ~= "" and (letter ~= "f" and letter ~= "s" or precision == "") then
    return nil
  elseif letter == "f" and point == "" then
    point, precision = ".", PRECISION
  end
  return ("%%%s%s%s%s%s"):format(pad, width, point, precision, letter == "i" and "d" or letter),
    behind
end

--- The pieces of a template that is a constant; nil if there is something else in it.
function M.pieces(template)
  if not (template and template.constant and type(template.k) == "string") then
    return nil
  end
  local pieces, text, at, arguments = {}, template.k, 1, 0
  while at <= #text do
    local literal, behind = text:match("^([^%%]+)()", at)
    if not literal then
      literal, behind = text:match("^%%(%%)()", at)
    end
    local directive
    if not literal then
      directive, behind = directive_at(text, at)
      if not directive then
        return nil
      end
      arguments = arguments + 1
    end
    pieces[#pieces + 1] = literal and { text = literal }
      or { argument = arguments, directive = directive }
    at = behind
  end
  return #pieces > 0 and pieces or { { text = "" } }
end

return M
