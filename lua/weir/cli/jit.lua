--- What the just-in-time compiler made of a script, for people: `weir explain --jit`.

local human = require("weir.cli.human")
local layout = require("weir.cli.table")

local M = {}

local COLUMNS = {
  { title = "not compiled" }, { title = "times", right = true }, { title = "why" },
}

--- The text, ending in a newline.
---@param report table  of weir.run.sample
---@param width number
function M.text(report, width)
  local out = {
    ("jit: %s of the input run"):format(human.plural(report.records, "record")),
    ("  %s, %s of machine code; %s"):format(human.plural(report.traces, "trace"),
      human.bytes(report.code_bytes),
      report.flushes == 0 and "the code cache was never flushed"
        or ("the code cache was flushed %s"):format(human.plural(report.flushes, "time"))),
  }
  local rows = {}
  for i, abort in ipairs(report.aborts) do
    rows[i] = { abort.where, human.count(abort.count), abort.reason }
  end
  if #rows == 0 then
    out[#out + 1] = "  no compilation was given up"
  else
    out[#out + 1] = ""
    for _, line in ipairs(layout.lines(COLUMNS, rows, width - 2)) do
      out[#out + 1] = "  " .. line
    end
    out[#out + 1] = "  loops, frames and unrolling are no fault: it begins again elsewhere"
  end
  return table.concat(out, "\n") .. "\n"
end

return M
