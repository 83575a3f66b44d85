-- A connection in and out for each class: what is too much waits outside, class by class.
local weir = require "weir"
local critical, normal, background, to = ...

local function work(r)
  local sum = 0
  for i = 1, 2500 do
    sum = (sum * 31 + i) % 65521
  end
  r.sum = sum
end

local function from(class, at)
  return weir.from(weir.tcp{ name = class .. " in", listen = at, codec = "json" }):priority(class)
end

local of = from("critical", critical)
  :merge(from("normal", normal), from("background", background))
  :map(work)
  :route{
    { "critical", when = "class == 'critical'" },
    { "normal", when = "class == 'normal'" },
  }
of.critical:to(weir.tcp{ name = "critical", connect = to, codec = "json" })
of.normal:to(weir.tcp{ name = "normal", connect = to, codec = "json" })
of.default:to(weir.tcp{ name = "background", connect = to, codec = "json" })
