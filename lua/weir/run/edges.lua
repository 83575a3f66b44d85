--- What a snapshot says of edges, and of nodes by them: what waits before them, for how
-- long, and what they have sent.
--
--     local list = edges.distinct(ledger.edges)
--     edges.show(snapshot, list, meter, of)

local cdef = require("weir.cdef")

local C = cdef.load("engine/sched/edge.h")

local M = {}

local GROWING = { "sent", "received", "dropped", "bytes", "batches" }
local COUNTS = { "sent", "received", "dropped", "bytes", "batches", "held", "held_max" }

-- A stream may be merged with itself: then two edges are one for whoever looks.
local function distinct(lines)
  local out, of = {}, {}
  for _, edge in ipairs(lines) do
    local key = ("%s.%s to %s"):format(edge.from, edge.port, edge.to)
    local same = of[key]
    for _, count in ipairs(same and COUNTS or {}) do
      same.edge[count] = same.edge[count] + edge[count]
    end
    if not same then
      same = { key = key, edge = edge, places = {} }
      of[key], out[#out + 1] = same, same
    end
    same.places[#same.places + 1], edge.at = edge.at, nil
  end
  return out
end

-- How long records waited there that were taken.
local function waited(meter, each)
  return meter.latency:of("edge " .. each.key, meter.now_ms, function(histogram)
    local any = false
    for _, at in ipairs(each.places) do
      any = C.weir_edge_add_waits(meter.engine.edges[at], histogram) ~= 0 or any
    end
    return any
  end)
end

-- What waits before a node waits on its edges, the longest on one of them.
local function add_queue(node, edge)
  node.queue = (node.queue or 0) + edge.held
  node.queue_max = (node.queue_max or 0) + edge.held_max
  if edge.waited and not (node.waited and node.waited.p99 >= edge.waited.p99) then
    node.waited = edge.waited
  end
end

--- Adds the edges to a snapshot, and what they say of its nodes.
---@param snapshot table
---@param lines table[]  of a ledger
---@param meter table    of weir.run.metrics
---@param of table<string, table>  the snapshot's nodes by name
function M.show(snapshot, lines, meter, of)
  local book = meter.book
  for i, each in ipairs(distinct(lines)) do
    local edge, key = each.edge, each.key
    snapshot.edges[i] = edge
    for _, count in ipairs(GROWING) do
      edge[count] = book:steady(count .. " " .. key, edge[count])
    end
    edge.rate = book:rate("edge " .. key, edge.sent)
    edge.byte_rate = book:rate("bytes " .. key, edge.bytes)
    edge.waited = waited(meter, each)
    if of[edge.reader] then
      add_queue(of[edge.reader], edge)
    end
  end
end

--- Bytes by the task that has sent them on. Who reads the same port is sent the same batches.
---@param list table[]  a snapshot's edges
---@return table<string, number>
function M.bytes_sent(list)
  local sent, seen = {}, {}
  for _, edge in ipairs(list) do
    local port = edge.from .. "." .. edge.port
    if not edge.aside and not seen[port] then
      seen[port], sent[edge.from] = true, (sent[edge.from] or 0) + edge.bytes
    end
  end
  return sent
end

return M
