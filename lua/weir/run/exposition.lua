--- Numbers as Prometheus reads them: its text format, version 0.0.4.
--
-- One list of families says what there is; the text and `weir help metrics` are made
-- from it. Names follow the conventions of Prometheus: base units, _total for what only
-- grows; the node is a label.

local keys = require("weir.lib.keys")

local M = {}

local STATES = { "running", "paused", "draining", "finished" }
local QUANTILES = { { "0.5", "p50" }, { "0.9", "p90" }, { "0.99", "p99" }, { "0.999", "p999" } }

-- A count that every node has, as a family.
local function of_nodes(name, member, help)
  return {
    name = name, type = "counter", labels = "pipeline, node, kind", help = help,
    add = function(snapshot, sample)
      for _, node in ipairs(snapshot.nodes) do
        sample({ { "node", node.name }, { "kind", node.kind } }, node[member])
      end
    end,
  }
end

local function of_edges(name, kind, member, help)
  return {
    name = name, type = kind, labels = "pipeline, from, port, to", help = help,
    add = function(snapshot, sample)
      for _, edge in ipairs(snapshot.edges) do
        sample({ { "from", edge.from }, { "port", edge.port }, { "to", edge.to } }, edge[member])
      end
    end,
  }
end

local function of_buffers(name, kind, member, help)
  return {
    name = name, type = kind, labels = "pipeline, node, kind", help = help,
    add = function(snapshot, sample)
      for _, node in ipairs(snapshot.nodes) do
        if node.buffer then
          sample({ { "node", node.name }, { "kind", node.kind } }, node.buffer[member])
        end
      end
    end,
  }
end

local function of_tasks(name, member, help)
  return {
    name = name, type = "counter", labels = "pipeline, task, kind", help = help,
    add = function(snapshot, sample)
      for _, task in ipairs(snapshot.tasks) do
        sample({ { "task", task.name }, { "kind", task.kind } }, task[member])
      end
    end,
  }
end

local function of_process(name, kind, help, value)
  return {
    name = name, type = kind, labels = "", bare = true, help = help,
    add = function(snapshot, sample)
      sample({}, value(snapshot))
    end,
  }
end

local function each_latency(snapshot, visit)
  for _, node in ipairs(snapshot.nodes) do
    if node.latency then
      visit({ "node", node.name }, node.latency)
    end
  end
end

local function with(label, name, value)
  return { label, { name, value } }
end

local function number(value)
  if value ~= value then
    return "NaN"
  elseif math.abs(value) == math.huge then
    return value > 0 and "+Inf" or "-Inf"
  end
  return (value % 1 == 0 and "%.0f" or "%.12g"):format(value)
end

local function add_histogram(snapshot, sample)
  each_latency(snapshot, function(label, latency)
    for _, bucket in ipairs(latency.buckets) do
      sample(with(label, "le", number(bucket.le)), bucket.count, "_bucket")
    end
    sample(with(label, "le", "+Inf"), latency.count, "_bucket")
    sample({ label }, latency.sum_s, "_sum")
    sample({ label }, latency.count, "_count")
  end)
end

