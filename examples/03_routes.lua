-- 3. Routes, and what becomes of records that fail.
--
--     build/weir run examples/03_routes.lua
--
-- Real input has broken lines, and functions meet what they did not expect. Neither stops
-- the run, and nothing gets lost: what failed goes to the dead letters, with the reason.

local weir = require "weir"

-- One source of two files, read one after the other. The second has two surprises.
local access = weir.from(weir.file{
  name = "access",
  path = { "examples/access.jsonl", "examples/late.jsonl" },
})

-- The first route whose `when` holds gets the record; what matches none is `default`.
local to = access:route{
  { "errors", when = "status >= 500" },
  { "static", when = "path starts_with '/static/'" },
}

to.errors:select("host", "path", "status"):to "build/route_errors.csv"
to.static:to(weir.discard{})

to.default
  :select("host", "path")
  :to "build/paths/{host}.csv"   -- a file for each host

-- A stream that is used again gives all its records again.
access
  :filter(function(r) return r.ms > 1000 end)
  :select("path", "ms")
  :to(weir.stdout{})

-- What failed, and why: a line cut short, and the `r.ms > 1000` above, which met a text.
-- A record that fails never passes by mistake. Without this the dead letters of
-- 03_routes.lua would be in 03_routes.dead.jsonl.
weir.dead_letters()
  :select("stage", "code", "reason", "source", "raw")
  :to "build/failed.jsonl"

--> build/weir run examples/03_routes.lua
-- {"path":"/search","ms":1240}

--> build/route_errors.csv
-- host,path,status
-- web-1,/checkout/81,502
-- web-2,/checkout/82,503

--> build/paths/web-1.csv
-- host,path
-- web-1,/cart

--> build/paths/web-2.csv
-- host,path
-- web-2,/search
-- web-2,/cart

--> build/paths/web-3.csv
-- host,path
-- web-3,/cart
-- web-3,/login

--> build/failed.jsonl
-- {"stage":"access","code":"EQUOTE","reason":"a quote is not closed (record 2, column 60)","source":"examples/late.jsonl","raw":"{\"ts\":\"2026-03-02T08:01:01Z\",\"host\":\"web-3\",\"path\":\"/cart\",\"sta"}
-- {"stage":"filter","code":"ELAMBDA","reason":"examples/03_routes.lua:31: attempt to compare number with string (record 3)","source":"examples/late.jsonl","raw":"{\"ts\":\"2026-03-02T08:01:02Z\",\"host\":\"web-3\",\"path\":\"/login\",\"status\":200,\"ms\":\"slow\"}"}
