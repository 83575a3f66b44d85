--- What specs of io share: a directory of their own, an encoder that refuses and
-- heads at will, and ways to drain a source.
--
-- The encoder is made of FFI callbacks, which compiled code must not meet.

jit.off()

local engine = require("spec.support.engine")
local ffi = require("ffi")

local C = engine.load(
  "engine/base/clock.h", "engine/base/err.h", "engine/base/mem.h", "engine/data/json.h",
  "engine/codec/json.h", "engine/codec/csv.h", "engine/io/feed.h", "engine/io/file_source.h",
  "engine/io/file_sink.h", "engine/io/concat_source.h", "engine/io/memory.h")

ffi.cdef([[
int pipe2(int fds[2], int flags);
long write(int fd, const void *bytes, size_t size);
int close(int fd);
int dup(int fd);
int dup2(int from, int to);
int mkfifo(const char *path, unsigned mode);
int open(const char *path, int flags, ...);
]])

local M = { C = C }

local directory

--- A path in a directory that is new for each process.
---@param name string|nil
---@return string path
function M.path(name)
  if not directory then
    directory = os.tmpname()
    os.remove(directory)
    os.execute("mkdir -p " .. directory)
  end
  return name and directory .. "/" .. name or directory
end

--- Removes everything under M.path().
function M.clean()
  if directory then
    os.execute("rm -rf " .. directory)
    directory = nil
  end
end

--- Calls fn, after which these files are as they were: as where it was killed instead.
---@param ... string  paths
function M.without_a_trace(fn, ...)
  local texts = {}
  for i, path in ipairs({ ... }) do
    local file = io.open(path, "rb")
    texts[i] = file and file:read("*a") or false
    if file then
      file:close()
    end
  end
  fn()
  for i, path in ipairs({ ... }) do
    os.remove(path)
    if texts[i] then
      local file = assert(io.open(path, "wb"))
      file:write(texts[i])
      file:close()
    end
  end
end

function M.write(name, text)
  local file = assert(io.open(M.path(name), "wb"))
  file:write(text)
  file:close()
  return M.path(name)
end

function M.read(name)
  local file = io.open(M.path(name), "rb")
  if not file then
    return nil
  end
  local text = file:read("*a")
  file:close()
  return text
end

--- Output of a command, for gzip and zstd.
function M.run(command)
  local pipe = assert(io.popen(command))
  local text = pipe:read("*a")
  pipe:close()
  return text
end

--- Names in the directory, hidden ones too.
function M.list()
  return M.run("ls -A " .. M.path())
end

local function encoder_ops(lines, header)
  return ffi.new("weir_encoder_ops", {
    row = function(encoder, batch, row, out)
      local span = batch.rows[row]
      local text = ffi.string(batch.bytes.bytes + span.start, span["end"] - span.start)
      if text:find("refuse me", 1, true) then
        ffi.copy(encoder.message, "told to refuse")
        return C.WEIR_ESINK
      end
      C.weir_buf_text(out, text .. "\n")
      return 0
    end,
    begin = function(_, out)
      C.weir_buf_text(out, header)
    end,
    ["end"] = function() end,
    free = function(encoder)
      C.weir_mem_free(encoder)
    end,
    lines = lines,
  })
end

local plain_ops = encoder_ops(1, "")
local headed_ops = encoder_ops(0, "header\n")

--- An encoder of JSON lines; headed: not line by line, and with a header.
function M.encoder(headed)
  local encoder = ffi.cast("weir_encoder *", C.weir_mem_new(ffi.sizeof("weir_encoder")))
  encoder.ops = headed and headed_ops or plain_ops
  return encoder
end

--- An encoder of CSV, with a header.
function M.csv()
  local out = ffi.new("weir_encoder *[1]")
  assert(C.weir_csv_encoder_new(out, ffi.new("weir_csv_options", { header = 1 })) == 0)
  return out[0]
end

--- A clock, `own`, that goes on by `tick` ns whenever somebody looks at it; it is `now`.
function M.ticking_clock()
  local self = { now = 0, tick = 0 }
  self.own = ffi.new("weir_clock", {
    monotonic_ns = function()
      self.now = self.now + self.tick
      return self.now
    end,
    wall_ns = function()
      return self.now
    end,
  })
  return self
end

--- A file source over these paths.
---@param paths string[]
---@param options table|nil  max_record, block_size, decoder (JSON if not given)
function M.source(paths, options)
  options = options or {}
  local list = ffi.new("const char *[?]", #paths, paths)
  local out = ffi.new("weir_source *[1]")
  assert(C.weir_file_source_new(out, ffi.new("weir_file_source_options", {
    paths = list,
    path_count = #paths,
    decoder = options.decoder or C.weir_json_decoder_new(0),
    max_record = options.max_record or 0,
    block_size = options.block_size or 0,
  })) == 0)
  return out[0]
end

--- One batch: its rows and faults as Lua values, or nil and the code.
function M.next(source, pool)
  local batch = C.weir_batch_new(pool)
  local code = source.ops.next(source, batch)
  if code ~= 0 then
    C.weir_batch_unref(batch)
    return nil, code
  end
  local read = {
    rows = {}, faults = {}, partition = batch.partition, line_rows = batch.line_rows == 1,
  }
  local function at(span)
    return ffi.string(batch.bytes.bytes + span.start, span["end"] - span.start)
  end
  for i = 0, batch.row_count - 1 do
    read.rows[#read.rows + 1] = {
      text = at(batch.rows[i]),
      position = tonumber(batch.position) + C.weir_batch_row_origin(batch, i).start,
      number = tonumber(C.weir_batch_row_number(batch, i)),
    }
  end
  for i = 0, batch.fault_count - 1 do
    local fault = batch.faults[i]
    read.faults[#read.faults + 1] = {
      text = at(fault.span),
      code = fault.code,
      position = tonumber(batch.position) + fault.span.start,
      number = tonumber(C.weir_batch_fault_number(batch, i)),
    }
  end
  C.weir_batch_unref(batch)
  return read
end

--- Reads a source to its end and frees it.
---@return table all  rows, faults, code, message
function M.drain(source)
  local pool = C.weir_pool_new(2)
  local all = { rows = {}, faults = {}, batches = 0 }
  while true do
    local read, code = M.next(source, pool)
    if not read then
      all.code = code
      break
    end
    all.batches = all.batches + 1
    for _, kind in ipairs({ "rows", "faults" }) do
      for _, each in ipairs(read[kind]) do
        each.partition = read.partition
        table.insert(all[kind], each)
      end
    end
  end
  all.message = ffi.string(source.message)
  C.weir_source_free(source)
  C.weir_pool_free(pool)
  return all
end

--- What a source or sink counts under a name.
function M.counter(of, name)
  for i = 0, of.counter_count - 1 do
    if ffi.string(of.counters[i].name) == name then
      return tonumber(C.weir_counter_value(of.counters[i]))
    end
  end
end

--- The texts of rows.
function M.texts(rows)
  local texts = {}
  for i, row in ipairs(rows) do
    texts[i] = row.text
  end
  return texts
end

return M
