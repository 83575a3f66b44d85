-- 6. What a pipeline needs once others run it: parameters, secrets, modules, limits.
--
--     build/weir run examples/06_production.lua --set least_ms=500 -- examples/access.jsonl
--     build/weir check examples/06_production.lua -- examples/access.jsonl
--     build/weir explain examples/06_production.lua -- examples/access.jsonl

local weir = require "weir"

-- Beside the script: examples/lib/shop.lua.
local shop = require "lib.shop"

-- What may be set, with --set least_ms=500, a file (--params), or WEIR_PARAM_LEAST_MS.
-- The default gives the type; a wrong name or type is refused before anything runs.
local p = weir.params{
  least_ms = 1000,
  only = weir.param{ type = "string", default = "", help = "a host, or all" },
}

-- Arguments after `--` arrive as in any Lua file.
local input = ...

-- Each is also a flag: --max-errors, --max-memory. Above the limit the run stops with
-- exit code 4, and what was written till then is whole.
weir.options{ max_errors = "10%", max_memory = "256MiB" }

-- A run that lasts can be looked at: `weir top` shows it live, `weir ctl tap NAME` some records
-- that pass a stage, by the name that it has in `weir explain`; --metrics FILE keeps numbers
-- for Prometheus (`weir help control`, `weir help metrics`).

weir.from(input)
  :filter(function(r) return p.only == "" or r.host == p.only end)

  -- A function of streams, for what several pipelines share.
  :pipe(shop.slow, p.least_ms)

  -- A stage may have its own answer to a record that fails: here, a record instead.
  :map(function(r) r.user = r.user.name end, {
    on_error = function(_, r) return { path = r.path, ms = r.ms, user = "nobody" } end,
  })
  :select("path", "ms", "user")
  :to(weir.stdout{})

-- A secret is taken by options alone, never by a lambda, and printed as ***. It comes from
-- a file of that name in --secrets DIR, else from the environment:
--
--     :to(weir.sqlite{ path = weir.secret "SHOP_DB", table = "slow" })

--> build/weir run examples/06_production.lua --set least_ms=500 -- examples/access.jsonl
-- {"path":"/search","ms":1240,"user":"nobody"}
-- {"path":"/checkout/81","ms":910,"user":"Ada"}
