--- Numbers as Prometheus reads them: its text format, version 0.0.4.
--
-- One list of families says what there is; the text and `weir help metrics` are made
-- from it. Names follow the conventions of Prometheus: base units, _total for what only
-- grows; the node is a label.

local keys = require("weir.lib.keys")

local M = {}

local STATES = { "running", "paused", "draining", "finished" }
local QUANTILES = { { "0.5", "p50" }, { "0.9", "p90" }, { "0.99", "p99" }, { "0.999", "p999" } }

local function number(value)
  if value ~= value then
    return "NaN"
  elseif math.abs(value) == math.huge then
    return value > 0 and "+Inf" or "-Inf"
  end
  return (value % 1 == 0 and "%.0f" or "%.12g"):format(value)
end

-- --- what there are numbers of
--
-- scopes[name] = { labels, each }: each(snapshot, visit) calls visit(numbers, ...) with a
-- table of numbers and the values of its labels.

local scopes = {}

local function scope(name, labels, each, bare)
  scopes[name] = { labels = labels, each = each, bare = bare }
end

-- What each node has by names, which are a label: { [name] = count }.
local function by_name(name, member)
  scope(name, { "node", "kind", name }, function(snapshot, visit)
    for _, node in ipairs(snapshot.nodes) do
      for _, key in ipairs(keys.sorted(node[member] or {})) do
        visit({ count = node[member][key] }, node.name, node.kind, key)
      end
    end
  end)
end

-- What some nodes have as a table of its own, or all of them, themselves.
local function of_nodes(name, member)
  scope(name, { "node", "kind" }, function(snapshot, visit)
    for _, node in ipairs(snapshot.nodes) do
      local numbers = not member and node or node[member]
      if numbers then
        visit(numbers, node.name, node.kind)
      end
    end
  end)
end

local function of_list(name, labels, list, members)
  scope(name, labels, function(snapshot, visit)
    for _, each in ipairs(snapshot[list]) do
      visit(each, each[members[1]], each[members[2]], each[members[3]])
    end
  end)
end

-- Of the ends of one kind, whether they wait.
local function of_ends(kind)
  scope(kind, { "node" }, function(snapshot, visit)
    for _, node in ipairs(snapshot.nodes) do
      if node.kind == kind then
        visit({ waits = node.hindrance and 1 or 0 }, node.name)
      end
    end
  end)
end

of_ends("source")
of_ends("sink")
scope("pipeline", {}, function(snapshot, visit)
  visit(snapshot)
end)
scope("state", { "state" }, function(snapshot, visit)
  for _, state in ipairs(STATES) do
    visit({ is = snapshot.state == state and 1 or 0 }, state)
  end
end)
of_nodes("node")
of_nodes("buffer", "buffer")
of_nodes("lag", "lag")
by_name("reason", "dropped")
by_name("event", "events")
by_name("level", "levels")
of_list("error", { "node", "code" }, "errors", { "node", "code" })
of_list("task", { "task", "kind" }, "tasks", { "name", "kind" })
of_list("edge", { "from", "port", "to" }, "edges", { "from", "port", "to" })

-- Stages that hand on with another one have what that one has.
scope("latency", { "node" }, function(snapshot, visit)
  for _, node in ipairs(snapshot.nodes) do
    if node.latency and not node.latency.with then
      visit(node.latency, node.name)
    end
  end
end)
scope("waited", { "from", "port", "to" }, function(snapshot, visit)
  for _, edge in ipairs(snapshot.edges) do
    if edge.waited then
      visit(edge.waited, edge.from, edge.port, edge.to)
    end
  end
end)
scope("memory", {}, function(snapshot, visit)
  visit(snapshot.memory)
end, true)
scope("process", {}, function(snapshot, visit)
  visit(snapshot)
end, true)

-- --- the families: name, type, what it is of, which of its numbers, help

