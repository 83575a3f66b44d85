--- `retries`, the same everywhere: how often, and how long to wait before each.
--
--     retries = 3        retries = { max = 3, backoff = "1s", max_backoff = "30s", jitter = 0.2,
--                                      breaker = { failures = 5, pause = "1m" } }
--
-- A described one is `{ max, backoff_ns, max_backoff_ns, jitter, breaker }`, the last of them
-- `{ failures, pause_ns }`; max and breaker are absent where nothing was said of them.

local options = require("weir.lib.options")

local M = {}

local breaker = {
  failures = { kind = "integer", min = 1, required = true },
  pause = { kind = "duration", default = "1m" },
}

options.define("breaker", function(value, _, where)
  if type(value) == "number" and value >= 1 and value % 1 == 0 then
    value = { failures = value }
  elseif type(value) ~= "table" or getmetatable(value) ~= nil then
    return nil, 'a number of failures, or { failures = 5, pause = "1m" }'
  end
  return options.check(breaker, value, { subject = "breaker", where = where })
end)

local spec = {
  max = { kind = "integer", min = 0 },
  backoff = { kind = "duration", default = "100ms" },
  max_backoff = { kind = "duration", default = "30s" },
  jitter = { kind = "share", default = 0.2 },
  breaker = { kind = "breaker" },
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
  .. " retries = { max, backoff, max_backoff, jitter, breaker } says otherwise; with breaker = 5"
  .. " there is a pause of 1m after five failures in a row, and after each one that follows."

--- Likewise for sinks whose trouble passes by itself.
M.waits = [[
No room on the disk, a lock that another process holds and too many open files are
waited for: the sources rest, weir says so once (and `weir top`, and weir_sink_waits),
and when it has passed the sink goes on where it was, with nothing lost or doubled. It
tries after 100ms, then twice as long each time up to 5s, a fifth of it left to chance,
for ever; but where every input ends by itself, the run fails at once. retries = n or
{ max, backoff, max_backoff, jitter, breaker } say otherwise for both. A stop waits for
drain_timeout.]]

return M
