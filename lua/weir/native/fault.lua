--- What went wrong with a record, in words for who wrote the script.

local ffi = require("ffi")

local C = require("weir.cdef").load("engine/op/record.h", "engine/base/err.h")

local M = {}

local E2BIG = -7 -- errno

local messages = {
  [E2BIG] = ("more than %d fields of one record were changed; make a table of all of them, and "
    .. "return it from :map"):format(C.WEIR_RECORD_CHANGES_MAX),
  [C.WEIR_ESTALE] = "record used after the call that received it; "
    .. "keep a copy with weir.to_table(r)",
  [C.WEIR_EINVAL] = "an array may not have holes; append with #t + 1, or use weir.null",
}

local function describe(code, key)
  if code == C.WEIR_EFROZEN then
    return "filter may not change the record; use :map"
  elseif code == C.WEIR_ETYPE then
    return type(key) == "number" and "elements are set in arrays, not in objects"
      or "fields are set in objects, not in arrays: '" .. tostring(key) .. "'"
  elseif messages[code] then
    return messages[code]
  end
  local what = ffi.string(C.weir_err_text(code))
  return key ~= nil and "field '" .. tostring(key) .. "': " .. what or what
end

--- Raises at the caller of the function that fails.
---@param code integer
---@param key any  of the record, if it is about one
function M.fail(code, key)
  error(describe(code, key), 2)
end

return M
