--- Lambdas as people write them, for the records of hostile_records.lua: 200 by hand, and
-- as many as are wanted by chance. All can be lifted.
--
--     conditions, values, maps    lists of source
--     PRELUDE                     what stands before them

local M = {}

M.PRELUDE = [[
local weir = require "weir" local floor, lower = math.floor, string.lower
local LIMIT, NAME, FACTOR, OFF, NOTHING = 500, "GET", 0.5, false, nil
local unit = { ms = 1000, name = "s", deep = { er = 3 } }
local function prefix(p) return p:match("^(.*)/") end
local function bucket(x) if x < 10 then return "fast" elseif x < 100 then return "ok" end
return "slow" end
local function between(x, a, b) return x >= a and x <= b end
local function twice(x) local y = x + x return y end
local function clean(s) if s == nil then return "" end return lower(s) end
local function pair(x) return x + 1, x - 1 end
local function outer(x) return twice(bucket(x) == "fast" and 1 or 2) end
local function is_null(x) return x == nil or x == weir.null end
local helper = {} function helper.sum(a, b) return a + b end
local LEVELS, NAMES = { a = 1, bb = 2, GET = 3 }, { [200] = "ok", [500] = "bad", a = "A" }
local SKIP, WORDS = { "/api", "x" }, { "a", "B", "b" }
local function where(s) return s:find("[ab]+") end
local function any(s) for _, w in ipairs(WORDS) do if s == w then return w end end
return "none" end]]

M.conditions = {
  "r.status >= 500", "r.status > LIMIT", "r.status < 500", "r.status <= LIMIT", "r.status == 500",
  "r.status ~= 500", "500 <= r.status", "not (r.status >= 500)", "not (r.status < 500)",
  "not (r.status == 500)", "r.ok", "not r.ok", "not not r.ok", "r.ok == true", "r.ok == false",
  "r.ok ~= true", "r.missing", "r.missing == nil", "r.missing ~= nil", "r.user == weir.null",
  "r.user ~= weir.null", "r.host == 'a'", "r.host ~= 'a'", "r.host < 'b'", "r.host >= 'b'",
  "r.status >= 500 and r.ok", "r.status >= 500 or r.ok", "r.status >= 500 and not r.ok",
  "r.status >= 200 and r.status < 300", "r.status < 200 or r.status >= 300",
  "r.status >= 500 and r.ms > 100 or r.host == 'a'", "(r.ok or r.status > 1) and r.ms < 5",
  "r.ok and r.host == 'a' or not r.ok and r.host == 'b'", "r.http.method == 'GET'",
  "r.http.method == NAME and r.http.code ~= 200", "r.http.code >= 400", "r.http.headers == nil",
  "r.http and r.http.code", "r.http ~= nil and r.http.method ~= nil", "r.tags ~= nil",
  "r.ms * 2 > r.status", "r.ms + r.status == 600", "r.ms - 1 < 0", "r.ms / 10 >= 5",
  "r.ms % 2 == 0", "-r.ms < -10", "r.ms * FACTOR > 3", "r.n ~= r.n", "r.n == r.n", "r.a == r.b",
  "r.ms < r.status", "r.ms <= r.status and r.status <= r.ms", "#r.path > 4", "#r.host == 1",
  "r.path:sub(1, 3) == '/ap'", "r.path:sub(-3) == 'txt'", "r.path:byte() == 47",
  "r.path:byte(2) ~= 47", "r.path:find('/', 1, true) == 1", "r.path:find('api')",
  "r.path:find('^/api')", "r.path:find('%d')", "not r.path:find('x')", "r.path:match('^/')",
  "r.path:match('%d+') ~= nil", "r.path:match('(%w+)$') == 'txt'", "r.path:lower() == '/api'",
  "r.host:upper() == 'A'", "r.host:len() == 1", "string.sub(r.path, 2) == 'api'",
  "string.lower(r.host) == 'a'", "string.find(r.path, 'a', 1, true)", "lower(r.host) == 'a'",
  "math.floor(r.ms) == r.ms", "math.abs(r.n) > 2", "math.max(r.ms, r.status) > 100",
  "math.min(r.ms, r.status, 50) == 50", "math.ceil(r.ms / 3) == 4", "math.sqrt(r.ms) > 3",
  "r.ms < math.huge", "r.ms > math.pi", "bit.band(r.status, 1) == 1", "bit.bor(r.status, 1) > 3",
  "bit.rshift(r.status, 2) == 125", "tonumber(r.host) == nil", "tonumber(r.s) == 5",
  "tostring(r.status) == '500'", "weir.coalesce(r.user, 'x') == 'x'",
  "weir.coalesce(r.missing, r.ok)", "bucket(r.ms) == 'fast'", "between(r.status, 200, 299)",
  "prefix(r.path) == '/a'", "clean(r.host) == 'a'", "is_null(r.user)", "OFF or r.ok",
  "OFF and r.ok", "r.ok and NOTHING", "helper.sum(r.ms, 1) > unit.ms", "r.ms > unit.deep.er",
  "r['status'] == 500", "r.a and r.b and r.ok", "r.a or r.b or r.ok", "true", "LIMIT == 500",
  "type(r.status) == 'number' and r.status >= 500", "type(r.http) == 'table'",
  "type(r.a) == type(r.b)", "type(r.missing) == 'nil'", "type(r.user) ~= 'userdata'",
  "LEVELS[r.host]", "LEVELS[r.host] == 1", "NAMES[r.status] == 'ok'", "#r.tags > 0",
  "r.tags[1] == 'x'", "r.tags and r.tags[1]", "r.tags[#r.tags] == 'y'", "any(r.host) ~= 'none'",
  "r.tags[2] ~= nil", "(r.path:match('^/(%w+)/(%w+)'))",
  "r.path:find('/', 2, true) == 5", "r.path:find('a', 2)", "r.path:match('^%w+', 2) == 'api'",
  "r.path:find('/', r.ms, true)", "r.path:find('^api', 2)", "r.path:find('', -2, true)",
  "outer(r.ms) == 2", "(r.host .. r.path):find('/', 1, true) == 2", "r.n == 9007199254740993",
}

