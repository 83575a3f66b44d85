--- A row of bars, as high as its numbers: ▁▃▅█

local M = {}

local BARS = { "▁", "▂", "▃", "▄", "▅", "▆", "▇", "█" }
local PLAIN = { ".", ".", ":", ":", "-", "=", "+", "#" }

--- The last `width` numbers, with blanks where there are none yet.
---@param numbers number[]
---@param width integer
---@param plain boolean?  where there are no characters but ASCII
function M.line(numbers, width, plain)
  local greatest = 0
  local first = math.max(1, #numbers - width + 1)
  for i = first, #numbers do
    greatest = math.max(greatest, numbers[i])
  end
  local bars = plain and PLAIN or BARS
  local out = { (" "):rep(width - (#numbers - first + 1)) }
  for i = first, #numbers do
    local height = greatest > 0 and math.ceil(numbers[i] / greatest * #bars) or 0
    out[#out + 1] = bars[math.max(1, height)]
  end
  return table.concat(out)
end

return M
