--- What specs of sinks share: writing a batch, finishing, and a disk that fills up.

local engine = require("spec.support.engine")
local ffi = require("ffi")
local rlimit = require("spec.support.rlimit")

local C = engine.load("engine/base/err.h", "engine/data/json.h", "engine/data/sink.h")

ffi.cdef([[
typedef void (*spec_handler)(int);
spec_handler signal(int number, spec_handler handler);
]])

local SIGXFSZ = 25

local M = {}

--- Calls fn with a batch of these lines of JSON.
function M.with_batch(lines, fn)
  local pool = C.weir_pool_new(1)
  local batch = C.weir_batch_new(pool)
  for _, line in ipairs(lines) do
    C.weir_buf_text(batch.bytes, line .. "\n")
  end
  batch.input_size = batch.bytes.size
  assert(C.weir_json_scan(batch, batch.bytes.size) == 0)
  assert(batch.row_count == #lines)
  batch.line_rows = 1
  batch.ingest_ns = 1700000000123456789LL -- 2023-11-14 22:13:20 UTC
  fn(batch)
  C.weir_batch_unref(batch)
  C.weir_pool_free(pool)
end

--- Writes the lines as one batch, and after a failure as often as `again` says.
---@param again (fun(code: number, written: number): boolean)?
---@return number code
---@return number written  rows
---@return table reasons  of refusals, by row
function M.write(sink, lines, again)
  local refused = ffi.new("weir_refusals")
  local written = ffi.new("uint32_t[1]")
  local code
  M.with_batch(lines, function(batch)
    repeat
      code = sink.ops.write(sink, batch, refused, written)
    until code == 0 or not again or not again(code, written[0])
  end)
  local reasons = {}
  for i = 0, refused.count - 1 do
    reasons[tonumber(refused.items[i].row)] = ffi.string(refused.items[i].reason)
  end
  C.weir_refusals_clear(refused)
  return code, written[0], reasons
end

--- Finishes a sink and frees it.
---@param failed boolean|nil  what the run did
---@return number code
---@return string message
function M.finish(sink, failed)
  local code = sink.ops.finish(sink, failed and 1 or 0)
  local message = ffi.string(sink.message)
  C.weir_sink_free(sink)
  return code, message
end

--- Calls fn without a signal's effect.
function M.ignoring(signal, fn)
  local handler = C.signal(signal, ffi.cast("spec_handler", 1))
  local ok, message = pcall(fn)
  C.signal(signal, handler)
  assert(ok, message)
end

--- Calls fn while no file may be longer than so many bytes, as on a disk that is full;
-- fn gets a function that sets another limit.
function M.with_file_limit(bytes, fn)
  local old, new = ffi.new("struct spec_rlimit"), ffi.new("struct spec_rlimit")
  C.getrlimit(rlimit.FSIZE, old)
  new.hard = old.hard
  local function limit(to)
    new.soft = to
    C.setrlimit(rlimit.FSIZE, new)
  end
  M.ignoring(SIGXFSZ, function()
    limit(bytes)
    local ok, message = pcall(fn, limit)
    C.setrlimit(rlimit.FSIZE, old)
    assert(ok, message)
  end)
end

return M
