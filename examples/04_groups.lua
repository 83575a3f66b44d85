-- 4. Groups, order, the most of something.
--
--     build/weir run examples/04_groups.lua
--
-- These need to see the whole input before they can answer, so it has to end.

local weir = require "weir"

local access = weir.from "examples/access.jsonl"

-- One record a group. A name alone is a field; left of `=` stands a name for what is
-- computed. `where` lets an aggregate see only some of the records.
local areas = access
  :group_by{ area = function(r) return r.path:match("^/%a*") end }
  :aggregate{
    hits = weir.count(),
    failed = weir.count{ where = "status >= 500" },
    avg_ms = weir.avg "ms",
    slowest = weir.max "ms",
    last_host = weir.last "host",
  }
  :name "areas"   -- what is counted, is counted under this name

areas:to(weir.stdout{})

-- The most of something. What is equal keeps the order it came in.
areas
  :top{ n = 2, by = { "-failed", "-hits" } }
  :select("rank", "area", "failed", "hits")
  :to "build/worst.csv"

-- All of it, in order: by host, the slowest first.
access
  :sort{ by = { "host", "-ms" } }
  :select("host", "ms", "path")
  :to "build/by_host.csv"

-- Without group_by the whole input is one group.
access
  :aggregate{ records = weir.count(), users = weir.count{ where = "user.id > 0" } }
  :to "build/total.jsonl"

--> build/weir run examples/04_groups.lua
-- {"area":"/cart","avg_ms":23.5,"failed":0,"hits":2,"last_host":"web-2","slowest":35}
-- {"area":"/search","avg_ms":1240,"failed":0,"hits":1,"last_host":"web-2","slowest":1240}
-- {"area":"/checkout","avg_ms":487,"failed":2,"hits":2,"last_host":"web-2","slowest":910}
-- {"area":"/static","avg_ms":2,"failed":0,"hits":1,"last_host":"web-1","slowest":2}

--> build/worst.csv
-- rank,area,failed,hits
-- 1,/checkout,2,2
-- 2,/cart,0,2

--> build/by_host.csv
-- host,ms,path
-- web-1,910,/checkout/81
-- web-1,35,/cart
-- web-1,2,/static/site.css
-- web-2,1240,/search
-- web-2,64,/checkout/82
-- web-2,12,/cart

--> build/total.jsonl
-- {"records":6,"users":4}
