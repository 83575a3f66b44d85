--- Sources and sinks: from what a script described to those of the engine.
--
-- Nothing is opened here: a file that is not there is found by the first read.

local cdef = require("weir.cdef")
local codecs = require("weir.run.codecs")
local ffi = require("ffi")
local keys = require("weir.lib.keys")
local retries = require("weir.run.retries")
local secrets = require("weir.run.secrets")

-- What few pipelines have is declared where it is made.
local C = cdef.load(
  "engine/base/err.h",
  "engine/io/file_sink.h",
  "engine/io/file_source.h",
  "engine/io/memory.h",
  "engine/io/packing.h"
)

local M = {}

-- A list of texts as C has it; the first result keeps the second alive.
local function texts(list)
  local array = ffi.new("const char *[?]", math.max(1, #list))
  for i, text in ipairs(list) do
    array[i - 1] = text
  end
  return array, list
end

-- What is wrong with it from the start stops the run before it begins.
local function finish(rc, out, what, free)
  if rc ~= 0 then
    error(("%s: %s"):format(what, ffi.string(C.weir_err_text(rc))), 0)
  end
  local made = out[0]
  local message = ffi.string(made.message)
  if message ~= "" then
    free(made)
    error(message, 0)
  end
  return made
end

local function finish_source(rc, out, what)
  return finish(rc, out, what, C.weir_source_free)
end

local function finish_sink(rc, out, what)
  return finish(rc, out, what, C.weir_sink_free)
end

local function file_source(paths, described, context)
  local list, anchor = texts(paths)
  local options = ffi.new("weir_file_source_options")
  options.paths, options.path_count = list, #anchor
  options.decoder = codecs.decoder(described.codec)
  options.max_record = described.max_record_bytes or 0
  options.block_size = context and context.block_size or 0
  local out = ffi.new("weir_source *[1]")
  return finish_source(C.weir_file_source_new(out, options), out, anchor[1])
end

local sources = {}

function sources.file(described, context)
  return file_source(described.path, described, context)
end

function sources.tail(described, context)
  cdef.load("engine/base/clock.h", "engine/io/tail_source.h")
  local list, anchor = texts(described.path)
  local options = ffi.new("weir_tail_options")
  options.paths, options.path_count = list, #anchor
  options.state = context.state
  options.decoder = codecs.decoder(described.codec)
  options.clock = context.clock or C.weir_clock_real()
  options.max_record = described.max_record_bytes or 0
  options.latest = described.start == "latest" and 1 or 0
  local out = ffi.new("weir_source *[1]")
  return finish_source(C.weir_tail_source_new(out, options), out, anchor[1])
end

function sources.stdin(described)
  return file_source({ "-" }, described)
end

function sources.concat(described)
  cdef.load("engine/io/concat_source.h")
  local parts = ffi.new("weir_source *[?]", #described.sources)
  for i, part in ipairs(described.sources) do
    parts[i - 1] = M.source(part)
  end
  local out = ffi.new("weir_source *[1]")
  return finish_source(C.weir_concat_source_new(out, parts, #described.sources), out, "concat")
end

function sources.sqlite(described)
  cdef.load("engine/store/sqlite_source.h")
  local query = described.query
    or ('SELECT * FROM "%s"'):format((described.table:gsub('"', '""')))
  local out = ffi.new("weir_source *[1]")
  return finish_source(C.weir_sqlite_source_new(out, described.path, query), out, described.path)
end

function sources.interval(described, context)
  cdef.load("engine/base/clock.h", "engine/io/interval_source.h")
  local options = ffi.new("weir_interval_options")
  options.every_ns = described.every_ns
  options.clock = context and context.clock or C.weir_clock_real()
  local out = ffi.new("weir_source *[1]")
  return finish_source(C.weir_interval_source_new(out, options), out, "interval")
end

local PACKINGS = {
  none = C.WEIR_PACKING_NONE,
  gzip = C.WEIR_PACKING_GZIP,
  zstd = C.WEIR_PACKING_ZSTD,
}

local function file_sink(described, context, standard)
  local options = ffi.new("weir_file_sink_options")
  options.path = described.path
  options.encoder = codecs.encoder(described.codec)
  options.standard = standard or 0
  options.append = described.append and 1 or 0
  options.bounded = context.bounded and 1 or 0
  options.lazy = described.lazy and 1 or 0
  options.max_open = described.max_open or 0
  options.packing = PACKINGS[described.compress] or C.WEIR_PACKING_UNKNOWN
  retries.fill_patient(options.retries, described.retries, context.bounded)
  local out = ffi.new("weir_sink *[1]")
  return finish_sink(C.weir_file_sink_new(out, options), out, described.path or "-")
end

local sinks = { file = file_sink }

function sinks.stdout(described, context)
  return file_sink(described, context, 1)
end

function sinks.stderr(described, context)
  return file_sink(described, context, 2)
end

function sinks.discard()
  local out = ffi.new("weir_sink *[1]")
  return finish_sink(C.weir_discard_sink_new(out), out, "discard")
end

function sinks.memory()
  local out = ffi.new("weir_sink *[1]")
  return finish_sink(C.weir_memory_sink_new(out), out, "memory")
end

local SQLITE_TYPES = { string = "TEXT", integer = "INTEGER", number = "REAL", boolean = "INTEGER" }

local function sqlite_schema(schema)
  local names = keys.sorted(schema or {})
  local columns = ffi.new("weir_sqlite_column[?]", math.max(1, #names))
  for i, name in ipairs(names) do
    columns[i - 1].name = name
    columns[i - 1].type = SQLITE_TYPES[schema[name]:lower()] or schema[name]
  end
  return columns, #names
end

function sinks.sqlite(described, context)
  cdef.load("engine/store/sqlite_sink.h")
  local key, anchor = texts(described.key or {})
  local columns, column_count = sqlite_schema(described.schema)
  local options = ffi.new("weir_sqlite_sink_options")
  options.path, options.table = described.path, described.table
  options.keys, options.key_count = key, #anchor
  options.schema, options.column_count = columns, column_count
  retries.fill_patient(options.retries, described.retries, context.bounded)
  local out = ffi.new("weir_sink *[1]")
  return finish_sink(C.weir_sqlite_sink_new(out, options), out, described.path)
end

for _, kind in ipairs({ "tcp", "udp", "unix", "syslog" }) do
  sources[kind] = function(described, context)
    local rc, out = require("weir.run.sockets").sources[kind](described, context)
    return finish_source(rc, out, kind)
  end
  sinks[kind] = function(described, context)
    local rc, out = require("weir.run.sockets").sinks[kind](described, context)
    return finish_sink(rc, out, kind)
  end
end

function sources.exec(described, context)
  local rc, out = require("weir.run.exec").source(described, context)
  return finish_source(rc, out, "exec")
end

function sinks.exec(described, context)
  local rc, out = require("weir.run.exec").sink(described, context)
  return finish_sink(rc, out, "exec")
end

--- The program of an :exec; the flow takes it over.
function M.relay(described, context)
  return require("weir.run.exec").relay(described, context)
end

function sources.http(described, context)
  local rc, out = require("weir.run.http").source(described, context)
  return finish_source(rc, out, "http")
end

function sinks.http(described, context)
  local rc, out = require("weir.run.http").sink(described, context)
  return finish_sink(rc, out, "http")
end

-- Sources that the script's own code makes are segments without inputs.
local MADE = { generate = true, memory = true }

--- Whether a described source is made by Lua, so that it is no source of the engine.
function M.is_made(described)
  return MADE[described.kind] == true
end

--- The engine's source for a described one; the flow takes it over.
function M.source(described, context)
  described = secrets.resolve(described, context and context.secrets)
  return sources[described.kind](described, context)
end

--- The engine's sink for a described one.
---@param context { bounded: boolean, secrets: string? }  bounded: every input ends by itself
function M.sink(described, context)
  described = secrets.resolve(described, context.secrets)
  return sinks[described.kind](described, context)
end

return M
