--- A table of what a run is doing, for people: node by node, rates, losses, queues.
--
--     weir 12.0 s, running: 14,200,000 records read (1.18 M/s), 2,000 written, 1 dead
--     node           out   in/s  out/s  1m/s  dead  queue   busy  p50   p99
--     access.jsonl 14.2M  1.18M  1.18M  1.1M     1      -   45 %    -     -
--     ...

local human = require("weir.cli.human")
local layout = require("weir.cli.table")

local M = {}

local NUMBER_WIDTH = 5 -- of the longest that human.lua writes where there is little room

local function some(value, write)
  return value and value ~= 0 and write(value) or "-"
end

local function percent(share)
  return ("%.0f%%"):format(share * 100)
end

--- Records that a node has let go, whatever the reason.
function M.dropped(node)
  local sum = 0
  for _, count in pairs(node.dropped) do
    sum = sum + count
  end
  return sum
end

-- Of a source what it has not read, of others for how long the oldest record waits there.
local function lag(node)
  local of = node.lag or {}
  return of.bytes and some(of.bytes, human.short_bytes)
    or of.seconds and some(of.seconds, human.latency) or "-"
end

local function latency(name)
  return function(node)
    return node.latency and human.latency(node.latency[name]) or "-"
  end
end

-- What a column shows of a node. optional: it goes where all have "-". rank: where the
-- window is narrow, the greatest goes first.
local COLUMNS = {
  { title = "node", of = function(node) return node.name end },
  { title = "out", rank = 1, of = function(node) return some(node.sent, human.short) end },
  { title = "in/s", of = function(node) return some(node.in_rate.s, human.short) end },
  { title = "out/s", of = function(node) return some(node.out_rate.s, human.short) end },
  { title = "1m/s", rank = 5, of = function(node) return some(node.out_rate.m, human.short) end },
  { title = "B/s", rank = 9, optional = true,
    of = function(node) return some((node.byte_rate or {}).s, human.short_bytes) end },
  { title = "lost", optional = true,
    of = function(node) return some(M.dropped(node), human.short) end },
  { title = "dead", optional = true, of = function(node) return some(node.dead, human.short) end },
  { title = "held", optional = true, rank = 2,
    of = function(node) return some(node.held, human.short) end },
  { title = "queue", optional = true,
    of = function(node) return some(node.queue, human.short) end },
  { title = "most", optional = true, rank = 6,
    of = function(node) return some(node.queue_max, human.short) end },
  { title = "lag", optional = true, rank = 4, of = lag },
  { title = "wait", optional = true, rank = 10,
    of = function(node) return some((node.waited or {}).p99, human.latency) end },
  { title = "busy", of = function(node) return some(node.busy_share, percent) end },
  { title = "p50", optional = true, rank = 3, of = latency("p50") },
  { title = "p90", optional = true, rank = 8, of = latency("p90") },
  { title = "p99", optional = true, of = latency("p99") },
  { title = "p99.9", optional = true, rank = 7, of = latency("p999") },
}

local function has_something(column, nodes)
  for _, node in ipairs(nodes) do
    if column.of(node) ~= "-" then
      return true
    end
  end
  return false
end

-- A column that has been there once stays, and none becomes narrower, so that what is
-- printed again and again stands still.
local function shown_columns(nodes, kept)
  local shown = {}
  for _, column in ipairs(COLUMNS) do
    kept[column] = kept[column] or not column.optional or has_something(column, nodes)
    if kept[column] then
      local is_number = column.title ~= "node"
      shown[#shown + 1] = {
        title = column.title, of = column.of, rank = column.rank, right = is_number,
        least = is_number and NUMBER_WIDTH or nil,
      }
    end
  end
  return shown
end

local function lines_of(columns, nodes, width)
  local rows = {}
  for i, node in ipairs(nodes) do
    rows[i] = {}
    for k, column in ipairs(columns) do
      rows[i][k] = column.of(node)
    end
  end
  return layout.lines(columns, rows, width)
end

-- The place of the column that is missed least, or nil.
local function least(columns)
  local found
  for i, column in ipairs(columns) do
    if column.rank and not (found and columns[found].rank > column.rank) then
      found = i
    end
  end
  return found
end

local function widest(lines)
  local width = 0
  for _, line in ipairs(lines) do
    width = math.max(width, layout.width_of(line))
  end
  return width
end

--- The lines of the table, its title first; none is wider than that, unless there is no
-- room for anything.
---@param snapshot table  of weir.run.metrics
---@param width number
---@param kept table?  the columns of the last time
function M.lines(snapshot, width, kept)
  local columns = shown_columns(snapshot.nodes, kept or {})
  local lines = lines_of(columns, snapshot.nodes, width)
  while widest(lines) > width and least(columns) do
    table.remove(columns, least(columns))
    lines = lines_of(columns, snapshot.nodes, width)
  end
  if widest(lines) > width then
    for _, column in ipairs(columns) do
      column.least = nil
    end
    lines = lines_of(columns, snapshot.nodes, width)
  end
  return lines
end

--- What stands above it; a short one where there is little room.
function M.headline(snapshot, brush, is_short)
  local dead = snapshot.dead > 0
    and ", " .. brush("bad", human.count(snapshot.dead) .. " dead") or ""
  local read, rate = snapshot.read, human.rate(snapshot.read.rate.s)
  return ("%s, %s: %s, %s written%s"):format(human.duration_ms(snapshot.elapsed_s * 1000),
    brush(snapshot.state == "running" and "good" or "title", snapshot.state),
    is_short and ("%s read, %s"):format(human.short(read.records), rate)
      or ("%s read (%s, %s/s)"):format(human.plural(read.records, "record"), rate,
        human.bytes(read.byte_rate.s)),
    is_short and human.short(snapshot.written.records) or human.count(snapshot.written.records),
    dead)
end

-- Of what nothing can come, or to what nothing can go, and why.
local function add_hindrances(out, snapshot, width, brush)
  for _, node in ipairs(snapshot.nodes) do
    local text = node.hindrance and ("%s waits: %s"):format(node.name, node.hindrance)
    for _, line in ipairs(text and layout.wrapped(text, width) or {}) do
      out[#out + 1] = brush("bad", line)
    end
  end
end

--- All of it, ending in an empty line.
---@param snapshot table
---@param width number
---@param brush fun(kind: string, text: string): string
---@param kept table?  the columns of the last time
function M.text(snapshot, width, brush, kept)
  local out = { M.headline(snapshot, brush) }
  for i, line in ipairs(M.lines(snapshot, width, kept)) do
    out[#out + 1] = i == 1 and brush("faint", line) or line
  end
  add_hindrances(out, snapshot, width, brush)
  return table.concat(out, "\n") .. "\n\n"
end

return M