local LIST = {
  { "weir_pipeline_state", "gauge", "state", "is",
    "1 for the state that the pipeline is in: running, paused, draining or finished." },
  { "weir_uptime_seconds", "gauge", "pipeline", "elapsed_s", "Time since the run began." },
  { "weir_records_received_total", "counter", "node", "received",
    "Records that a stage, a buffer or a sink has taken." },
  { "weir_records_made_total", "counter", "node", "made",
    "Records that a source has read, or a stage has made on top of what it took." },
  { "weir_records_sent_total", "counter", "node", "sent",
    "Records that a node has sent on; those that a sink has written." },
  { "weir_records_filtered_total", "counter", "node", "filtered",
    "Records that a filter has left out." },
  { "weir_records_absorbed_total", "counter", "node", "absorbed",
    "Records that went into a group, or wait to be sorted." },
  { "weir_records_dead_total", "counter", "node", "dead",
    "Records that failed at a node and became dead letters." },
  { "weir_records_dropped_total", "counter", "reason", "count",
    "Records that a node has let go, by reason, such as dropped_oldest or on_error." },
  { "weir_keys_forgotten_total", "counter", "node", "forgotten",
    "Keys that dedup or throttle gave up before their time, to stay within max_keys." },
  { "weir_errors_total", "counter", "error", "count",
    "Dead letters by node and code, such as ESYNTAX." },
  { "weir_bytes_total", "counter", "node", "bytes",
    "Bytes that a source has read, a sink has written, or another node has sent on. Of a stage"
      .. " inside a segment, where nothing is written, its records times what some of them"
      .. " weigh, looked at now and then; missing while it has let none of those go." },
  { "weir_events_total", "counter", "event", "count",
    "What a source or sink counts by itself, such as connections_reset." },
  { "weir_level", "gauge", "level", "count",
    "How something stands at a source or sink now, such as files_followed." },
  { "weir_lag_bytes", "gauge", "lag", "bytes",
    "Bytes that are there and have not been read: of files, where their length is known." },
  { "weir_lag_seconds", "gauge", "lag", "seconds",
    "Since when the oldest record that waits before a node, or is at work there, has been"
      .. " in the run; 0 where none is." },
  { "weir_node_busy_seconds_total", "counter", "node", "busy_s",
    "Time that a node took, without that in which a source waits for what comes. Stages that"
      .. " share a segment share its time, by samples." },
  { "weir_busy_seconds_total", "counter", "task", "busy_s",
    "Time that steps of a source, a segment of stages, a buffer or a sink took, likewise." },
  { "weir_steps_total", "counter", "task", "steps", "How many steps that were." },
  { "weir_edge_records_total", "counter", "edge", "sent", "Records sent from a task to a task." },
  { "weir_edge_bytes_total", "counter", "edge", "bytes",
    "Bytes of the batches that carried them." },
  { "weir_edge_batches_total", "counter", "edge", "batches", "How many batches that were." },
  { "weir_edge_dropped_total", "counter", "edge", "dropped",
    "Records sent that were not taken, since nothing more was wanted." },
  { "weir_edge_queue_records", "gauge", "edge", "held", "Records that wait on an edge." },
  { "weir_edge_queue_records_max", "gauge", "edge", "held_max",
    "The most records that ever waited there." },
  { "weir_edge_wait_seconds", "summary", "waited", "quantiles",
    "How long records waited there that were taken: quantiles over the last half to whole"
      .. " minute, to two digits." },
  { "weir_source_waits", "gauge", "source", "waits",
    "1 while nothing can come of a source, as no file is there yet, or no peer." },
  { "weir_sink_waits", "gauge", "sink", "waits",
    "1 while a sink waits for something that may pass, such as room on a disk." },
  { "weir_buffer_records", "gauge", "buffer", "records", "Records that wait in a buffer." },
  { "weir_buffer_records_max", "gauge", "buffer", "records_max",
    "The most that ever waited there." },
  { "weir_buffer_bytes", "gauge", "buffer", "bytes", "Bytes of those that wait." },
  { "weir_buffer_disk_records", "gauge", "buffer", "disk_records",
    "Records that wait on disk." },
  { "weir_buffer_disk_bytes", "gauge", "buffer", "disk_bytes", "Bytes that they take there." },
  { "weir_buffer_spilled_records_total", "counter", "buffer", "spilled",
    "Records that a buffer has put on disk." },
  { "weir_latency_seconds", "histogram", "latency", "buckets",
    "From when a record was read until a node had handed it on, or a sink had written it."
      .. " Stages that share a segment hand on together, so the last one's is theirs too. What"
      .. " is dropped or dies has none, nor what is made of nothing or of all that came, as by"
      .. " aggregate; what a program between gives is new." },
  { "weir_latency_quantile_seconds", "summary", "latency", "quantiles",
    "Quantiles of that over the last half to whole minute, to two digits." },
  { "weir_memory_bytes", "gauge", "memory", "used", "What the engine and its Lua states hold." },
  { "weir_memory_peak_bytes", "gauge", "memory", "peak", "The most that they ever held." },
  { "weir_memory_limit_bytes", "gauge", "memory", "limit",
    "What they may hold; 0 without a limit." },
  { "process_resident_memory_bytes", "gauge", "memory", "resident",
    "What the process has in memory." },
  { "process_cpu_seconds_total", "counter", "process", "cpu_s", "Time of all cores that it took." },
  { "process_start_time_seconds", "gauge", "process", "start_time_s",
    "When it began, since 1970." },
}

