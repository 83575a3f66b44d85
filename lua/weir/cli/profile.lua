--- The profile of a run, for people: a table of who took how long for what.
--
--     where                      records     time   share  ns/record  allocations
--     file:access.jsonl        2,000,000   610 ms    41 %        305            -
--     traffic/1                2,000,000   840 ms    57 %        420        2,311
--       filter:status          2,000,000   220 ms    15 %        110            3
--       ...

local human = require("weir.cli.human")
local layout = require("weir.cli.table")

local M = {}

local COLUMNS = {
  { title = "where" },
  { title = "records", right = true },
  { title = "time", right = true },
  { title = "share", right = true },
  { title = "CPU", right = true },
  { title = "ns/record", right = true },
  { title = "allocations", right = true },
  { title = "of", right = true },
}

local function milliseconds(ms)
  return ms >= 1000 and ("%.2f s"):format(ms / 1000) or ("%.1f ms"):format(ms)
end

local function share(part, whole)
  return whole > 0 and ("%.0f %%"):format(100 * part / whole) or "-"
end

-- What belongs to no stage has seen all records of its segment.
local function row(name, each, total_ms, of_segment)
  local records, allocations = each.records or of_segment or 0, each.allocations or 0
  return {
    name,
    records > 0 and human.count(records) or "-",
    milliseconds(each.wall_ms),
    share(each.wall_ms, total_ms),
    each.cpu_ms and share(each.cpu_ms, each.wall_ms) or "",
    records > 0 and ("%.0f"):format(each.wall_ms * 1e6 / records) or "-",
    allocations > 0 and human.count(allocations) or "-",
    allocations > 0 and human.bytes(each.allocated_bytes) or "-",
  }
end

local function total_of(tasks)
  local total_ms = 0
  for _, task in ipairs(tasks) do
    total_ms = total_ms + task.wall_ms
  end
  return total_ms
end

local function workers_line(profile, elapsed_ms)
  local parts = {}
  for i, worker in ipairs(profile.workers) do
    parts[i] = share(worker.wall_ms, elapsed_ms)
  end
  return ("  workers  %s busy of %s; the process held %s at most"):format(
    table.concat(parts, ", "), milliseconds(elapsed_ms), human.bytes(profile.peak_bytes))
end

-- A part that was never seen at work and allocated nothing says nothing.
local function add_parts(rows, task, total_ms)
  for _, part in ipairs(task.parts) do
    if part.records or part.samples > 0 or part.allocations > 0 then
      rows[#rows + 1] = row("  " .. part.name, part, total_ms, task.records)
    end
  end
end

--- The table, ending in a newline.
---@param result table  of engine:result()
---@param width number
---@param brush fun(kind: string, text: string): string
function M.text(result, width, brush)
  local profile, rows = result.profile, {}
  local total_ms, samples = total_of(profile.tasks), 0
  for _, task in ipairs(profile.tasks) do
    rows[#rows + 1] = row(task.name, task, total_ms)
    if task.parts then
      add_parts(rows, task, total_ms)
      for _, part in ipairs(task.parts) do
        samples = samples + part.samples
      end
    end
  end
  local out = { "profile", workers_line(profile, result.elapsed_ms), "" }
  for i, line in ipairs(layout.lines(COLUMNS, rows, width - 2)) do
    out[#out + 1] = "  " .. (i == 1 and brush("faint", line) or line)
  end
  local note = ("inside segments by %s; allocations are those of segments"):format(
    human.plural(samples, "sample"))
  if #profile.workers > 1 then
    note = note .. "; times of all workers together"
  end
  out[#out + 1] = "  " .. brush("faint", note)
  return table.concat(out, "\n") .. "\n"
end

return M
