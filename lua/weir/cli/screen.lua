--- A screen of `weir top`: what a run is doing, as lines that fit a window.
--
-- Pure: from a snapshot, what was before it, the window, and what the keys have chosen.

local human = require("weir.cli.human")
local keys = require("weir.lib.keys")
local layout = require("weir.cli.table")
local spark = require("weir.cli.spark")
local stats = require("weir.cli.stats")

local M = {}

local SPARK_MIN, SPARK_MAX, TABLE = 10, 40, 90
local MARK = 2 -- columns before a row
local HOT = 0.9 -- of a core

--- The orders of rows; the first is that of the pipeline.
M.orders = {
  { name = "pipeline" },
  { name = "rate", by = function(node) return node.out_rate.s end },
  { name = "busy", by = function(node) return node.busy_share or 0 end },
  { name = "queue", by = function(node) return (node.queue or 0) + (node.held or 0) end },
  { name = "lost", by = function(node) return stats.dropped(node) + node.dead end },
}

--- The nodes in such an order, greatest first; equal ones as in the pipeline.
function M.sorted(nodes, order)
  local out, at = {}, {}
  for i, node in ipairs(nodes) do
    out[i], at[node] = node, i
  end
  if order.by then
    table.sort(out, function(a, b)
      local x, y = order.by(a), order.by(b)
      return x > y or x == y and at[a] < at[b]
    end)
  end
  return out
end

