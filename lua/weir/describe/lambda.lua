--- What lambdas may call: weir.now, weir.meta and the like.
--
-- Describing knows only that they exist. The engine installs the real ones in each
-- worker's state; until then, while a script loads, they answer with an error.

local errors = require("weir.lib.errors")
local list = require("weir.lib.list")
local null = require("weir.lib.null").null

local M = {}

M.functions = { null = null }

--- The first of the values that is neither missing nor null, or else the last.
function M.functions.coalesce(a, b, ...)
  if a ~= nil and a ~= null then
    return a
  elseif select("#", ...) > 0 then
    return M.functions.coalesce(b, ...)
  end
  return b
end

--- The table, or a new one, as a list: empty, it is written as [].
function M.functions.list(items)
  if items ~= nil and type(items) ~= "table" then
    errors.raise(errors.where(), "weir.list: a table is needed, not %s", errors.show(items))
  elseif items ~= nil and getmetatable(items) ~= nil and not list.is(items) then
    errors.raise(errors.where(), "weir.list: the table has a metatable of its own")
  end
  return list.new(items)
end

local AT_WORK = { "http_get", "http_post", "log", "meta", "now", "random", "sleep", "to_table" }

for _, name in ipairs(AT_WORK) do
  M.functions[name] = function()
    errors.raise(errors.where(), "weir.%s: answers while the pipeline runs, so call it in a lambda",
      name)
  end
end

--- Replaces functions for lambdas by the engine's.
---@param weir table  the public module
---@param functions table<string, function>
function M.install(weir, functions)
  for name, fn in pairs(functions) do
    assert(M.functions[name], name)
    weir[name] = fn
  end
end

local function doc(name, signature, summary, shape, errors_text, example, input, output)
  return {
    name = name,
    group = "in lambdas",
    signature = signature,
    summary = summary,
    shape = shape,
    errors = errors_text,
    cost = "One call.",
    example = example,
    input = input,
    output = output,
  }
end

M.docs = {
  doc("null", "weir.null", "JSON null. It is true in Lua's `if`, so compare: r.x == weir.null."
    .. " Writing it writes null; writing nil removes the field.", "a value", "None.", [[
weir.from "a.jsonl" :map(function(r) r.note = weir.null end):to "b.jsonl"]]),
  doc("coalesce", "weir.coalesce(a, b, ...)", "The first of the values that is neither missing nor"
    .. " null, or else the last.", "-> one of them",
    "None.", [[
weir.from "a.jsonl" :map(function(r) r.host = weir.coalesce(r.host, "?") end):to "b.jsonl"]],
    { { host = "x" }, { n = 1 } }, { { host = "x" }, { n = 1, host = "?" } }),
  doc("list", "weir.list(t)", "The table t, or a new one, as a list. An empty table is written as"
    .. " {}, an empty list as []. What weir.to_table makes of [] is one already.", "table -> table",
    "What is no table is refused; a list with text keys cannot be written.", [[
weir.from "a.jsonl" :map(function(r) r.tags = weir.list() end):to "b.jsonl"]],
    { { n = 1 } }, { { n = 1, tags = {} } }),
  doc("meta", "weir.meta(r)", "Where a record came from, as far as its source knows: source"
    .. " path offset partition, and record, its number, unless it was made of several; peer, who"
    .. " sent it, in whose bytes the offset then is; topic and type that it was published under"
    .. " last (weir.bus). In a text: @path, @offset.",
    "record -> { source, path, offset, partition, record, peer, topic, type }",
    "What is no record is refused.", [[
weir.from "logs/*.jsonl" :map(function(r) r.file = weir.meta(r).path end):to "all.jsonl"]]),
  doc("to_table", "weir.to_table(r)", "A plain Lua table of a record or a value in it, to keep or"
    .. " to pass to next, table.* and unpack, which take no records.", "record -> table", "None.",
    [[
weir.from "a.jsonl" :map(function(r) r.tags = table.concat(weir.to_table(r.tags), ",") end)
  :to "b.jsonl"]], { { tags = { "a", "b" } } }, { { tags = "a,b" } }),
  doc("now", "weir.now()", "The time of the engine's clock. In tests and replays it is theirs, so"
    .. " that they repeat.", "-> milliseconds since 1970", "None.", [[
weir.from "a.jsonl" :map(function(r) r.seen_ms = weir.now() end):to "b.jsonl"]]),
  doc("random", "weir.random()", "A number from 0 up to 1 of the engine's own sequence, so that"
    .. " tests and replays repeat.", "-> number", "None.", [[
weir.from "a.jsonl" :filter(function() return weir.random() < 0.5 end):to "half.jsonl"]]),
  doc("http_get", 'weir.http_get(url, { headers, timeout = "30s", connect_timeout = "10s",'
    .. ' max_body = "16MiB", tls })', "In the function of :map_async, the answer to a GET request;"
    .. " other records go on meanwhile. An answer is { status, headers, body }, its headers by"
    .. " their names in small letters, and answer:json() is what its body says, null as weir.null."
    .. " Values of headers may be secrets. A redirect is an answer like any other. tls says"
    .. " whom to trust and who we are (`weir help tls`). It needs libcurl.",
    "url -> answer", "No answer, a body longer than max_body, 408, 429 and 5xx are errors, which"
    .. " retries of map_async may try again. Elsewhere than in the function of :map_async it is"
    .. " refused, since it would block.", [[
weir.from "orders.jsonl" :map_async(function(r)
    local answer = weir.http_get("http://rates.internal/" .. r.currency)
    r.rate = answer.status == 200 and answer:json().rate or weir.null
  end):to "priced.jsonl"]]),
  doc("http_post", 'weir.http_post(url, body, { headers, timeout = "30s", connect_timeout = "10s",'
    .. ' max_body = "16MiB", tls })', "As weir.http_get, with a body that is sent: a text, or any"
    .. " other value as JSON. Content-Type is application/json then, and text/plain for a text,"
    .. " unless headers say otherwise.",
    "url, body -> answer", "As weir.http_get: what is tried again may so be posted twice.", [[
weir.from "tickets.jsonl" :map_async(function(r)
    r.topic = weir.http_post("http://models.internal/classify", { text = r.text }):json().topic
  end):to "sorted.jsonl"]]),
  doc("sleep", "weir.sleep(duration)", "In the function of :map_async, waits; other records go on"
    .. " meanwhile.", "-> nothing", "Elsewhere it is refused, since it would block.", [[
weir.from "a.jsonl" :map_async(function() weir.sleep "10ms" end):to "b.jsonl"]]),
  doc("log", "weir.log(level, text)", "Writes to the engine's log: level is \"debug\", \"info\","
    .. " \"warn\" or \"error\".", "-> nothing", "Another level is refused.", [[
weir.from "a.jsonl" :tap(function(r) weir.log("info", r.path) end):to "b.jsonl"]]),
}

return M
