--- Watches the just-in-time compiler of this state: what it compiled, and what it gave
-- up, by the line of the script.
--
--     local watch = compiler.watch(is_script)
--     ...
--     local report = watch:stop()
--     --> { traces =, code_bytes =, flushes =, aborts = { { where, reason, count } } }

local util = require("jit.util")
local vmdef = require("jit.vmdef")

local M = {}

local Watch = {}
Watch.__index = Watch

local FRAMES = 100
local OUTSIDE = "outside the script"

-- The line of the script that is being done, or nil: the nearest one of its functions
-- on the stack. What weir does for a lambda counts as the lambda's.
local function line_of_script(is_script)
  for level = 3, FRAMES do
    local info = debug.getinfo(level, "Sl")
    if not info then
      return nil
    elseif info.what ~= "C" and is_script(info.source) then
      return ("%s:%d"):format(info.short_src, info.currentline)
    end
  end
end

-- The compiler names what it could not do by number.
local function name_of(info)
  if type(info) == "function" then
    local about = util.funcinfo(info)
    local id = about.ffid
    return id and vmdef.ffnames[id] or about.loc or ("C function at %s"):format(about.addr or "?")
  end
  return info
end

local function reason_of(code, info)
  if type(code) ~= "number" then
    return tostring(code)
  end
  local text = vmdef.traceerr[code] or "unknown reason"
  if text:find("bytecode %d", 1, true) and type(info) == "number" then
    return "NYI: bytecode " .. vmdef.bcnames:sub(info * 6 + 1, info * 6 + 6):match("%S+")
  end
  return text:find("%", 1, true) and text:format(name_of(info)) or text
end

-- What makes the compiler try again by itself, in a moment.
local PASSING = { [vmdef.traceerr[6]] = true }

function Watch:_note(where, reason)
  local key = where .. "\n" .. reason
  local abort = self.by_key[key]
  if not abort then
    abort = { where = where, reason = reason, count = 0 }
    self.by_key[key] = abort
    table.insert(self.aborts, abort)
  end
  abort.count = abort.count + 1
end

function Watch:_event(what, trace, code, info)
  if what == "stop" then
    self.traces = self.traces + 1
    local link = util.traceinfo(trace)
    local machine_code = util.tracemc(trace)
    self.code_bytes = self.code_bytes + (machine_code and #machine_code or 0)
    if link and link.linktype == "stitch" then
      self:_note(line_of_script(self.is_script) or OUTSIDE,
        "calls what is not compiled, and goes on behind it")
    end
  elseif what == "flush" then
    self.flushes = self.flushes + 1
  elseif what == "abort" then
    local reason = reason_of(code, info)
    if not PASSING[reason] then
      self:_note(line_of_script(self.is_script) or OUTSIDE, reason)
    end
  end
end

--- Begins with no compiled code.
---@param is_script fun(source: string): boolean
function M.watch(is_script)
  local self = setmetatable({
    is_script = is_script, traces = 0, code_bytes = 0, flushes = 0, aborts = {}, by_key = {},
  }, Watch)
  jit.flush()
  self.callback = function(what, trace, _, _, code, info)
    self:_event(what, trace, code, info)
  end
  jit.off(self.callback, true)
  jit.attach(self.callback, "trace")
  return self
end

--- Ends it; the aborts are in the order of their lines.
function Watch:stop()
  jit.attach(self.callback)
  table.sort(self.aborts, function(a, b)
    local file_a, line_a = a.where:match("^(.*):(%d+)$")
    local file_b, line_b = b.where:match("^(.*):(%d+)$")
    if file_a ~= file_b then
      return (file_a or "\255") < (file_b or "\255")
    elseif line_a ~= line_b then
      return tonumber(line_a) < tonumber(line_b)
    end
    return a.reason < b.reason
  end)
  return self
end

return M
