--- Tables of figures, aligned for a terminal and still Markdown.

local figures = {}

-- rows[1] is the head. The first two columns are text, the others are numbers.
function figures.table_of(rows)
  local widths = {}
  for _, row in ipairs(rows) do
    for i, cell in ipairs(row) do
      widths[i] = math.max(widths[i] or 3, #cell)
    end
  end
  local lines = {}
  local function add(row)
    local cells = {}
    for i, width in ipairs(widths) do
      cells[i] = ("%" .. (i <= 2 and "-" or "") .. width .. "s"):format(row[i] or "")
    end
    lines[#lines + 1] = "| " .. table.concat(cells, " | ") .. " |"
  end
  add(rows[1])
  local rules = {}
  for i, width in ipairs(widths) do
    rules[i] = i <= 2 and ("-"):rep(width) or ("-"):rep(width - 1) .. ":"
  end
  add(rules)
  for i = 2, #rows do
    add(rows[i])
  end
  return table.concat(lines, "\n") .. "\n"
end

-- Records a second, for people.
function figures.rate(per_second)
  if per_second >= 1e6 then
    return ("%.2f M/s"):format(per_second / 1e6)
  end
  return ("%.0f k/s"):format(per_second / 1e3)
end

-- Whether a value is what a goal such as "<= 5" says.
function figures.reached(goal, value)
  local sign, limit = goal:match("^(..) (.+)$")
  limit = tonumber(limit)
  return sign == ">=" and value >= limit or sign == "<=" and value <= limit
end

return figures
