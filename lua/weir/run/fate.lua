--- What a call of map_async has come to: call.result, a record; call.text, the text of one;
-- or call.problem.

local cdef = require("weir.cdef")
local ffi = require("ffi")
local problems = require("weir.run.problems")
local record = require("weir.native.record")

local C = cdef.load("engine/op/record.h", "engine/op/rows.h")

local M = {}

local rows = record.rows
local buf = ffi.gc(ffi.new("weir_buf"), C.weir_buf_fini)

--- What its function gave; raises where that is no record. A table is written down at once,
-- since the script may go on to change it.
function M.keep(call, result)
  if result == nil then
    result = call.record
  end
  call.record = nil
  if record.is(result) then
    call.result = result
    return
  elseif type(result) ~= "table" then
    error("map_async must return nothing or a table, not a " .. record.type(result), 0)
  end
  buf.size = 0
  record.encode(result, buf)
  if buf.bytes[0] ~= 0x7b then
    error("a record must be a table of fields, not a list", 0)
  end
  call.text = ffi.string(buf.bytes, buf.size)
end

-- Where C stands between the function and its coroutine, LuaJIT cannot leave it.
local ACROSS_C = "attempt to yield across C-call boundary"
local IN_BETWEEN = "weir.http_get and weir.sleep cannot wait inside table.sort and the like"

--- What was wrong. Words and code are those of now: fuel and memory may be others' later.
---@param where string  of the stage
function M.bury(call, problem, where)
  if problem.message and problem.message:find(ACROSS_C, 1, true) then
    problem.message = IN_BETWEEN
  end
  problem.message = problems.words(problem, where)
  problem.code = problem.code or problems.code(problem)
  call.problem, call.record = problem, nil
end

--- Writes it to out, made from its row of a batch; gives the problem if there is one.
function M.write(call, batch, out)
  if call.problem then
    return call.problem
  end
  C.weir_rows_open(rows, 0, batch, call.row)
  local code = call.text and C.weir_rows_assign_text(rows, 0, call.text, #call.text)
    or C.weir_rows_adopt(rows, 0, call.result)
  code = code == 0 and C.weir_rows_write(rows, 0, out) or code
  return code ~= 0 and { code = code } or nil
end

return M
