-- 12. A bus: streams that meet by topic, wherever they stand in the script.
--
--     build/weir run examples/12_bus.lua

local weir = require "weir"

-- Whoever publishes need not know who listens. A field in the topic is one word of it.
weir.from "examples/access.jsonl"
  :to(weir.bus{ topic = "web.{host}", type = "request" })

weir.from(weir.file{ path = "examples/shops.csv", codec = weir.csv{ delimiter = ";" } })
  :to(weir.bus{ topic = "shops", type = "shop" })

-- Whoever listens says what to, and is sent nothing else.
weir.from(weir.bus{ topic = "web.web-2" })
  :select("host", "path", "status")
  :to(weir.stdout{})

-- What comes of it may be published in turn, though never back to where it came from.
weir.from(weir.bus{ topic = "web.*" })
  :filter "status >= 500"
  :to(weir.bus{ topic = "alarms", type = "failure" })

-- A slow one makes those wait who publish, unless it says what may be left out.
weir.from(weir.bus{ topic = ">", type = { "failure", "shop" },
    overflow = "drop_oldest", max_records = 1000 })
  :aggregate{ failures = weir.count{ where = "status" }, shops = weir.count{ where = "shop" } }
  :to "build/events.jsonl"

--> build/weir run examples/12_bus.lua
-- {"host":"web-2","path":"/search","status":200}
-- {"host":"web-2","path":"/checkout/82","status":503}
-- {"host":"web-2","path":"/cart","status":404}

--> build/events.jsonl
-- {"failures":2,"shops":2}
