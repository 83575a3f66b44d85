--- Lua source under construction: lines, indentation, and what becomes of a record.
--
--     local code = Code.new()
--     code:open("for row = run.row, run.row_end - 1 do")
--     code:line("C.weir_rows_open(rows, %d, batch, row)", 0)
--     code:close()
--     code:text()

-- OUTS: the outputs that stand in locals; a function has room for 200.
local Code = { OUTS = 64 }
Code.__index = Code

local WRITE = 2

--- stages: how many there are, where the code says what it is at (engine/sched/run.h).
---@param stages integer?
function Code.new(stages)
  return setmetatable({ slot = 0, stages = stages, _lines = {}, _depth = 0 }, Code)
end

function Code:line(format, ...)
  local text = select("#", ...) > 0 and format:format(...) or format
  self._lines[#self._lines + 1] = ("  "):rep(self._depth) .. text
end

--- A line that begins a block.
function Code:open(format, ...)
  self:line(format, ...)
  self._depth = self._depth + 1
end

--- A line between two blocks: else.
function Code:middle(format, ...)
  self._depth = self._depth - 1
  self:line(format, ...)
  self._depth = self._depth + 1
end

function Code:close(text)
  self._depth = self._depth - 1
  self:line(text or "end")
end

--- From here on it is at this mark, for whoever looks from beside.
function Code:mark(number)
  self:line("run.mark = %d", number)
end

--- What belongs to no stage: 1 is reading, 2 writing.
function Code:mark_behind(number)
  self:mark(self.stages + number)
end

--- What the code calls a stage.
function Code.name(stage)
  return "s" .. (stage.index + 1)
end

--- Says whose stage it is, so that an error finds it.
function Code:at(stage)
  self:line("run.stage = %d", stage.index)
  self:mark(stage.index + 1)
end

--- Before a lambda: fuel for one call; handles of earlier calls become stale.
function Code:begin(stage, frozen)
  self:at(stage)
  self:line("fuel.left = FUEL")
  self:line("C.weir_rows_enter(rows, %d, %d)", self.slot, frozen and 1 or 0)
end

--- The expression that calls a lambda of a stage with the record in hand.
function Code:call(stage, fn)
  return ("%s(%s.record(%d))"):format(fn, self.name(stage), self.slot)
end

--- Appends the record in hand to a port.
function Code:write(port)
  self:mark_behind(WRITE)
  local out = (port < Code.OUTS and "out%d" or "run.out[%d]"):format(port)
  self:line("check(C.weir_rows_write(rows, %d, %s))", self.slot, out)
  self:line("full = full or %s.bytes.size >= FULL_BYTES", out)
end

--- The record in hand goes no further: counts it and goes on to the next one.
---@param stage table
---@param count string  "FILTERED", "ABSORBED", "DROPPED"
function Code:leave(stage, count)
  self:line("%s goto next_%d", self:count(stage, count, 1), self.slot)
end

--- The statement that adds to a counter of a stage.
function Code:count(stage, count, by)
  local kinds = { MADE = 0, FILTERED = 1, ABSORBED = 2, DROPPED = 3, DEAD = 4, FORGOTTEN = 5 }
  local at = stage.index * 6 + kinds[count]
  return ("counts[%d] = counts[%d] + %s"):format(at, at, by)
end

function Code:text()
  return table.concat(self._lines, "\n") .. "\n"
end

return Code
