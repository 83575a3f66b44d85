-- What went wrong in an access log: every failure, and the areas that fail most.
--
--     weir run scripts/demo/traffic.lua -- access.jsonl OUT

local weir = require "weir"

local input, out = ...

local access = weir.from(weir.file{ name = "access", path = input })

access
  :filter "status >= 500"
  :select("ts", "host", "path", "status", "latency_ms")
  :to(out .. "/errors.jsonl")

access
  :group_by{ area = function(r) return r.path:match("^/[%w]*") end }
  :aggregate{
    hits = weir.count(),
    failed = weir.count{ where = "status >= 500" },
    slow = weir.count{ where = "latency_ms > 1000" },
    avg_ms = weir.avg "latency_ms",
    max_ms = weir.max "latency_ms",
  }
  :map(function(r)
    r.failed_pct = math.floor(1000 * r.failed / r.hits + 0.5) / 10
    r.avg_ms = math.floor(r.avg_ms + 0.5)
    r.max_ms = math.floor(r.max_ms + 0.5)
  end)
  :top{ n = 5, by = { "-failed", "-slow" } }
  :select("rank", "area", "hits", "failed", "failed_pct", "slow", "avg_ms", "max_ms")
  :to(out .. "/areas.csv")

weir.dead_letters():to(out .. "/unreadable.jsonl")
