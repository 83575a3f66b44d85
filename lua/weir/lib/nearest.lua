--- The nearest name: what somebody who mistyped one most likely meant.
--
-- Distance counts insertions, deletions, replacements and swaps of neighbours
-- (optimal string alignment), because a swap is the commonest slip of fingers.

local M = {}

local LENGTH_MAX = 64 -- of a name; longer ones are not typing slips

local function distance(a, b)
  local before, last = {}, {}
  for j = 0, #b do
    last[j] = j
  end
  for i = 1, #a do
    local row = { [0] = i }
    for j = 1, #b do
      local same = a:byte(i) == b:byte(j)
      row[j] = math.min(last[j] + 1, row[j - 1] + 1, last[j - 1] + (same and 0 or 1))
      local swapped = i > 1 and j > 1 and a:byte(i) == b:byte(j - 1) and a:byte(i - 1) == b:byte(j)
      if swapped then
        row[j] = math.min(row[j], before[j - 2] + 1)
      end
    end
    before, last = last, row
  end
  return last[#b]
end

-- A third of the letters may be wrong: "wher" means "where", "x" means nothing.
local function tolerance(name)
  return math.max(1, math.floor(#name / 3))
end

--- The name in `names` nearest to `name`, or nil if none is near.
-- Of equally near ones it is the first in byte order, whatever the list's order.
---@param name string
---@param names string[]
function M.find(name, names)
  if #name < 2 or #name > LENGTH_MAX then
    return nil
  end
  local best, best_distance = nil, tolerance(name) + 1
  for _, candidate in ipairs(names) do
    if #candidate <= LENGTH_MAX then
      local d = distance(name:lower(), candidate:lower())
      if d < best_distance or (d == best_distance and best and candidate < best) then
        best, best_distance = candidate, d
      end
    end
  end
  return best
end

--- `; did you mean "where"?`, or "" if no name is near: the end of a message.
---@param name string
---@param names string[]
function M.hint(name, names)
  local found = M.find(name, names)
  return found and ('; did you mean "%s"?'):format(found) or ""
end

return M
