--- Sets of bytes: strings of 256 bytes, 1 for a member and 0 for another.
--
-- As strings they are equal when they are the same, serve as keys, and are copied
-- to the engine as they are. Sets of patterns have all bytes above 127 or none.

local M = {}

local function make(has)
  local bytes = {}
  for code = 0, 255 do
    bytes[code + 1] = has(code) and "\1" or "\0"
  end
  return table.concat(bytes)
end

function M.has(set, code)
  return set:byte(code + 1) == 1
end

M.none = ("\0"):rep(256)
M.all = ("\1"):rep(256)

--- The bytes of a text.
function M.of(text)
  return make(function(code)
    return text:find(string.char(code), 1, true) ~= nil
  end)
end

function M.range(first, last)
  local low, high = first:byte(), last:byte()
  return make(function(code)
    return code >= low and code <= high
  end)
end

function M.union(sets)
  return make(function(code)
    for _, one in ipairs(sets) do
      if M.has(one, code) then
        return true
      end
    end
    return false
  end)
end

function M.complement(set)
  return make(function(code)
    return not M.has(set, code)
  end)
end

function M.overlap(left, right)
  for code = 0, 255 do
    if M.has(left, code) and M.has(right, code) then
      return true
    end
  end
  return false
end

return M