M.families = {
  {
    name = "weir_pipeline_state", type = "gauge", labels = "pipeline, state",
    help = "1 for the state that the pipeline is in: running, paused, draining or finished.",
    add = function(snapshot, sample)
      for _, state in ipairs(STATES) do
        sample({ { "state", state } }, snapshot.state == state and 1 or 0)
      end
    end,
  },
  {
    name = "weir_uptime_seconds", type = "gauge", labels = "pipeline",
    help = "Time since the run began.",
    add = function(snapshot, sample)
      sample({}, snapshot.elapsed_s)
    end,
  },
  of_nodes("weir_records_received_total", "received",
    "Records that a stage, a buffer or a sink has taken."),
  of_nodes("weir_records_made_total", "made",
    "Records that a source has read, or a stage has made on top of what it took."),
  of_nodes("weir_records_sent_total", "sent",
    "Records that a node has sent on; those that a sink has written."),
  of_nodes("weir_records_filtered_total", "filtered",
    "Records that a filter has left out."),
  of_nodes("weir_records_absorbed_total", "absorbed",
    "Records that went into a group, or wait to be sorted."),
  of_nodes("weir_records_dead_total", "dead",
    "Records that failed at a node and became dead letters."),
  {
    name = "weir_records_dropped_total", type = "counter",
    labels = "pipeline, node, kind, reason",
    help = "Records that a node has let go, by reason, such as dropped_oldest or on_error.",
    add = function(snapshot, sample)
      for _, node in ipairs(snapshot.nodes) do
        for _, reason in ipairs(keys.sorted(node.dropped)) do
          sample({ { "node", node.name }, { "kind", node.kind }, { "reason", reason } },
            node.dropped[reason])
        end
      end
    end,
  },
  {
    name = "weir_errors_total", type = "counter", labels = "pipeline, node, code",
    help = "Dead letters by node and code, such as ESYNTAX.",
    add = function(snapshot, sample)
      for _, each in ipairs(snapshot.errors) do
        sample({ { "node", each.node }, { "code", each.code } }, each.count)
      end
    end,
  },
  {
    name = "weir_bytes_total", type = "counter", labels = "pipeline, node, kind",
    help = "Bytes that a source has read or a sink has written.",
    add = function(snapshot, sample)
      for _, node in ipairs(snapshot.nodes) do
        if node.bytes then
          sample({ { "node", node.name }, { "kind", node.kind } }, node.bytes)
        end
      end
    end,
  },
  {
    name = "weir_events_total", type = "counter", labels = "pipeline, node, event",
    help = "What a source or sink counts by itself, such as connections_refused.",
    add = function(snapshot, sample)
      for _, node in ipairs(snapshot.nodes) do
        for _, event in ipairs(keys.sorted(node.events or {})) do
          sample({ { "node", node.name }, { "event", event } }, node.events[event])
        end
      end
    end,
  },
  of_tasks("weir_busy_seconds_total", "busy_s",
    "Time that steps of a source, a segment of stages, a buffer or a sink took."),
  of_tasks("weir_steps_total", "steps", "How many steps that were."),
  of_edges("weir_edge_records_total", "counter", "sent", "Records sent from a task to a task."),
  of_edges("weir_edge_bytes_total", "counter", "bytes", "Bytes of the batches that carried them."),
  of_edges("weir_edge_batches_total", "counter", "batches", "How many batches that were."),
  of_edges("weir_edge_dropped_total", "counter", "dropped",
    "Records sent that were not taken, since nothing more was wanted."),
  of_edges("weir_edge_queue_records", "gauge", "held", "Records that wait on an edge."),
  of_edges("weir_edge_queue_records_max", "gauge", "held_max",
    "The most records that ever waited there."),
  {
    name = "weir_sink_waits", type = "gauge", labels = "pipeline, node",
    help = "1 while a sink waits for something that may pass, such as room on a disk.",
    add = function(snapshot, sample)
      for _, node in ipairs(snapshot.nodes) do
        if node.kind == "sink" then
          sample({ { "node", node.name } }, node.hindrance and 1 or 0)
        end
      end
    end,
  },
  of_buffers("weir_buffer_records", "gauge", "records", "Records that wait in a buffer."),
  of_buffers("weir_buffer_records_max", "gauge", "records_max", "The most that ever waited there."),
  of_buffers("weir_buffer_bytes", "gauge", "bytes", "Bytes of those that wait."),
  of_buffers("weir_buffer_disk_records", "gauge", "disk_records", "Records that wait on disk."),
  of_buffers("weir_buffer_disk_bytes", "gauge", "disk_bytes", "Bytes that they take there."),
  of_buffers("weir_buffer_spilled_records_total", "counter", "spilled",
    "Records that a buffer has put on disk."),
  {
    name = "weir_latency_seconds", type = "histogram", labels = "pipeline, node",
    help = "From when a record was read until a sink had written it.",
    add = add_histogram,
  },
  {
    name = "weir_latency_quantile_seconds", type = "gauge", labels = "pipeline, node, quantile",
    help = "Quantiles of that over the last half to whole minute, to two digits.",
    add = function(snapshot, sample)
      each_latency(snapshot, function(label, latency)
        for _, each in ipairs(QUANTILES) do
          sample(with(label, "quantile", each[1]), latency[each[2]])
        end
      end)
    end,
  },
  of_process("weir_memory_bytes", "gauge", "What the engine and its Lua states hold.",
    function(snapshot) return snapshot.memory.used end),
  of_process("weir_memory_peak_bytes", "gauge", "The most that they ever held.",
    function(snapshot) return snapshot.memory.peak end),
  of_process("weir_memory_limit_bytes", "gauge", "What they may hold; 0 without a limit.",
    function(snapshot) return snapshot.memory.limit end),
  of_process("process_resident_memory_bytes", "gauge", "What the process has in memory.",
    function(snapshot) return snapshot.memory.resident end),
  of_process("process_cpu_seconds_total", "counter", "Time of all cores that it took.",
    function(snapshot) return snapshot.cpu_s end),
  of_process("process_start_time_seconds", "gauge", "When it began, since 1970.",
    function(snapshot) return snapshot.start_time_s end),
}

local ESCAPES = { ["\\"] = "\\\\", ["\n"] = "\\n", ['"'] = '\\"' }

local function labels_of(labels)
  local parts = {}
  for i, label in ipairs(labels) do
    parts[i] = ('%s="%s"'):format(label[1], (label[2]:gsub('[\\\n"]', ESCAPES)))
  end
  return #parts > 0 and "{" .. table.concat(parts, ",") .. "}" or ""
end

--- The text, ending in a newline. A family that has nothing to say is left out.
---@param snapshot table  of weir.run.metrics
function M.text(snapshot)
  local out = {}
  for _, family in ipairs(M.families) do
    local lines = {}
    family.add(snapshot, function(labels, value, suffix)
      local all = family.bare and labels or { { "pipeline", snapshot.pipeline }, unpack(labels) }
      lines[#lines + 1] = ("%s%s%s %s"):format(family.name, suffix or "", labels_of(all),
        number(value))
    end)
    if #lines > 0 then
      out[#out + 1] = ("# HELP %s %s"):format(family.name, family.help)
      out[#out + 1] = ("# TYPE %s %s"):format(family.name, family.type)
      out[#out + 1] = table.concat(lines, "\n")
    end
  end
  return table.concat(out, "\n") .. "\n"
end

return M
