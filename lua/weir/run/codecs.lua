--- Codecs: from what a script described to decoders and encoders of the engine.

local cdef = require("weir.cdef")
local ffi = require("ffi")
local keys = require("weir.lib.keys")

local C = cdef.load(
  "engine/base/err.h",
  "engine/codec/csv.h",
  "engine/codec/json.h",
  "engine/codec/lines.h",
  "engine/codec/logfmt.h"
)

local M = {}

local MINUTE_MS = 60000

local CSV_KINDS = { string = 0, integer = 1, number = 2, boolean = 3 }

local function slice(text)
  return ffi.new("weir_slice", ffi.cast("const char *", text), #text)
end

local TSV = { delimiter = "\t", quote = "" }

-- The options of csv; `anchor` keeps alive what the structure points to.
local function csv_options(codec)
  local anchor = {}
  local options = ffi.new("weir_csv_options")
  local marks = codec.kind == "tsv" and TSV or codec
  options.delimiter = (marks.delimiter or ","):byte()
  options.quote = (marks.quote or '"'):byte() or C.WEIR_CSV_NO_QUOTE
  options.header = codec.header == false and 0 or 1
  options.infer = codec.infer and 1 or 0
  if codec.columns then
    anchor.columns = ffi.new("weir_slice[?]", #codec.columns)
    for i, name in ipairs(codec.columns) do
      anchor.columns[i - 1] = slice(name)
    end
    options.columns, options.column_count = anchor.columns, #codec.columns
  end
  local names = keys.sorted(codec.types or {})
  anchor.types = ffi.new("weir_csv_type[?]", math.max(1, #names))
  for i, name in ipairs(names) do
    anchor.types[i - 1].column = slice(name)
    anchor.types[i - 1].kind = CSV_KINDS[codec.types[name]]
  end
  options.types, options.type_count = anchor.types, #names
  anchor.names = names
  return options, anchor
end

local function new_csv(type_name, make, codec)
  local options, anchor = csv_options(codec)
  local out = ffi.new(type_name .. " *[1]")
  local rc = make(out, options)
  anchor.done = true
  if rc ~= 0 then
    error("csv: " .. ffi.string(C.weir_err_text(rc)), 0)
  end
  return out[0]
end

local decoders = {
  json = function(codec)
    return C.weir_json_decoder_new(codec.strict and 1 or 0)
  end,
  csv = function(codec)
    return new_csv("weir_decoder", C.weir_csv_decoder_new, codec)
  end,
  lines = function(codec)
    return C.weir_lines_decoder_new(codec.field)
  end,
  logfmt = function()
    return C.weir_logfmt_decoder_new()
  end,
  syslog = function(codec)
    cdef.load("engine/base/clock.h", "engine/codec/syslog.h")
    return C.weir_syslog_decoder_new(C.weir_clock_real(), (codec.zone or 0) * MINUTE_MS)
  end,
  pattern = function(codec)
    -- Loaded where it is used: most pipelines have no pattern, and all start up.
    local pattern = require("weir.native.pattern")
    local program, problem = require("weir.plan.patterns").compile(codec)
    if not program then
      error(problem, 0)
    end
    return pattern.decoder(pattern.new(program))
  end,
}
decoders.tsv = decoders.csv

local encoders = {
  json = function()
    return C.weir_json_encoder_new()
  end,
  csv = function(codec)
    return new_csv("weir_encoder", C.weir_csv_encoder_new, codec)
  end,
  lines = function(codec)
    return C.weir_lines_encoder_new(codec.field)
  end,
  logfmt = function()
    return C.weir_logfmt_encoder_new()
  end,
}
encoders.tsv = encoders.csv

--- A decoder of the engine; whoever is given it owns it. Raises what is wrong.
---@param codec table  as described
---@return ffi.cdata* weir_decoder
function M.decoder(codec)
  return decoders[codec.kind](codec)
end

--- An encoder likewise.
function M.encoder(codec)
  local make = encoders[codec.kind]
  if not make then
    error(("the %s codec reads only; write json, csv, lines or logfmt"):format(codec.kind), 0)
  end
  return make(codec)
end

return M
