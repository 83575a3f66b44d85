--- Records on their way to subscribers of a bus: by topic, each to the ports that want it.

local cdef = require("weir.cdef")
local ffi = require("ffi")
local record = require("weir.native.record")

local C = cdef.load("engine/base/err.h", "engine/op/publisher.h", "engine/sched/run.h")

local M = {}

local MESSAGE_MAX = 512 -- bytes

local function port_of(node, group)
  for i, port in ipairs(node.ports) do
    if port == group.port then
      return i - 1
    end
  end
end

--- What a `publish` with groups is bound to.
function M.bind(node, run)
  local out, message = ffi.new("weir_publisher *[1]"), ffi.new("char[?]", MESSAGE_MAX)
  if C.weir_publisher_new(out, node.topic, node.type, message, MESSAGE_MAX) ~= 0 then
    error(("%s: %s"):format(node.where, ffi.string(message)), 0)
  end
  local publisher = ffi.gc(out[0], C.weir_publisher_free)
  for _, group in ipairs(node.groups) do
    for i = 1, group.types and #group.types or 1 do
      local type = group.types and group.types[i] or nil
      C.weir_publisher_add(publisher, group.pattern, type, port_of(node, group))
    end
  end
  return { publisher = publisher, run = run }
end

local rows = record.rows

--- Sends a record where it belongs; gives a weir_published.
function M.send(bound, slot)
  local run = bound.run
  local answer = C.weir_publisher_write(bound.publisher, rows, slot, run.out,
    run.limits.out_bytes)
  if answer < 0 then
    local message = answer == C.WEIR_ETYPE
      and ffi.string(C.weir_publisher_message(bound.publisher)) or nil
    error({ code = answer, message = message }, 0)
  end
  return answer
end

return M