M.values = {
  "r.status", "r.http", "r.http.code", "r.missing", "nil", "5", "'text'", "true", "weir.null",
  "r.status + 1", "r.ms * 2 + r.status / 4 - 3", "(r.ms + 1) % 7", "-r.ms", "r.ms % 0.3",
  "r.host .. '!'", "r.host .. ':' .. r.ms", "r.ms .. r.status", "'<' .. r.path .. '>'",
  "r.ok and 1 or 0", "r.ok and r.host or r.path",
  "r.ms < 10 and 'fast' or r.ms < 100 and 'ok' or 'slow'",
  "r.missing or 'none'",
  "r.user or 'none'", "not r.ok", "not r.missing", "r.status > 300",
  "r.status == 200 or r.ok", "#r.path", "r.path:sub(2)", "r.path:sub(2, 4)", "r.path:sub(-2, -1)",
  "r.path:byte(1)", "r.path:byte(100)", "r.path:find('p', 1, true)", "r.path:match('^(.*)/')",
  "r.path:match('^/[^/]*')", "r.path:match('^[^?]*')", "r.path:match('%d+')", "r.path:lower()",
  "r.host:upper()", "math.floor(r.ms / 10) * 10", "math.ceil(r.ms)", "math.max(r.ms, 3)",
  "math.min(3, r.ms)", "floor(r.ms)", "tonumber(r.s)", "tostring(r.ms)", "tostring(r.host)",
  "tonumber(r.path:match('%d+'))", "bit.bxor(r.status, 255)", "bit.lshift(r.status, 3)",
  "bit.bnot(r.status)", "bit.arshift(r.n, 1)", "prefix(r.path)", "bucket(r.ms)", "twice(r.ms)",
  "outer(r.ms)", "clean(r.s)", "weir.coalesce(r.user, r.host)", "unit.name", "(pair(r.ms))",
  "(r.path:find('p', 3, true))", "(r.path:find('[ap]', -3))", "(r.path:find('', 3))",
  "r.path:match('(%w*)', 2)", "r.path:match('.', -1)", "(r.s:find('5', 0, true))",
  "r.path:sub(1, (r.path:find('/', 2, true) or 0) - 1)",
  "(r.path:find('a', (r.path:find('a', 1, true) or 0) + 1, true))", "(r.path:find('x', 100))",
  "(r.path:find('', r.status))", "r.path:match('/?', r.n)",
  "type(r.a)", "type(r.user)", "type(r.n)", "LEVELS[r.host] or 'none'", "NAMES[r.status]",
  "NAMES[r.a]", "r.tags[1]", "r.tags[r.b]", "#r.tags", "r.http[1]", "#r.http",
  "('%d'):format(r.status)", "('%05d|%-6d|%6d'):format(r.ms, r.n, r.status)",
  "string.format('%.2f', r.ms)", "('%.1f %f'):format(r.ms / 16, r.n)", "('%.0f'):format(r.ms / 2)",
  "('%x %X'):format(r.status, r.n)", "('%s:%s'):format(r.host, r.ms)", "('%s%%'):format(r.ok)",
  "('%5s|%-5s|%.2s'):format(r.host, r.s, r.path)",
  "('%8.3f|%-8.1f|%08.2f'):format(r.ms, r.n, r.ms)",
  "(r.path:gsub('%d', '#'))", "r.path:gsub('a', '<%0>')", "(r.path:gsub('(%w)(%w)', '%2%1'))",
  "(r.path:gsub('^/', ''))", "(r.path:gsub('', '-'))", "(r.s:gsub('/+$', '%%'))",
  "(r.path:gsub('x*', '.'))", "any(r.host)", "(where(r.path))",
}

