--- What specs of the log share: a directory of their own, logs in it, and all of them
--- that can be read.

local engine = require("spec.support.engine")
local ffi = require("ffi")
local io_support = require("spec.engine.io.support")

local C = engine.load("engine/base/err.h", "engine/base/mem.h", "engine/log/crc32c.h",
  "engine/log/log.h", "engine/log/cursor.h", "engine/log/packed.h")

local M = { C = C, run = io_support.run }

local directory

--- A path in a directory that is new for each process: in memory if there is one,
--- where nothing waits for a disk.
---@param name string|nil
---@return string path
function M.path(name)
  if not directory then
    directory = M.run("mktemp -d -p /dev/shm 2>/dev/null || mktemp -d"):match("[^\n]+")
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

function M.write(name, text)
  local file = assert(io.open(M.path(name), "wb"))
  file:write(text)
  file:close()
end

function M.read(name)
  local file = assert(io.open(M.path(name), "rb"))
  local text = file:read("*a")
  file:close()
  return text
end

--- The seed of a random spec, printed if it fails.
function M.seed()
  local seed = tonumber(os.getenv("SEED")) or os.time()
  math.randomseed(seed)
  return "SEED=" .. seed
end

--- Opens the log `name`, or gives nil, the code and the message.
function M.try(name, options)
  local out = ffi.new("weir_log *[1]")
  local message = ffi.new("char[?]", C.WEIR_LOG_MESSAGE)
  local code = C.weir_log_open(out, M.path(name),
    ffi.new("weir_log_options", options or {}), message)
  if code ~= C.WEIR_OK then
    return nil, code, ffi.string(message)
  end
  return out[0], code, ffi.string(message)
end

--- Opens it, or raises; gives also what was found damaged.
function M.open(name, options)
  local log, code, message = M.try(name, options)
  assert(log, ("%d: %s"):format(code, message))
  return log, message
end

local number = ffi.new("uint64_t[1]")

--- Appends an entry in two parts; gives the number of its first record, or nil, code.
function M.append(log, text, count)
  local half = math.floor(#text / 2)
  local parts = ffi.new("weir_slice[2]", { { text, half },
    { ffi.cast("const char *", text) + half, #text - half } })
  local code = C.weir_log_append(log, 7, count or 1, parts, 2, number)
  if code ~= C.WEIR_OK then
    return nil, code
  end
  return tonumber(number[0])
end

local entry = ffi.new("weir_log_entry")

--- The next entry of a cursor as { number, count, text }, or nil and the code.
function M.next(cursor)
  local code = C.weir_log_cursor_next(cursor, entry)
  if code ~= C.WEIR_OK then
    return nil, code
  end
  return { tonumber(entry.number), entry.count,
    ffi.string(entry.payload.bytes, entry.payload.size) }
end

--- All that is there from a record on: entries, and gaps as { first, lost, message }.
function M.drain(log, from)
  local cursor = C.weir_log_cursor_new(log, from or 0)
  local entries, gaps = {}, {}
  while true do
    local each, code = M.next(cursor)
    if each then
      entries[#entries + 1] = each
    elseif code == C.WEIR_ECORRUPT then
      local lost = tonumber(C.weir_log_cursor_lost(cursor))
      gaps[#gaps + 1] = { tonumber(C.weir_log_cursor_number(cursor)) - lost, lost,
        ffi.string(C.weir_log_cursor_message(cursor)) }
    else
      assert(code == C.WEIR_EEMPTY, ffi.string(C.weir_log_cursor_message(cursor)))
      break
    end
  end
  C.weir_log_cursor_free(cursor)
  return entries, gaps
end

--- What weir_log_look says, in Lua's numbers.
function M.look(log)
  local state = C.weir_log_look(log)
  local out = {}
  for _, key in ipairs({ "position", "next", "safe", "disk_bytes", "segments", "cut_bytes" }) do
    out[key] = tonumber(state[key])
  end
  return out
end

--- Names of a log's segments, in order.
function M.segments(name)
  local names = {}
  for each in M.run("ls " .. M.path(name)):gmatch("%d+%.log") do
    names[#names + 1] = each
  end
  return names
end

--- A text of so many bytes that says which it is.
function M.text(id, size)
  local text = ("%d:"):format(id):rep(math.floor(size / #tostring(id)) + 1)
  return text:sub(1, size)
end

return M
