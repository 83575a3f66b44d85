--- What an operand of a text expression is, in rules and in messages.

local numbers = require("weir.expr.numbers")

local M = {}

-- Until a record module is given there are no handles, only plain tables.
local record = {
  type = function()
    return "table"
  end,
  meta = function()
    return {}
  end,
}

--- Says what a handle is and what a record's meta data are.
---@param module table  with `type(value)` and `meta(record)`
function M.use_records(module)
  record = module
end

--- What is known of where a record came from.
function M.meta(r)
  return record.meta(r)
end

local words = { string = "text", number = "a number", boolean = "true or false", table = "a table" }

--- As `type`, of handles and exact integers too.
function M.kind(v)
  local t = type(v)
  if t == "cdata" then
    return record.type(v)
  end
  return t
end

function M.describe(v)
  local t = M.kind(v)
  return words[t] or "a " .. t
end

--- Raises about a site (see weir.expr.ops).
function M.fail(site, message, ...)
  local where = site.where and site.where .. ": " or ""
  error(("%sin `%s`: %s"):format(where, site.text, message:format(...)), 0)
end

--- Missing or null.
function M.absent(v)
  return v == nil or type(v) == "userdata"
end

--- Whether it is a number, or text that reads as one.
function M.countable(v)
  local k = M.kind(v)
  return k == "number" or (k == "string" and numbers.tonumber(v) ~= nil)
end

--- Whether it is text, or a number, which has one.
function M.joinable(v)
  local k = M.kind(v)
  return k == "number" or k == "string"
end

return M