M.maps = {
  "r.x = 1", "r.x = r.status + 1", "r.status = r.status + 1", "r.status = nil", "r.x = nil",
  "r.x = weir.null", "r.x, r.y = r.y, r.x", "r.host, r.path = r.path, r.host", "r.x = r.http",
  "r.http = nil r.x = r.http", "r.x = 1 r.y = r.x + 1", "r.status = 3 r.status = r.status + 1",
  "if r.ok then r.x = 1 end", "if r.ok then r.x = 1 else r.x = 2 end",
  "if r.ok then r.x = 1 end r.y = r.x", "if r.ok then r.status = nil end r.y = r.status",
  "if r.ms < 10 then r.x = 'a' elseif r.ms < 100 then r.x = 'b' else r.y = 'c' end",
  "if r.missing == nil then return end r.x = 1",
  "local x = r.ms if r.ok then x = x + 1 end r.x = x",
  "local a, b = r.status, r.ms r.x = a > b and a or b", "r.x = bucket(r.ms) r.y = prefix(r.path)",
  "local a, b = pair(r.ms) r.x = a * b", "r.x = r.host .. r.path return r", "return",
  "r.slow = r.ms > 250", "r.x = not r.ok", "do local t = r.ms r.x = t end",
  "local r2 = r r2.x = r2.ms", "if r.ms > 5 and r.ok then r.x = 1 return end r.y = 2",
  "if not r.ok then error('bad') end r.x = 1", "assert(r.host) r.x = r.host",
  "r.x = assert(r.host, 'no host')", "local s = r.s or '' r.x = s .. '.'",
  "return { a = r.status, b = r.host }", "return { path = r.path:lower(), ms = r.ms / 1000 }",
  "return { z = 1, a = 2, m = r.missing }", "local t = {} t.a = r.ms t.b = t.a return t",
  "local t = { a = 1 } if r.ok then t.b = 2 end return t",
  "if r.ok then return { a = 1 } end return { b = r.host }", "return { x = r.http, u = r.user }",
  "r.x = 1 return { a = r.x, b = r.status }",
  "r.x = r.a == r.b r.y = r.a ~= nil", "r.n = math.floor(r.n)",
  "local a, b = r.path:match('^/(%w+)/(%w+)') r.x = a r.y = b",
  "local a, b, c = r.path:match('(%w)()(.)') r.x = a r.y = b r.z = c",
  "local a, b = r.path:find('[ap]+') r.x = a r.y = b",
  "local a, b = r.s:find('5', 1, true) r.x = b",
  "local a, b = where(r.path) r.x = a r.y = b", "local a, b = r.host:match('a') r.x = a r.y = b",
  "r.x = r.path:sub(r.path:find('p'))",
  "r.meta = { host = r.host, deep = { a = r.a, b = r.missing } }",
  "r.list = { r.host, r.ms, 'x', r.http }", "r.list = { 1, 2, { r.s } }", "r.e = { }",
  "return { id = r.n, geo = { lat = r.ms, lon = r.n }, tags = { r.host, 'k' } }",
  "return { a = { b = { c = r.path:sub(2) } } }", "r.x = { a = r.a } r.y = r.x.a r.z = type(r.x)",
  "local t = { r.a } t[2] = r.b r.x = t", "local t = { a = 1 } r.x = t t.b = r.host r.y = t",
  "for _, p in ipairs(SKIP) do if r.path:find(p, 1, true) == 1 then return end end r.x = 1",
  "local n = 0 for i, w in ipairs(WORDS) do if r.host == w then n = n + i end end r.x = n",
  "for _, w in ipairs(WORDS) do if w == r.host then r.x = w break end end r.y = r.x",
  "for _, v in ipairs(WORDS) do for _, w in ipairs(SKIP) do r.x = v .. w .. r.host end end",
  "r.x = LEVELS[r.host] or LEVELS.GET r.y = NAMES[r.http.code]",
  "for i = 1, 3 do r.x = i end", "local n = 0 for i = 1, 4 do n = n + i * r.ms end r.x = n",
  "for i = 3, 1, -1 do if r.status > i * 200 then r.x = i break end end r.y = r.x",
  "for i = 1, 0 do r.x = i end r.y = 1", "for i = 1, 2, 0.25 do r.x = r.ms * i end",
  "for i = 1, 16 do if r.path:byte(i) == 47 then r.x = i end end",
  "for i = 1, 3 do for j = i, 3 do if r.ok then r['k'] = i * j else return end end end",
  "for i = 1, #WORDS do if r.host == WORDS[i] then r.x = i end end",
  "for i = 1, 2 do if r.ok then return { i = i, h = r.host } end r.x = i end return { i = 0 }",
  "local a, b = r.path:find('a', 2, true) r.x = a r.y = b",
  "local at = r.path:find('/', 2, true) if at then r.x = r.path:sub(at + 1) end",
  "if type(r.s) == 'string' then r.s = tonumber(r.s) or r.s end",
}

