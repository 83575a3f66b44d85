--- Tables of text that fit a width: numbers to the right, names to the left.

local M = {}

local GAP = 2
local NAME_WIDTH_MIN = 12

--- Columns that a text takes on a terminal: its characters, not its bytes.
function M.width_of(text)
  local _, continuations = text:gsub("[\128-\191]", "")
  return #text - continuations
end

--- The lines of a text, broken between words; a longer word has a line of its own.
---@param text string
---@param width number
function M.wrapped(text, width)
  local lines = {}
  for word in text:gmatch("%S+") do
    local last = lines[#lines]
    if last and M.width_of(last) + 1 + M.width_of(word) <= width then
      lines[#lines] = last .. " " .. word
    else
      lines[#lines + 1] = word
    end
  end
  return lines
end

-- Cuts in the middle, where names of one kind differ least.
local function shorten(text, width)
  if M.width_of(text) <= width or text:find("[\128-\255]") then
    return text
  end
  local left = math.floor((width - 1) / 2)
  return text:sub(1, left) .. "…" .. text:sub(#text - (width - left - 1) + 1)
end

local function measure(columns, rows)
  local widths, total = {}, 0
  for i, column in ipairs(columns) do
    widths[i] = math.max(M.width_of(column.title), column.least or 0)
    for _, row in ipairs(rows) do
      widths[i] = math.max(widths[i], M.width_of(row[i]))
    end
    total = total + widths[i] + GAP
  end
  return widths, total - GAP
end

local function line_of(columns, widths, cells)
  local parts = {}
  for i, column in ipairs(columns) do
    local cell = shorten(cells[i], widths[i])
    local blank = (" "):rep(widths[i] - M.width_of(cell))
    parts[i] = column.right and blank .. cell or cell .. blank
  end
  return (table.concat(parts, (" "):rep(GAP)):gsub("%s+$", ""))
end

--- The lines of a table. If it is too wide, the first column is shortened.
---@param columns { title: string, right: boolean?, least: integer? }[]  least: its width
---@param rows string[][]
---@param width number
function M.lines(columns, rows, width)
  local widths, total = measure(columns, rows)
  if total > width then
    widths[1] = math.max(math.min(widths[1], NAME_WIDTH_MIN), widths[1] - (total - width))
  end
  local titles = {}
  for i, column in ipairs(columns) do
    titles[i] = column.title
  end
  local lines = { line_of(columns, widths, titles) }
  for _, row in ipairs(rows) do
    lines[#lines + 1] = line_of(columns, widths, row)
  end
  return lines
end

return M
