--- Programs as sources and sinks: from what a script described to those of the engine.

local cdef = require("weir.cdef")
local codecs = require("weir.run.codecs")
local ffi = require("ffi")
local retries = require("weir.run.retries")

local C = cdef.load(
  "engine/base/clock.h",
  "engine/io/exec_relay.h",
  "engine/io/exec_sink.h",
  "engine/io/exec_source.h"
)

local M = {}

-- The second result is to live as long as the first is looked at.
local function command_options(described, context)
  local count = #described.command
  local arguments = ffi.new("const char *[?]", count, described.command)
  local options = ffi.new("weir_command_options")
  options.arguments, options.argument_count = arguments, count
  options.restarts = described.restart == false and 0 or 1
  options.grace_ns = described.stop_timeout_ns or 5e9
  options.patient = retries.fill(options.retries, described.retries) and 1 or 0
  options.clock = context and context.clock or C.weir_clock_real()
  return options, { arguments, described }
end

--- The code, and where the source was put.
function M.source(described, context)
  local options, anchor = command_options(described, context)
  local out = ffi.new("weir_source *[1]")
  local decoder = codecs.decoder(described.codec)
  local rc = C.weir_exec_source_new(out, options, decoder, described.max_record_bytes or 0)
  return rc, out, anchor
end

--- Likewise for a sink.
function M.sink(described, context)
  local options, anchor = command_options(described, context)
  local out = ffi.new("weir_sink *[1]")
  local rc = C.weir_exec_sink_new(out, options, codecs.encoder(described.codec))
  return rc, out, anchor
end

--- What takes records and gives others back; the flow takes it over.
function M.relay(described, context)
  local command, anchor = command_options(described, context)
  local options, out = ffi.new("weir_exec_relay_options"), ffi.new("weir_relay *[1]")
  options.command = command
  local codec = described.codec
  options.encoder, options.decoder = codecs.encoder(codec), codecs.decoder(codec)
  options.max_record = described.max_record_bytes
  options.answers = described.answers == "each" and C.WEIR_ANSWERS_EACH or C.WEIR_ANSWERS_ANY
  C.weir_exec_relay_new(out, options)
  anchor.done = true
  return out[0]
end

return M