local counts = #M.conditions + #M.values + #M.maps
assert(counts >= 200, counts)

local numbers = { "r.status", "r.ms", "r.n", "r.http.code", "3", "0.5", "LIMIT", "-1" }
local texts = { "r.host", "r.path", "r.s", "'a'", "'/api'", "NAME" }
local others = { "r.missing", "r.user", "r.ok", "r.a", "r.b", "nil", "weir.null", "r.tags" }

local function pick(list)
  return list[math.random(#list)]
end

local make = {}

function make.number(depth)
  local way = depth <= 0 and 0 or math.random(0, 7)
  if way <= 1 then
    return pick(numbers)
  elseif way <= 3 then
    return ("(%s %s %s)"):format(make.number(depth - 1), pick({ "+", "-", "*", "/", "%" }),
      make.number(depth - 1))
  elseif way == 4 then
    return ("%s(%s)"):format(pick({ "floor", "math.abs", "math.ceil", "twice" }),
      make.number(depth - 1))
  elseif way == 5 then
    return ("#%s"):format(make.text(0))
  elseif way == 6 then
    return ("(%s and %s or %s)"):format(make.condition(depth - 1), make.number(depth - 1),
      make.number(depth - 1))
  end
  return ("math.max(%s, %s)"):format(make.number(depth - 1), make.number(depth - 1))
end

function make.text(depth)
  local way = depth <= 0 and 0 or math.random(0, 5)
  if way <= 1 then
    return pick(texts)
  elseif way == 2 then
    return ("(%s .. %s)"):format(make.text(depth - 1), make.any(depth - 1))
  elseif way == 3 then
    return ("string.sub(%s, %d)"):format(make.text(depth - 1), math.random(-3, 3))
  elseif way == 4 then
    return ("string.upper(%s)"):format(make.text(depth - 1))
  end
  return ("(%s or %s)"):format(make.text(depth - 1), make.text(depth - 1))
end

function make.any(depth)
  local way = math.random(4)
  if way == 1 then
    return make.number(depth)
  elseif way == 2 then
    return make.text(depth)
  end
  return way == 3 and pick(others) or make.condition(depth)
end

function make.condition(depth)
  local way = depth <= 0 and math.random(2) or math.random(7)
  if way == 1 then
    return ("%s %s %s"):format(make.number(depth - 1), pick({ "<", "<=", ">", ">=", "==", "~=" }),
      make.number(depth - 1))
  elseif way == 2 then
    return ("%s %s %s"):format(make.any(depth - 1), pick({ "==", "~=" }), make.any(depth - 1))
  elseif way == 3 then
    return ("%s < %s"):format(make.text(depth - 1), make.text(depth - 1))
  elseif way == 4 then
    return ("not (%s)"):format(make.any(depth - 1))
  end
  return ("(%s %s %s)"):format(make.condition(depth - 1), pick({ "and", "or" }),
    make.condition(depth - 1))
end

local targets = { "x", "y", "status", "host", "ms" }
local returned = { "", "r", "{ a = v, b = r.x }", "nil" }
local statement

local function block(depth)
  local list = {}
  for i = 1, math.random(3) do
    list[i] = statement(depth)
  end
  return table.concat(list, " ")
end

local statements = {
  function()
    return ("r.%s = %s"):format(pick(targets), make.any(2))
  end,
  function()
    return ("v = %s"):format(make.any(2))
  end,
  function()
    return ("w = r.%s"):format(pick(targets))
  end,
  function()
    return ("r.%s = w or v"):format(pick(targets))
  end,
  function()
    return ("t.a = v t.b = r.%s"):format(pick(targets))
  end,
  -- With blocks of their own.
  function(depth)
    return ("if %s then %s else %s end"):format(make.condition(2), block(depth - 1),
      block(depth - 1))
  end,
  function(depth)
    return ("if %s then %s end"):format(make.condition(2), block(depth - 1))
  end,
  function(depth)
    return ("for i = %d, 3 do v = i %s end"):format(math.random(4), block(depth - 1))
  end,
  function(depth)
    return ("do local v, w = %s, w %s end"):format(make.any(2), block(depth - 1))
  end,
  function(depth)
    return ("if %s then %s return %s end"):format(make.condition(2), block(depth - 1),
      pick(returned))
  end,
}

function statement(depth)
  return statements[math.random(depth > 0 and #statements or 5)](depth)
end

--- The body of a map by chance.
function M.body()
  local ending = math.random(3) == 1 and " do return t end" or ""
  return "local v, w, t = r.a, nil, {} " .. block(2) .. ending
end

--- A condition by chance, from math.random.
function M.condition()
  return make.condition(3)
end

--- A value by chance.
function M.value()
  return make.any(3)
end

return M
