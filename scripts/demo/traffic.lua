-- What went wrong in an access log: every failure, and the areas that fail most.
--
--     weir run scripts/demo/traffic.lua -- access.jsonl OUT

local weir = require "weir"

local input, out = ...

local function into(name, file)
  return weir.file{ name = name, path = out .. "/" .. file }
end

local access = weir.from(weir.file{ name = "access", path = input })

access
  :filter "status >= 500"
  :select("ts", "host", "path", "status", "latency_ms")
  :to(into("errors", "errors.jsonl"))

access
  :group_by{ area = function(r) return r.path:match("^/[%w]*") end }
  :aggregate{
    hits = weir.count(),
    failed = weir.count{ where = "status >= 500" },
    slow = weir.count{ where = "latency_ms > 1000" },
    avg_ms = weir.avg "latency_ms",
    max_ms = weir.max "latency_ms",
  }
  :set{
    failed_pct = "floor(1000 * failed / hits + 0.5) / 10",
    avg_ms = "floor(avg_ms)",
    max_ms = "floor(max_ms)",
  }
  :top{ n = 5, by = { "-failed", "-slow" } }
  :select("rank", "area", "hits", "failed", "failed_pct", "slow", "avg_ms",
          "max_ms")
  :to(into("areas", "areas.csv"))

weir.dead_letters():to(into("unreadable", "unreadable.jsonl"))