-- A text that a terminal shows as it is, and no wider than so many columns.
local function clipped(text, width)
  text = text:gsub("[%z\1-\31\127]", " "):gsub("\194[\128-\159]", " ")
  if layout.width_of(text) <= width then
    return text
  end
  local kept, columns = {}, 0
  for char in text:gmatch("[%z\1-\127\194-\244][\128-\191]*") do
    columns = columns + 1
    if columns >= width then
      break
    end
    kept[#kept + 1] = char
  end
  return table.concat(kept) .. "…"
end

local function padded(text, width)
  return text .. (" "):rep(width - layout.width_of(text))
end

-- --- its parts

local function plain(_, text)
  return text
end

local function headline(snapshot, screen, view)
  local place = #(view.runs or {}) > 1 and (" %d of %d"):format(view.at, #view.runs) or ""
  local is_short = layout.width_of(snapshot.pipeline .. place .. "  "
    .. stats.headline(snapshot, plain)) > screen.width
  return screen.brush("title", snapshot.pipeline) .. screen.brush("faint", place) .. "  "
    .. stats.headline(snapshot, screen.brush, is_short)
end

local function head(snapshot, screen, view)
  local memory = snapshot.memory
  local process = memory and ("%s of memory%s  %d worker%s"):format(human.bytes(memory.used),
    memory.limit > 0 and " of " .. human.bytes(memory.limit) or "", snapshot.workers,
    snapshot.workers == 1 and "" or "s")
  if process and view.cpu_share then
    process = ("%.0f%% of a core  "):format(view.cpu_share * 100) .. process
  end
  return { headline(snapshot, screen, view),
    process and screen.brush("faint", process) or nil, "" }
end

-- What deserves a colour more than others.
local function kind_of(node, is_chosen)
  return is_chosen and "chosen" or node.hindrance and "bad"
    or (node.busy_share or 0) >= HOT and "hot" or nil
end

-- One line a node, behind the line of titles.
local function rows(nodes, history, screen, view)
  local bars = math.min(SPARK_MAX, math.max(SPARK_MIN, screen.width - TABLE - MARK - 2))
  local lines = stats.lines({ nodes = nodes }, screen.width - bars - MARK - 2, view.kept)
  local widest = 0
  for _, line in ipairs(lines) do
    widest = math.max(widest, layout.width_of(line))
  end
  local out = { "  " .. screen.brush("faint", lines[1]) }
  for i, node in ipairs(nodes) do
    local is_chosen = node.name == view.chosen
    local text = padded(lines[i + 1], widest)
    local kind = kind_of(node, is_chosen)
    out[i + 1] = (is_chosen and (screen.plain and "> " or "› ") or "  ")
      .. (kind and screen.brush(kind, text) or text)
      .. "  " .. spark.line(history[node.name] or {}, bars, screen.plain)
  end
  return out
end

local function troubles(snapshot, screen)
  local out = {}
  for _, node in ipairs(snapshot.nodes) do
    if node.hindrance then
      out[#out + 1] = screen.brush("bad", node.name .. " waits")
      for _, line in ipairs(layout.wrapped(node.hindrance, screen.width - 2)) do
        out[#out + 1] = "  " .. line
      end
    end
  end
  for _, each in ipairs(snapshot.errors or {}) do
    local text = ("  %s x %s"):format(each.node, human.count(each.count))
    if each.reason then
      text = text .. ": " .. each.reason
    end
    out[#out + 1] = screen.brush("bad", each.code)
      .. clipped(text, screen.width - layout.width_of(each.code))
  end
  return out
end

local function add_counts(words, counts, form)
  for _, name in ipairs(keys.sorted(counts or {})) do
    if counts[name] ~= 0 then
      words[#words + 1] = form:format(human.count(counts[name]), (name:gsub("_", " ")))
    end
  end
end

local function times_of(words, times)
  for _, quantile in ipairs(times and { "p50", "p90", "p99", "p99.9" } or {}) do
    words[#words + 1] = quantile .. " " .. human.latency(times[(quantile:gsub("%.", ""))])
  end
  return table.concat(words, ", ")
end

-- What the table has no room for, of the node that is chosen.
local function details(node, screen)
  if not node then
    return {}
  end
  local words = { node.kind }
  if node.byte_rate then
    words[#words + 1] = ("%s/s"):format(human.bytes(node.byte_rate.s))
  end
  add_counts(words, node.dropped, "%s %s")
  add_counts(words, { filtered = node.filtered, absorbed = node.absorbed,
    keys_forgotten = node.forgotten }, "%s %s")
  add_counts(words, node.levels, "%s %s")
  add_counts(words, node.events, "%s %s")
  if node.buffer then
    words[#words + 1] = ("%s in memory, at most %s records"):format(human.bytes(node.buffer.bytes),
      human.count(node.buffer.records_max))
    if node.buffer.disk_bytes > 0 then
      words[#words + 1] = human.bytes(node.buffer.disk_bytes) .. " on disk"
    end
  end
  local lines = { clipped("  " .. table.concat(words, ", "), screen.width) }
  if node.waited then
    lines[2] = clipped("  " .. times_of({ "waited before it" }, node.waited), screen.width)
  end
  return lines
end

-- The records that were seen last, the newest one below.
local function tapped(view, screen, room)
  local tap = view.tap
  if not tap or room < 2 then
    return {}
  end
  local title = ("%s, %s passed"):format(tap.node, human.count(tap.passed))
  local out = { screen.brush("title", tap.message or title) }
  for i = math.max(1, #tap.records - room + 2), #tap.records do
    out[#out + 1] = clipped(tap.records[i], screen.width)
  end
  return out
end

-- What the keys do now.
local function words_of_keys(snapshot, screen, view)
  local words = {
    { "q", "quit" },
    { "p", snapshot.state == "paused" and "go on" or "pause" },
    { "s", "sort: " .. (view.order or M.orders[1]).name },
    { screen.plain and "jk" or "↑↓", "choose" },
    { "t", "tap" },
    { "d", "drain" },
  }
  if #(view.runs or {}) > 1 then
    words[#words + 1] = { "tab", "next run" }
  end
  return words
end

local function foot(snapshot, screen, view)
  if view.asks then
    return screen.brush("title", view.asks)
  end
  local text = ""
  for _, key in ipairs(words_of_keys(snapshot, screen, view)) do
    local more = (text == "" and "" or "  ") .. key[1] .. " " .. key[2]
    if layout.width_of(text) + layout.width_of(more) <= screen.width then
      text = text .. more
    end
  end
  return screen.brush("faint", text)
end

-- --- all of them

local function append(out, lines, limit)
  for i = 1, math.min(#lines, limit) do
    out[#out + 1] = lines[i]
  end
end

-- So many rows that the chosen one is among them.
local function window(lines, first, room)
  local out = {}
  first = math.max(1, math.min(first, #lines - room + 1))
  for i = first, math.min(#lines, first + room - 1) do
    out[#out + 1] = lines[i]
  end
  return out
end

local function chosen_of(nodes, name)
  for _, node in ipairs(nodes) do
    if node.name == name then
      return node
    end
  end
end

local function place_of(nodes, name)
  for i, node in ipairs(nodes) do
    if node.name == name then
      return i
    end
  end
  return 1
end

--- The lines of a screen.
---@param snapshot table  of weir.run.metrics, as it came over the socket
---@param history table<string, number[]>  what each node has sent, second by second
---@param screen { width: integer, height: integer, brush: function, plain: boolean? }
---@param view table?  { order, chosen, kept, tap = { node, passed, records, message? }, asks,
---   runs, at, cpu_share }
function M.frame(snapshot, history, screen, view)
  view = view or {}
  local nodes = M.sorted(snapshot.nodes, view.order or M.orders[1])
  local out = {}
  append(out, head(snapshot, screen, view), screen.height - 2)
  local room = math.max(0, screen.height - #out - 1)
  local lines = rows(nodes, history, screen, view)
  local more = details(chosen_of(nodes, view.chosen), screen)
  for _, line in ipairs(troubles(snapshot, screen)) do
    more[#more + 1] = line
  end
  local shown = math.min(#nodes + 1, math.max(3, room - math.min(#more, 4) - (view.tap and 6 or 0)),
    room)
  append(out, lines, math.min(1, shown))
  table.remove(lines, 1)
  append(out, window(lines, place_of(nodes, view.chosen) - math.floor(shown / 2), shown - 1), room)
  append(out, more, screen.height - 1 - #out - (view.tap and 3 or 0))
  append(out, tapped(view, screen, screen.height - 1 - #out), screen.height - 1 - #out)
  out[#out + 1] = foot(snapshot, screen, view)
  return out
end

return M
