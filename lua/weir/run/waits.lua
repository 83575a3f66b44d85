--- What a flow waits for, in words.

local cdef = require("weir.cdef")
local ffi = require("ffi")

local C = cdef.load("engine/sched/flow.h")

local M = {}

local TEXT_MAX = 512

--- What sinks wait for, such as a full disk, and sources, such as a file that is not there
-- yet: a text for each that does, by name.
---@param flow ffi.cdata*
---@param tasks table[]  of its plan
---@param kind string?   "sink" or "source"; nil: both
---@return table<string, string>
function M.hindrances(flow, tasks, kind)
  local out, text = {}, ffi.new("char[?]", TEXT_MAX)
  for _, task in ipairs(tasks) do
    if (task.kind == "sink" or task.kind == "source") and task.kind == (kind or task.kind)
      and C.weir_flow_hindrance(flow, task.number, text, TEXT_MAX) ~= 0 then
      out[task.name] = ffi.string(text)
    end
  end
  return out
end

-- The names of who takes a step, each once.
local function at_work(flow)
  local names, seen, text, at = {}, {}, ffi.new("char[?]", TEXT_MAX), 0
  repeat
    at = C.weir_flow_at_work(flow, at, text, TEXT_MAX)
    local name = at > 0 and ffi.string(text) or nil
    if name and not seen[name] then
      seen[name], names[#names + 1] = true, name
    end
  until at == 0
  return names
end

--- What its end waits for, so far as that can be said: what hinders a sink, or who is at work.
---@return string?
function M.of_end(flow, tasks)
  local _, why = next(M.hindrances(flow, tasks, "sink"))
  if why then
    return why
  end
  local names = at_work(flow)
  return names[1] and "still at work: " .. table.concat(names, ", ")
end

return M
