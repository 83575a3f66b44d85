--- map_async: as map, with many records under way, each of which may wait.
--
-- `flights` of such a node is what the engine is told: it makes the stage a segment of its
-- own, whose function waits for others.

local map = require("weir.op.map")

local CONCURRENCY_MAX = 4096

local M = {
  kind = "map_async",
  usage = ':map_async(function(r) r.body = weir.http_get(r.url).body end, { concurrency = 16 })',
  arguments = { { name = "expr", kind = "lambda" } },
  options = {
    concurrency = { kind = "integer", min = 1, max = CONCURRENCY_MAX, default = 16 },
    ordered = { kind = "boolean", default = true },
    timeout = { kind = "duration" },
    retries = { kind = "retries" },
  },
  sides = { "dead" },
}

function M.complete(node, refuse)
  if node.timeout_ns and node.timeout_ns <= 0 then
    refuse('a timeout is longer than nothing, such as timeout = "5s"')
  end
  node.flights = { rows = node.concurrency }
end

--- Whoever waits gets what a map would, in the end.
M.reference = map.reference

M.doc = {
  name = "map_async",
  group = "operators",
  signature = ":map_async(fn, { concurrency = 16, ordered = true, timeout, retries })",
  summary = "Calls fn(r) as map does, for up to concurrency records at the same time: while one"
    .. " waits in weir.http_get, weir.http_post or weir.sleep, others go on, and so does the rest"
    .. " of the pipeline. What is more waits outside. Records go on in their order, or with"
    .. " ordered = false as they are done.",
  body = [[

concurrency, at most 4096, is how many calls there are at once, and so how many
connections to a server. One that accepts fewer at a time than come keeps the rest in
its backlog, often 128; what is beyond that it does not answer, and the kernel asks
again after 1 s, then 2 s. Where some records take whole seconds longer than others,
say less. Each connection is a descriptor, too (ulimit -n).

timeout ends a record that is not done in so much time, tries and all, as a dead
letter. With retries a record is tried again, as it came, when fn ends with what a
request raised for lack of an answer or for 408, 429 or a 5xx; Retry-After is heeded
up to max_backoff. An error of fn itself is not tried again. With a
breaker, no record is taken on during its pause, and then one alone.

Where records have classes of priority, each keeps its own order, and the more
urgent ones begin and go on first; the others leave them an eighth of the calls,
and one at least.

When the input has ended or the run is stopped, what is under way is waited for.]],
  shape = "record -> record",
  units = "concurrency: records; timeout: time of one record; retries: `weir help retries`.",
  errors = "What blocks has no place in fn. An error, or a timeout, sets the record aside as it"
    .. " came. Counted: waits, timeouts, retries, pauses; under_way is how many there are now.",
  cost = "Some 10 us a record, on one worker, and more where each comes or ends alone; a copy of"
    .. " each record under way, and the batches that they came in.",
  example = [[
weir.from "users.jsonl"
  :map_async(function(r)
    local answer = weir.http_get("https://example.org/users/" .. r.id, { timeout = "2s" })
    r.name = answer:json().name
  end, { concurrency = 32, timeout = "10s", retries = 3 })
  :to "named.jsonl"]],
}

return M
