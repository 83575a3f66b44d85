--- How stages that saw the whole input give what they made of it: a batch at a time.

local M = {}

local DONE, MORE, FULL = 0, 1, 2
local KINDS, MADE = 6, 0

--- Writes the records from bound.at on, until there are `count` or the batch is full.
---@param run ffi.cdata*  weir_run of the segment
---@param index integer   of the stage in it
---@param write fun(bound: table, out: ffi.cdata*, at: integer, full_bytes: number): integer
--                        writes one or more, and gives the next
---@return integer        a weir_run_reason
function M.write(run, index, bound, count, write)
  local out = run.out[0]
  while bound.at < count do
    local next = write(bound, out, bound.at, run.limits.out_bytes)
    local made = index * KINDS + MADE
    run.counts[made] = run.counts[made] + (next - bound.at)
    bound.at = next
    if out.bytes.size >= run.limits.out_bytes then
      return FULL
    end
  end
  -- The last batch goes on even if it is empty: it tells what comes behind where it is.
  if bound.said then
    return DONE
  end
  bound.said = true
  return MORE
end

return M
