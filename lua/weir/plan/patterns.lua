--- Pattern codecs as programs: stock ones by name, the others as written.

local pattern = require("weir.expr.pattern")
local patterns = require("weir.expr.patterns")

local M = {}

--- The program of a described pattern codec, or nil and what is wrong with it.
-- A text without a capture is the name of a stock pattern.
---@param codec { pattern: string, define: table? }
function M.compile(codec)
  if codec.pattern:find("%{", 1, true) then
    return pattern.compile(codec.pattern, codec.define)
  end
  local stock, message = patterns.find(codec.pattern)
  if not stock then
    return nil, message
  end
  return pattern.compile(stock.pattern, stock.define)
end

--- What is wrong with it, or nil.
function M.problem(codec)
  local program, message = M.compile(codec)
  return not program and message or nil
end

return M
