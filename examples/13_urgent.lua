-- 13. Urgent records: what comes first when there is not time for everything.
--
--     build/weir run examples/13_urgent.lua

local weir = require "weir"

-- A class that has waited so long anywhere gets a turn, however much that is urgent there is.
weir.options{ max_starvation = "500ms" }

-- Each record has a class, and each class its own order. Where a stream carries several, what
-- is not urgent must not hold up the rest: a buffer behind it drops the least urgent first.
local access = weir.from "examples/access.jsonl"
  :select("path", "status")
  :priority(function(r) return r.status >= 500 and "critical" or "background" end)
  :buffer{ max_records = 50000, overflow = "drop_oldest" }

access:to(weir.stdout{})
access:side "dropped":to "build/dropped.jsonl"

-- A stream may be urgent as a whole. Of one class, what is due first comes first.
weir.from(weir.memory{ name = "alarms", records = { { alarm = "disk" } } })
  :priority("critical", { deadline = "50ms" })
  :to "build/alarms.jsonl"

--> build/weir run examples/13_urgent.lua
-- {"path":"/checkout/81","status":502}
-- {"path":"/checkout/82","status":503}
-- {"path":"/cart","status":200}
-- {"path":"/search","status":200}
-- {"path":"/static/site.css","status":304}
-- {"path":"/cart","status":404}
--> build/dropped.jsonl
--> build/alarms.jsonl
-- {"alarm":"disk"}
