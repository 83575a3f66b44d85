-- Records of three classes on one connection. What is too much waits in a buffer, which drops
-- or spills; each class has a connection out. The lambda costs some 15 us, unless it is "free".
local weir = require "weir"
local from, to, dropped, overflow, cost = ...

local function work(r)
  local sum = 0
  for i = 1, 2500 do
    sum = (sum * 31 + i) % 65521
  end
  r.sum = sum
end

local s = weir.from(weir.tcp{ name = "in", listen = from, codec = "json" })
  :priority(function(r) return r.class end)
  :buffer{ max_records = 20000, overflow = overflow }
if overflow:find "^drop" then
  s:side "dropped":to(weir.tcp{ name = "dropped", connect = dropped, codec = "json" })
end
if cost ~= "free" then
  s = s:map(work)
end
local of = s:route{
  { "critical", when = "class == 'critical'" },
  { "normal", when = "class == 'normal'" },
}
of.critical:to(weir.tcp{ name = "critical", connect = to, codec = "json" })
of.normal:to(weir.tcp{ name = "normal", connect = to, codec = "json" })
of.default:to(weir.tcp{ name = "background", connect = to, codec = "json" })
