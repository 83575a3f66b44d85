--- Makes random records and random scripts over them.

local M = {}

local random = math.random

local function pick(list)
  return list[random(#list)]
end

local function maybe(chance)
  return random() < chance
end

-- --- records

local NUMBERS = { "0", "1", "2", "7", "-3", "100", "2.5", "0.25", "1e2", "5.0" }
local WRONG = { '"12"', '"x"', "true", "null" }
local TEXTS = { '""', '"a"', '"Zed"', '"größe"', '"tab\\t"', '"q\\"q"', '"a b c"', '"日本"' }
local BIG = { "9007199254740993", "18446744073709551615", "-9223372036854775808", "1", "1e400" }
local MESSAGES = {
  '"{\\"n\\": 4, \\"level\\": \\"warn\\"}"', '"{}"', '"oops"', '"[1]"', '""', "7",
  '"{\\"user\\":{\\"id\\":9}}"', '"{\\"a\\": \\"\\\\n\\"}"', '"{"', "null",
}

local function list_of(count, make)
  local out = {}
  for i = 1, count do
    out[i] = make()
  end
  return "[" .. table.concat(out, pick({ ",", ", " })) .. "]"
end

local function number_or_worse()
  return maybe(0.85) and pick(NUMBERS) or pick(WRONG)
end

local function item()
  return ('{"sku":%s,"n":%s}'):format(pick(TEXTS), number_or_worse())
end

local MAKERS = {
  n = number_or_worse,
  f = function()
    return maybe(0.9) and tostring(random(-200, 200) / 64) or pick(WRONG)
  end,
  s = function()
    return maybe(0.9) and pick(TEXTS) or pick({ "null", "3", "[]" })
  end,
  k = function()
    return pick({ '"a"', '"b"', '"c"', "1", "null", "true" })
  end,
  big = function()
    return pick(BIG)
  end,
  t = function()
    return pick({ "true", "false", "null" })
  end,
  tags = function()
    return maybe(0.9) and list_of(random(0, 3), function() return pick(TEXTS) end) or "null"
  end,
  user = function()
    return maybe(0.85) and ('{ "id" : %s, "name":%s }'):format(pick(NUMBERS), pick(TEXTS))
      or pick({ "null", '"root"' })
  end,
  items = function()
    local broken = maybe(0.1) and ",3]"
    local list = list_of(random(0, 4), item)
    return broken and #list > 2 and list:sub(1, -2) .. broken or maybe(0.9) and list or "null"
  end,
  message = function()
    return pick(MESSAGES)
  end,
}
local NAMES = { "n", "f", "s", "k", "big", "t", "tags", "user", "items", "message" }

--- One record as JSON text, fields missing at random and in any order.
function M.record()
  local parts, start = {}, random(#NAMES)
  for i = 1, #NAMES do
    local name = NAMES[(start + i) % #NAMES + 1]
    if maybe(0.8) then
      parts[#parts + 1] = ('"%s":%s%s'):format(name, pick({ "", "", " " }), MAKERS[name]())
    end
  end
  return "{" .. table.concat(parts, pick({ ",", " ,", ", " })) .. "}"
end

M.MALFORMED = { '{"n":', '{"n":1}}', "17", "plain", '{"s":"a}', '{"n":[1}' }

-- --- scripts

local CONDITIONS = {
  '"n > 1"', '"n >= 0 and f < 1"', '"s ~ \'a\'"', '"user.id == 7"', '"k in (\'a\', 1)"',
  '"t"', '"not t"', '"n is null"', '"exists user"', '"big > 5"', '"tags contains \'a\'"',
  '"n % 2 == 0 or upper(s) == \'ZED\'"', '"s starts_with \'a\'"', '"user.name .. s == \'a\'"',
  "function(r) return r.n > 1 end", "function(r) return r.t end",
  "function(r) return #r.tags > 1 end", "function(r) return r.user.id == 7 end",
  "function(r) return r.s:find('a', 1, true) end", "function(r) return r.big == r.n end",
  "function(r) return r.f and r.f > 0 end", "function(r) return r.user ~= null end",
}
local COLUMNS = {
  '"n"', '"k"', '"s"', '"big"', '"user"', 'twice = "n * 2"', 'low = "lower(s)"',
  'id = "user.id"', 'first = "tags[1]"', 'x = function(r) return r.n + r.f end',
  'all = function(r) return r.tags end', 'b = "big"', "yes = 'true'",
  'made = function(r) return { n = r.n, list = { r.s or null, r.k or null } } end',
}
local SETS = {
  'n = "n + 1"', 's = "s .. s"', 'sum = "n + f"', 'big2 = "big"',
  "user = function() return nil end",
  'tags = function(r) return { r.s or null, r.n or null } end', "z = 'null'", 'who = "user.name"',
  "f = function(r) return r.f / 2 end", 'kind = function(r) return type(r.user) end',
  "copy = function(r) return r.user end", "nan = function() return 0 / 0 end",
}
local MAPS = {
  "function(r) r.n = r.n * 2 end", "function(r) r.tags[#r.tags + 1] = r.s end",
  "function(r) r.user.name = 'x'; r.seen = true end", "function(r) r.s = nil; r.n = nil end",
  "function(r) return { n = r.n, u = r.user, k = r.k } end", "function(r) return r.user end",
  "function(r) if r.t then return end r.items = nil end", "function(r) return r.n end",
  "function(r) local t = r.tags; t[1] = 'new'; r.size = #t end", "function(r) return r end",
  "function(r) r.s = r.s .. '!' ; if r.n > 1 then error('n is large') end end",
  "function(r) r.user = { id = r.n, deep = { r.s or null, { a = null } } } end",
}
local FLATS = {
  '"items"', "function(r) return r.items end",
  "function(r) return { { n = r.n }, { n = r.f }, r } end", "function() return {} end",
  "function(r) local out = {}; for i = 1, r.n do out[i] = { n = i, s = r.s } end return out end",
}
local TAPS = { "function(r) r.n = 99 end", "function(r) return r.user.id end", "function() end" }
local KEYS = { '"k"', '"s"', '"t"', '"k", "t"', '{ k = "k", even = "n % 2 == 0" }' }
local AGGREGATES = {
  "weir.count()", 'weir.count{ where = "n > 1" }', 'weir.sum("n")', 'weir.sum("f")',
  'weir.avg("f")', 'weir.min("n")', 'weir.max("s")', 'weir.first("user")', 'weir.last("s")',
  'weir.min("big")', 'weir.max("k")', 'weir.sum("n", { where = "t" })',
  "weir.max(function(r) return r.n + 1 end)", 'weir.first("tags")', 'weir.last("big")',
}
local ORDERS = {
  '"n"', '"-f"', '{ "k", "-n" }', '"s"', '"-big"', '"t"', "function(r) return r.user.id end",
  '{ "-k", "s" }', '"tags"',
}
local ON_ERROR = {
  '"skip"', '"dead_letter"', '"stop"', "function(err, r) return { failed = true, n = r.n } end",
  "function(err, r) return nil end", "function(err, r) r.bad = true; return r end",
}

-- ", { on_error = ..., parallel = true }", each now and then: no function here remembers
-- anything.
local function options(allow_function)
  local given = {}
  if maybe(0.25) then
    local chosen = maybe(0.05) and 3 or allow_function and random(4, #ON_ERROR) or random(2)
    given[1] = "on_error = " .. ON_ERROR[chosen]
  end
  if maybe(0.6) then
    given[#given + 1] = "parallel = true"
  end
  return #given > 0 and (", { %s }"):format(table.concat(given, ", ")) or ""
end

local function some(list, least, most)
  local out, seen = {}, {}
  for _ = 1, random(least, most) do
    local one = pick(list)
    local name = one:match("^(%w+) =") or one:gsub('"', "")
    if not seen[name] then
      seen[name] = true
      out[#out + 1] = one
    end
  end
  return table.concat(out, ", ")
end

local stages = {}

function stages.filter()
  return (":filter(%s%s)"):format(pick(CONDITIONS), options(true))
end

function stages.map()
  return (":map(%s%s)"):format(pick(MAPS), options(true))
end

-- In the model nobody can wait, and nobody need.
function stages.map_async()
  local wait = ("pcall(weir.sleep, '%dms')"):format(random(0, 3))
  local fn = ("function(r) %s return (%s)(r) end"):format(maybe(0.7) and wait or "", pick(MAPS))
  return (":map_async(%s, { concurrency = %d })"):format(fn, random(6))
end

function stages.flat_map()
  return (":flat_map(%s%s)"):format(pick(FLATS), options(true))
end

function stages.select()
  return (":select({ %s }%s)"):format(some(COLUMNS, 1, 5), options(true))
end

function stages.set()
  return (":set({ %s }%s)"):format(some(SETS, 1, 3), options(true))
end

function stages.rename()
  return pick({ ':rename{ text = "s" }', ':rename{ n = "f", f = "n" }',
    ':rename{ label = "tags" }' })
end

function stages.drop_fields()
  return pick({ ':drop_fields("n")', ':drop_fields("s", "user", "none")' })
end

function stages.take()
  return (":take(%d)"):format(random(1, 30))
end

function stages.skip()
  return (":skip(%d)"):format(random(0, 8))
end

function stages.sample()
  return (":sample{ keep = %s }"):format(pick({ "0.5", "0.9", '"33%"', "1", "0" }))
end

function stages.dedup()
  return (":dedup{ key = %s, within = '1h' }"):format(pick({ '"k"', '{ "k", "t" }', '"s"' }))
end

function stages.tap()
  return (":tap(%s%s)"):format(pick(TAPS), options(true))
end

function stages.parse()
  return pick({ ':parse("json")', ':parse("json", { into = "p" })',
    ':parse("json", { keep_field = true })', ':parse("json", { field = "s", on_error = "skip" })' })
end

function stages.aggregate()
  local columns = {}
  for i = 1, random(1, 4) do
    columns[i] = ("a%d = %s"):format(i, pick(AGGREGATES))
  end
  local group = maybe(0.7) and (":group_by(%s)"):format(pick(KEYS)) or ""
  return ("%s:aggregate({ %s }%s)"):format(group, table.concat(columns, ", "), options(false))
end

function stages.sort()
  return (":sort{ by = %s%s }"):format(pick(ORDERS), maybe(0.1) and ', on_error = "skip"' or "")
end

function stages.top()
  return (":top{ n = %d, by = %s%s%s }"):format(random(4), pick(ORDERS),
    maybe(0.4) and ', key = "k"' or "", maybe(0.3) and ", ties = true" or "")
end

local KINDS = {
  "filter", "filter", "map", "map", "flat_map", "select", "set", "set", "rename", "drop_fields",
  "take", "skip", "tap", "parse", "aggregate", "sort", "top", "sample", "dedup",
  "map_async",
}

-- The state of a script under way: lines, and the streams that are not used up.
local function begin()
  return { lines = {}, open = {}, count = 0 }
end

local function add(script, format, ...)
  script.lines[#script.lines + 1] = format:format(...)
end

local function new_stream(script)
  script.count = script.count + 1
  local name = "s" .. script.count
  script.open[#script.open + 1] = name
  return name
end

local function take_stream(script)
  return table.remove(script.open, random(#script.open))
end

local steps = {}

function steps.stage(script)
  local kind = pick(KINDS)
  local from = take_stream(script)
  local text = stages[kind]()
  script.count_of = script.count_of + 1
  add(script, "local %s = %s%s:name 'n%d_%s'", new_stream(script), from, text, script.count_of,
    kind)
end

function steps.fork(script)
  local from = take_stream(script)
  add(script, "local %s = %s", new_stream(script), from)
  add(script, "local %s = %s", new_stream(script), from .. stages.filter())
end

function steps.route(script)
  local from = take_stream(script)
  local name = "to" .. script.count
  add(script, "local %s = %s:route({ { 'a', when = %s }, { 'b', when = %s } }, { all = %s })",
    name, from, pick(CONDITIONS), pick(CONDITIONS), tostring(maybe(0.5)))
  for _, port in ipairs(maybe(0.5) and { "a", "b", "default" } or { "a", "b" }) do
    add(script, "local %s = %s.%s", new_stream(script), name, port)
  end
end

function steps.split(script)
  local from = take_stream(script)
  local by = maybe(0.5) and tostring(2) or pick(CONDITIONS)
  local left = new_stream(script)
  add(script, "local %s, %s = %s:split(%s)", left, new_stream(script), from, by)
end

function steps.merge(script)
  if #script.open < 2 then
    return steps.stage(script)
  end
  local a, b = take_stream(script), take_stream(script)
  add(script, "local %s = %s:merge(%s)", new_stream(script), a, b)
end

local STEPS = { "stage", "stage", "stage", "stage", "fork", "route", "split", "merge", "merge" }

--- A script over files; its sinks are called o1, o2, ... and dead.
---@param sources string[]  Lua source of each source
---@return string text
function M.script(sources)
  local script = begin()
  script.count_of = 0
  add(script, 'local weir = require "weir"; local null = weir.null')
  if maybe(0.1) then
    add(script, "weir.options{ on_error = %s }", pick({ '"skip"', '"dead_letter"' }))
  end
  for _, source in ipairs(sources) do
    add(script, "local %s = weir.from(%s)", new_stream(script), source)
  end
  for _ = 1, random(0, 7) do
    if #script.open < 6 then
      steps[pick(STEPS)](script)
    else
      steps.merge(script)
    end
  end
  for i, name in ipairs(script.open) do
    add(script, "%s:to(weir.memory{ name = 'o%d' })", name, i)
  end
  add(script, "weir.dead_letters():to(weir.memory{ name = 'dead' })")
  return table.concat(script.lines, "\n")
end

return M
