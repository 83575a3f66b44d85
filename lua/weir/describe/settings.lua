--- weir.options: settings of the whole pipeline.

local errors = require("weir.lib.errors")
local graph = require("weir.describe.graph")
local options = require("weir.lib.options")

local M = {}

-- A whole number counts records; below 1 it is a share of them.
options.define("error_limit", function(value)
  if type(value) == "number" and value >= 0 and value % 1 == 0 then
    return { count = value }
  end
  local share = options.kind("share")(value)
  return share and { share = share }, 'a number of records or a share such as 0.01 or "1%"'
end)

--- What max_memory is unless somebody says otherwise, in bytes.
M.MEMORY_MAX = 512 * 2 ^ 20

local spec = {
  max_memory = { kind = "size", default = M.MEMORY_MAX },
  workers = { kind = "integer", min = 1, max = 256 },
  ordered = { kind = "boolean", default = true },
  on_error = { kind = "on_error", default = "dead_letter" },
  max_errors = { kind = "error_limit" },
  drain_timeout = { kind = "duration", default = "30s" },
  state_dir = { kind = "string" },
  max_starvation = { kind = "duration", default = "1s" },
}

--- Sets options of the pipeline; once in a script.
function M.options(given)
  local where = errors.where()
  local building = graph.current("weir.options")
  if building.options_where then
    errors.raise(where, "weir.options: was called at %s already", building.options_where)
  end
  building.options_where = where
  building.graph.options = options.check(spec, given, { subject = "weir.options", where = where })
end

graph.on_finish(function(done)
  local graph_options = done.graph.options
    or options.check(spec, {}, { subject = "weir.options", where = done.graph.pipeline })
  done.graph.options = graph_options
end)

M.docs = {
  {
    name = "options",
    group = "script",
    signature = 'weir.options{ max_memory = "512MiB", workers, ordered = true,'
      .. ' on_error = "dead_letter", max_errors, drain_timeout = "30s", max_starvation = "1s",'
      .. " state_dir }",
    summary = "Settings of the whole pipeline, each also a flag (--max-memory). on_error is what"
      .. " stages do with a record that fails: \"dead_letter\", \"skip\", \"stop\", or"
      .. " fn(err, r), whose result replaces it. Above max_errors, a number of records or a"
      .. " share of them, the run stops. With ordered = false, several workers send records on"
      .. " as they are done: merge takes whatever is there, groups stand in any order, and what"
      .. " hangs on the order (take, skip, first, last, the ties of a sort, the last digits of"
      .. " a sum of fractions) may come out otherwise.",
    body = [[

    state_dir   where buffers that spill, and positions of sources, are kept; else that of
                systemd (STATE_DIRECTORY), $XDG_STATE_HOME/weir, ~/.local/state/weir]],
    shape = "-> nothing",
    units = "max_memory: bytes; drain_timeout: how long a stop waits for what is under way;"
      .. " max_starvation: how long what is urgent may keep others waiting (see priority).",
    errors = "A second call is refused.",
    cost = "None.",
    example = [[
weir.options{ on_error = "skip", max_errors = "1%" }
weir.from "access.jsonl" :filter "status >= 500" :to "errors.jsonl"]],
    input = { { status = 500 } },
    output = { { status = 500 } },
  },
  {
    name = "value",
    group = "script",
    signature = "weir.value(v)",
    summary = "A constant where an expression may stand. A text alone would be read as one.",
    shape = "-> expr",
    errors = "None.",
    cost = "None.",
    example = [[
weir.from "access.jsonl" :set{ env = weir.value "prod" } :to "marked.jsonl"]],
    input = { { status = 200 } },
    output = { { status = 200, env = "prod" } },
  },
}

return M
