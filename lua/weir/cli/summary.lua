--- The summary of a run, for people: what came in, what came out, and the ledger,
-- which accounts for every record.

local human = require("weir.cli.human")
local layout = require("weir.cli.table")

local M = {}

local LABEL = "  %-8s"

local function add(out, label, text)
  out[#out + 1] = (LABEL):format(label) .. text
end

local function headline(report, brush)
  local result = report.result
  local word, kind = "finished", "good"
  if report.exit_code == 130 then
    word, kind = "interrupted", "bad"
  elseif not result.ok then
    word, kind = "failed", "bad"
  elseif result.interrupted then
    word = "stopped"
  end
  return ("%s after %s"):format(brush(kind, word), human.duration_ms(result.elapsed_ms))
end

local function read_line(report)
  local stats, result = report.stats, report.result
  local parts = { human.plural(stats.records_in, "record") }
  local seconds = result.elapsed_ms / 1000
  if stats.bytes_in > 0 then
    parts[1] = parts[1] .. ", " .. human.bytes(stats.bytes_in)
  end
  if seconds > 0 and stats.records_in > 0 then
    parts[#parts + 1] = human.rate(stats.records_in / seconds)
    if stats.bytes_in > 0 then
      parts[#parts + 1] = human.bytes(stats.bytes_in / seconds) .. "/s"
    end
  end
  return table.concat(parts, "  ")
end

local function add_outputs(out, outputs)
  for i, output in ipairs(outputs) do
    local size = (output.bytes or 0) > 0 and ", " .. human.bytes(output.bytes) or ""
    add(out, i == 1 and "wrote" or "", ("%s%s to %s%s"):format(
      human.plural(output.records, "record"), size, output.place or output.name,
      output.withheld and ", which stays as it was: the run failed" or ""))
  end
end

local function add_dead(out, result, width, brush)
  if result.dead == 0 then
    return
  end
  add(out, "dead", brush("bad", human.plural(result.dead, "record")))
  -- Words are not cut: why a record died is what people look for here.
  local counts, count_width = {}, 0
  for i, reason in ipairs(result.dead_reasons) do
    counts[i] = human.count(reason.count)
    count_width = math.max(count_width, #counts[i])
  end
  for i, reason in ipairs(result.dead_reasons) do
    local text = reason.reason
    if reason.first then
      text = ("%s, %s%s"):format(text, reason.count > 1 and "first in " or "in ", reason.first)
    end
    local margin = (" "):rep(12 + count_width)
    for k, line in ipairs(layout.wrapped(text, width - #margin)) do
      local label = (" "):rep(10 + count_width - #counts[i]) .. counts[i] .. "  "
      out[#out + 1] = (k == 1 and label or margin) .. line
    end
  end
end

-- What is in order needs no line.
local IN_ORDER = {
  certificates_renewed = true, connections_closed = true, connections_open = true,
  connections_opened = true, datagrams_received = true, datagrams_sent = true,
  files_followed = true,
}

local function add_counters(out, counters)
  local label = "noted"
  for _, each in ipairs(counters or {}) do
    if not IN_ORDER[each.name] then
      add(out, label, ("%s  %s: %s"):format(human.count(each.count), each.task,
        (each.name:gsub("_", " "))))
      label = ""
    end
  end
end

local function dropped_total(stage)
  local total = 0
  for _, count in pairs(stage.dropped or {}) do
    total = total + count
  end
  return total
end

-- The columns of the ledger, and what each shows of a stage.
local ledger_columns = {
  { title = "received", always = true },
  { title = "made" },
  { title = "sent", always = true },
  { title = "filtered" },
  { title = "absorbed" },
  { title = "dropped", of = dropped_total },
  { title = "dead" },
  { title = "held" },
}

local function value_of(column, stage)
  return column.of and column.of(stage) or stage[column.title] or 0
end

-- A column that is zero everywhere says nothing.
local function shown_columns(stages)
  local shown = {}
  for _, column in ipairs(ledger_columns) do
    local wanted = column.always
    for _, stage in ipairs(stages) do
      wanted = wanted or value_of(column, stage) ~= 0
    end
    if wanted then
      shown[#shown + 1] = column
    end
  end
  return shown
end

-- What was sent and not received: what follows had enough, or the run ended.
local function add_edges(out, edges, width)
  local lost, ways = {}, {}
  for _, edge in ipairs(edges or {}) do
    local count = (edge.dropped or 0) + (edge.held or 0)
    local way = ("from %s that %s did not take"):format(edge.maker or edge.from, edge.reader)
    if count > 0 then
      ways[#ways + 1] = not lost[way] and way or nil
      lost[way] = (lost[way] or 0) + count
    end
  end
  for _, way in ipairs(ways) do
    local text = ("%s %s"):format(human.plural(lost[way], "record"), way)
    for _, line in ipairs(layout.wrapped(text, width - 2)) do
      out[#out + 1] = "  " .. line
    end
  end
end

local function left_of(ledger)
  local count = 0
  for _, each in ipairs(ledger.stages) do
    count = count + (each.left or 0)
  end
  for _, each in ipairs(ledger.edges or {}) do
    count = count + (each.left or 0)
  end
  return count
end

-- Not lost: a source remembers where it was, and a disk what it holds.
local function add_left(out, ledger)
  local count = left_of(ledger)
  if count > 0 then
    out[#out + 1] = ("  %s that %s again with the next run"):format(
      human.plural(count, "record"), count == 1 and "was under way comes" or "were under way come")
  end
end

local function add_ledger(out, ledger, width, brush)
  local shown = shown_columns(ledger.stages)
  local columns, rows = { { title = "stage" } }, {}
  for i, column in ipairs(shown) do
    columns[i + 1] = { title = column.title, right = true }
  end
  for i, stage in ipairs(ledger.stages) do
    rows[i] = { stage.name }
    for _, column in ipairs(shown) do
      local value = value_of(column, stage)
      table.insert(rows[i], value == 0 and "-" or human.count(value))
    end
  end
  out[#out + 1] = ""
  for i, line in ipairs(layout.lines(columns, rows, width - 2)) do
    out[#out + 1] = "  " .. (i == 1 and brush("faint", line) or line)
  end
  add_edges(out, ledger.edges, width)
  add_left(out, ledger)
  out[#out + 1] = "  " .. (ledger.balanced and brush("faint", "the ledger balances")
    or ledger.given_up and brush("bad", "a step that did not come back is not in the ledger")
    or brush("bad", "the ledger does not balance: please report this"))
end

--- The summary, ending in a newline.
---@param report { result: table, stats: table, exit_code: integer }
---@param width number
---@param brush fun(kind: string, text: string): string
function M.text(report, width, brush)
  local result = report.result
  local out = { headline(report, brush) }
  add(out, "read", read_line(report))
  add_outputs(out, result.outputs)
  add_dead(out, result, width, brush)
  add_counters(out, result.counters)
  add_ledger(out, result.ledger, width, brush)
  return table.concat(out, "\n") .. "\n"
end

return M