M.families = {}

for i, each in ipairs(LIST) do
  local of = scopes[each[3]]
  local labels = of.bare and {} or { "pipeline", unpack(of.labels) }
  labels[#labels + 1] = each[2] == "summary" and "quantile" or nil
  M.families[i] = { name = each[1], type = each[2], of = of, member = each[4], help = each[5],
    labels = table.concat(labels, ", ") }
end

-- --- the text

local ESCAPES = { ["\\"] = "\\\\", ["\n"] = "\\n", ['"'] = '\\"' }

-- Names of nodes, reasons and the like: few, and told again and again.
local written = {}

local function label(name, value)
  local of = written[name] or {}
  written[name] = of
  of[value] = of[value] or ('%s="%s"'):format(name, (value:gsub('[\\\n"]', ESCAPES)))
  return of[value]
end

local function braced(labels)
  return #labels > 0 and "{" .. table.concat(labels, ",") .. "}" or ""
end

local function add_histogram(lines, name, numbers, labels)
  local at = #labels + 1
  for i = 1, #numbers.buckets + 1 do
    local bucket = numbers.buckets[i] or { le = math.huge, count = numbers.count }
    labels[at] = label("le", number(bucket.le))
    lines[#lines + 1] = ("%s_bucket%s %s"):format(name, braced(labels), number(bucket.count))
  end
  labels[at] = nil
  lines[#lines + 1] = ("%s_sum%s %s"):format(name, braced(labels), number(numbers.sum_s))
  lines[#lines + 1] = ("%s_count%s %s"):format(name, braced(labels), number(numbers.count))
end

local function add_summary(lines, name, numbers, labels)
  local at = #labels + 1
  for _, each in ipairs(QUANTILES) do
    labels[at] = label("quantile", each[1])
    lines[#lines + 1] = ("%s%s %s"):format(name, braced(labels), number(numbers[each[2]]))
  end
  labels[at] = nil
  lines[#lines + 1] = ("%s_sum%s %s"):format(name, braced(labels), number(numbers.sum_s))
  lines[#lines + 1] = ("%s_count%s %s"):format(name, braced(labels), number(numbers.count))
end

-- What a number is not known of is left out.
local function lines_of(family, snapshot)
  local lines, of = {}, family.of
  of.each(snapshot, function(numbers, ...)
    local labels = { not of.bare and label("pipeline", snapshot.pipeline) or nil }
    for i, name in ipairs(of.labels) do
      labels[#labels + 1] = label(name, (select(i, ...)))
    end
    local value = numbers[family.member]
    if family.type == "histogram" then
      add_histogram(lines, family.name, numbers, labels)
    elseif family.type == "summary" then
      add_summary(lines, family.name, numbers, labels)
    elseif value then
      lines[#lines + 1] = ("%s%s %s"):format(family.name, braced(labels), number(value))
    end
  end)
  return lines
end

--- The text, ending in a newline. A family that has nothing to say is left out.
---@param snapshot table  of weir.run.metrics
function M.text(snapshot)
  local out = {}
  for _, family in ipairs(M.families) do
    local lines = lines_of(family, snapshot)
    if #lines > 0 then
      out[#out + 1] = ("# HELP %s %s"):format(family.name, family.help)
      out[#out + 1] = ("# TYPE %s %s"):format(family.name, family.type)
      out[#out + 1] = table.concat(lines, "\n")
    end
  end
  return table.concat(out, "\n") .. "\n"
end

return M
