--- `retries`, the same everywhere: how often, and how long to wait before each.
--
--     retries = 3        retries = { max = 3, backoff = "1s", max_backoff = "30s", jitter = 0.2 }
--
-- A described one is `{ max, backoff_ns, max_backoff_ns, jitter }`; max is absent where
-- nothing was said of it.

local options = require("weir.lib.options")

local M = {}

local spec = {
  max = { kind = "integer", min = 0 },
  backoff = { kind = "duration", default = "100ms" },
  max_backoff = { kind = "duration", default = "30s" },
  jitter = { kind = "share", default = 0.2 },
}

local EXPECTED = 'a number of retries, or { max = 10, backoff = "100ms", max_backoff = "30s",'
  .. " jitter = 0.2 }"

local function check(given, where)
  return options.check(spec, given, { subject = "retries", where = where })
end

options.define("retries", function(value, _, where)
  if type(value) == "number" and value >= 0 and value % 1 == 0 then
    return check({ max = value }, where)
  elseif type(value) == "table" and getmetatable(value) == nil then
    return check(value, where)
  end
  return nil, EXPECTED
end)

--- What a reference entry says of it.
M.doc = "Retries wait 100ms, then twice as long each time up to 30s, a fifth of it left to"
  .. " chance. By default there are 10 until the first connection, and no end of them after it."

return M
