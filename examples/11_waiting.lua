-- 11. Waiting: many records at once, each for an answer of its own.
--
--     build/weir run examples/11_waiting.lua

local weir = require "weir"

-- A function of :map_async may wait, in weir.http_get and weir.sleep; meanwhile others go on.
-- Here nobody listens at that port: an answer that does not come is an error, which sets the
-- record aside unless it is caught. retries = 3 would ask again first.
weir.from "examples/access.jsonl"
  :filter "user is not null and exists(user.id)"
  :map_async(function(r)
    local ok, answer = pcall(weir.http_get, "http://127.0.0.1:9/users/" .. r.user.id)
    return { path = r.path, plan = ok and answer:json().plan or "unknown" }
  end, { concurrency = 32, timeout = "5s" })
  :to(weir.stdout{})

-- Records go on in their order, or as they are done.
weir.from(weir.memory{ name = "waits", records = { { ms = 300 }, { ms = 20 } } })
  :map_async(function(r) weir.sleep(r.ms .. "ms") end, { ordered = false })
  :to "build/done.jsonl"

--> build/weir run examples/11_waiting.lua
-- {"path":"/cart","plan":"unknown"}
-- {"path":"/checkout/81","plan":"unknown"}
-- {"path":"/checkout/82","plan":"unknown"}
-- {"path":"/cart","plan":"unknown"}
--> build/done.jsonl
-- {"ms":20}
-- {"ms":300}
