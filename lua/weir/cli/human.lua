--- Numbers as people read them.

local M = {}

--- 1234567 is "1,234,567".
function M.count(n)
  local digits = ("%.0f"):format(n)
  local sign, whole = digits:match("^(-?)(%d+)$")
  if not whole then
    return digits  -- inf, nan
  end
  whole = whole:reverse():gsub("(%d%d%d)", "%1,"):reverse():gsub("^,", "")
  return sign .. whole
end

--- "1 record", "2,000 records".
function M.plural(n, noun)
  return M.count(n) .. " " .. noun .. (n == 1 and "" or "s")
end

local scales = { { 1e12, "T" }, { 1e9, "G" }, { 1e6, "M" }, { 1e3, "k" } }

local function scaled(n, unit)
  for _, scale in ipairs(scales) do
    if n >= scale[1] then
      local shown = n / scale[1]
      return (shown < 10 and "%.2f %s%s" or shown < 100 and "%.1f %s%s" or "%.0f %s%s")
        :format(shown, scale[2], unit)
    end
  end
  return ("%.0f %s"):format(n, unit)
end

--- 177400000 is "177 MB", 512 is "512 B". Decimal, as disks and networks count.
function M.bytes(n)
  return scaled(n, "B")
end

--- The same where there is little room: "177MB".
function M.short_bytes(n)
  return (scaled(n, "B"):gsub(" ", ""))
end

--- Where there is little room: 1234567 is "1.23M", 0.25 "0.25", 87 "87".
function M.short(n)
  for _, scale in ipairs(scales) do
    if n >= scale[1] then
      local shown = n / scale[1]
      local form = shown < 10 and "%.2f%s" or shown < 100 and "%.1f%s" or "%.0f%s"
      return form:format(shown, scale[2])
    end
  end
  return (n % 1 == 0 and "%.0f" or n < 10 and "%.2g" or "%.0f"):format(n)
end

--- 0.000412 is "412us", 0.0123 "12ms", 1.5 "1.5s".
function M.latency(seconds)
  if seconds < 1e-3 then
    return ("%.0fus"):format(seconds * 1e6)
  elseif seconds < 1 then
    return (seconds < 0.01 and "%.1fms" or "%.0fms"):format(seconds * 1e3)
  elseif seconds < 100 then
    return (seconds < 10 and "%.1fs" or "%.0fs"):format(seconds)
  end
  return ("%.0fm"):format(seconds / 60)
end

--- Records a second: "952 k/s", "87/s".
function M.rate(n)
  if n >= 1e3 then
    return scaled(n, "") .. "/s"
  end
  return ("%.0f/s"):format(n)
end

--- 2100 is "2.1 s", 95000 "1:35", 3725000 "1:02:05", 12 "12 ms".
function M.duration_ms(ms)
  if ms < 1000 then
    return ("%.0f ms"):format(ms)
  elseif ms < 60000 then
    return ("%.1f s"):format(ms / 1000)
  end
  local seconds = math.floor(ms / 1000 + 0.5)
  local hours = math.floor(seconds / 3600)
  local minutes = math.floor(seconds / 60) % 60
  if hours > 0 then
    return ("%d:%02d:%02d"):format(hours, minutes, seconds % 60)
  end
  return ("%d:%02d"):format(minutes, seconds % 60)
end

return M
