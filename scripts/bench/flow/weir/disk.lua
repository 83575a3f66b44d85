-- As classes.lua, but what is in the background waits on disk. Who writes to a disk waits for
-- it, so the rest goes past that, though on one connection it may have to wait all the same.
local weir = require "weir"
local from, to = ...

local function work(r)
  local sum = 0
  for i = 1, 2500 do
    sum = (sum * 31 + i) % 65521
  end
  r.sum = sum
end

local s = weir.from(weir.tcp{ name = "in", listen = from, codec = "json" })
  :route{
    { "critical", when = "class == 'critical'", priority = "critical" },
    { "normal", when = "class == 'normal'", priority = "normal" },
    { "background", when = "class == 'background'", priority = "background" },
  }
local of = s.critical
  :merge(s.normal, s.background:buffer{ max_records = 20000, overflow = "spill" })
  :map(work)
  :route{
    { "critical", when = "class == 'critical'" },
    { "normal", when = "class == 'normal'" },
  }
of.critical:to(weir.tcp{ name = "critical", connect = to, codec = "json" })
of.normal:to(weir.tcp{ name = "normal", connect = to, codec = "json" })
of.default:to(weir.tcp{ name = "background", connect = to, codec = "json" })
