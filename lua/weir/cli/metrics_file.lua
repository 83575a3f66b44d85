--- A file of numbers that others read: replaced whole, so that nobody sees half of it.

local cdef = require("weir.cdef")
local exposition = require("weir.run.exposition")

local C = cdef.load("engine/base/path.h")

local M = {}

local File = {}
File.__index = File

local function write(path, text)
  local file, message = io.open(path, "wb")
  if not file then
    return nil, message
  end
  local ok, why = file:write(text)
  local closed, late = file:close()
  if not ok or not closed then
    os.remove(path)
    return nil, ("%s: %s"):format(path, why or late)
  end
  return true
end

--- A file that can be written, or nil and why it cannot.
---@param path string
function M.open(path)
  if C.weir_path_is_replaceable(path) == 0 then
    return nil, path .. ": is no plain file, and would be replaced; name one that may be"
  end
  local beside = path .. ".tmp"
  local ok, message = write(beside, "")
  if not ok then
    return nil, message
  end
  return setmetatable({ path = path, beside = beside }, File)
end

--- Replaces what it holds: true, or nil and why it stays as it was.
---@param snapshot table  of weir.run.metrics
function File:put(snapshot)
  local ok, message = write(self.beside, exposition.text(snapshot))
  if ok then
    ok, message = os.rename(self.beside, self.path)
  end
  return ok, message
end

--- Leaves nothing beside it, also if nothing was ever put.
function File:close()
  os.remove(self.beside)
end

return M
