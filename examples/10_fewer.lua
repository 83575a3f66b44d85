-- 10. Fewer records: no repetitions, a share, some of each, many in one.
--
--     build/weir run examples/10_fewer.lua

local weir = require "weir"

local access = weir.from "examples/access.jsonl"

-- The first record of each host within a minute. What comes again is counted, and here is
-- taken: the name is what the stage's memory goes by.
local first = access:dedup{ key = "host", within = "1m" } :name "hosts"
first
  :select("host", "path")
  :to(weir.stdout{})

-- Of what came again, at most one an hour for each host: a throttle with a key lets
-- nothing wait, so what becomes of the rest must be said.
first:side "dropped"
  :throttle{ rate = "1/h", key = "host", overflow = "drop_newest" } :name "again"
  :select("host", "path", "status")
  :to "build/again.jsonl"

-- Every second record, two at a time, as one record with a list. In a stream that never
-- ends, every = "5s" would send on what there is by then.
access
  :sample{ keep = "50%" }
  :select("path", "ms")
  :batch{ records = 2 }
  :to "build/batches.jsonl"

--> build/weir run examples/10_fewer.lua
-- {"host":"web-1","path":"/cart"}
-- {"host":"web-2","path":"/search"}

--> build/again.jsonl
-- {"host":"web-1","path":"/checkout/81","status":502}
-- {"host":"web-2","path":"/checkout/82","status":503}

--> build/batches.jsonl
-- {"records":[{"path":"/search","ms":1240},{"path":"/static/site.css","ms":2}],"count":2}
-- {"records":[{"path":"/cart","ms":12}],"count":1}
