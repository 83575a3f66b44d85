--- Lambdas that try to tell a view from a text and a handle from a table.
--
--     PRELUDE    what stands before them, on one line
--     bodies     of maps, which return a table or change the record
--     records    JSON texts

local M = {}

M.PRELUDE = [[local kept, seen, last, count = {}, {}, nil, 0 ]]
  .. [[local function remember(x) local before = last last = x return before end ]]
  .. [[local function where(s) return s:find("b+") end]]

local long = ("abcdefghij"):rep(2000)

M.records = {
  '{"s":"abc","t":"abc","n":12,"k":"n","o":{"a":"abc","l":[1,"abc",{"x":"y"}]},"l":["abc",2]}',
  '{"s":"","t":"abc","n":0,"k":"s","o":{"a":""},"l":[]}',
  '{"s":"12","t":"1e1","n":12,"k":"o","o":{"a":12,"l":[]},"l":["12"]}',
  '{"s":"a\\u0000b","t":"\\u0000","n":-1.5,"k":"t","o":{"a":"a\\u0000b"},"l":["\\u0000"]}',
  '{"s":"\\"q\\" \\\\ \\n\\t","t":"\\u00e9","n":1e15,"k":"l","o":{"a":"\\u00e9"},"l":[null]}',
  '{"s":"é","t":"\\u00e9","n":3,"k":"é","é":"yes","o":{"a":"é","é":1},"l":["é","ü"]}',
  '{"s":"😀","t":"\\ud83d\\ude00","n":0.1,"k":"s","o":{"a":"😀"},"l":[[1],{"a":2}]}',
  '{"s":" 7 ","t":"0x10","n":7,"k":"missing","o":{"a":" 7 "},"l":[true,false]}',
  ('{"s":"%s","t":"%s","n":5,"k":"k","o":{"a":"x"},"l":[]}'):format(long, long),
  '{"s":true,"t":false,"n":"5","k":"n","o":"text","l":[[]]}',
  '{"n":1}',
  '{"s":null,"t":null,"n":null,"k":null,"o":null,"l":null}',
}

M.bodies = {
  -- Equality, whatever the text comes from.
  "return { e = r.s == r.t, f = r.s ~= r.t, g = r.s == 'abc', h = r.s == '' }",
  "return { e = r.s == r.o.a, f = r.o.a == r.s }",
  "return { e = r.s == (r.s .. ''), f = (r.s .. 'x') == r.t .. 'x' }",
  "return { e = r.s:sub(1, 2) == r.t:sub(1, 2), f = r.s:sub(2) == '' }",
  "return { e = r.s == '\\0', f = r.s == 'a\\0b', g = r.t == 'é', h = r.t == '\\195\\169' }",
  "return { e = r.s == r.n, f = r.n == r.s, g = r.s == nil, h = r.n == 12 }",
  "return { e = r.s == '12', f = r.s == tostring(r.n), g = '' .. r.n == r.s }",
  "return { e = rawequal(r.s, r.t), f = r.s == weir.null, g = r.s == remember(r.s) }",
  "return { l = r.s < r.t, m = r.s <= r.t, n = r.s > 'abc', o = r.s >= r.s }",
  "return { e = r.o == r.o, f = r.o == r.l, g = r == r, h = r.o ~= nil }",
  -- As keys.
  "seen[r.s] = (seen[r.s] or 0) + 1 return { n = seen[r.s], t = seen[r.t] }",
  "local t = {} t[r.s] = 1 return { a = t[r.t], b = t[r.s], c = t.abc }",
  "local t = { abc = 1, ['é'] = 2, [''] = 3, ['a\\0b'] = 4 } return { v = t[r.s], w = t[r.t] }",
  "if type(r.s) ~= 'string' then return end local t = {} t[r.s] = r.t return t",
  "return { v = r[r.k] }",
  "if type(r.k) == 'string' then r[r.k] = 1 end",
  "if type(r.s) == 'string' then r[r.s] = r.n r.s = nil end",
  "local t, o = {}, r.o t[o] = 1 return { v = t[o] }",
  -- Kinds.
  "return { s = type(r.s), n = type(r.n), o = type(r.o), l = type(r.l), r = type(r) }",
  "return { m = type(r.missing), e = type(r.s) == type(r.t), x = type(r.o.a) }",
  "if type(r.s) == 'string' then r.s = #r.s end",
  -- Functions and methods of text.
  "return { v = r.s:sub(2), w = r.s:sub(-1), x = r.s:sub(0, 0), y = string.sub(r.s, 1, 1) }",
  "return { v = r.s:byte(), w = r.s:byte(-1), x = r.s:byte(2) }",
  "return { v = select('#', r.s:byte(1, 3)) }",
  "return { v = r.s:len(), w = #r.s, x = string.len(r.t), y = #r.l }",
  "return { v = r.s:upper(), w = r.s:lower(), x = r.s:reverse(), y = r.s:sub(1, 3):rep(2) }",
  "return { v = r.s:find('b'), w = r.s:find('b', 1, true), x = r.s:find('') }",
  "local a, b = r.s:find('b+') return { a = a, b = b }",
  "return { v = r.s:match('%w+'), w = r.s:match('^(.)(.)'), x = r.s:match('()b') }",
  "local a, b = r.s:match('^(.)(.*)$') return { a = a, b = b }",
  "local a, b = where(r.s) return { a = a, b = b, c = (where(r.s)) }",
  "return { v = r.s:gsub('b', 'X'), w = (r.s:gsub('.', '%0')) }",
  "local n = 0 for w in r.s:gmatch('%w') do n = n + 1 end return { n = n }",
  "return { v = ('%s|%5s|%q'):format(r.s, r.t:sub(1, 3), r.t:sub(1, 3)) }",
  "return { v = ('%d'):format(r.n), w = ('%.2f'):format(r.n), x = ('%05d'):format(r.n) }",
  "return { v = string.format('%s %s', r.n, r.s:sub(1, 2)) }",
  "return { v = r.s:bad() }",
  "return { v = r.s.len ~= nil, w = r.s.x }",
  "return { v = r.o.a:upper(), w = r.o.a.b }",
  "return { v = string.char(r.n) }",
  -- Numbers of texts and texts of numbers.
  "return { v = tonumber(r.s), w = tonumber(r.t), x = tonumber(r.n) }",
  "return { v = tonumber(r.t, 16) }",
  "return { v = r.s + 1 }",
  "return { v = r.t * 2, w = -r.t }",
  "return { v = r.s .. r.n, w = r.n .. '' }",
  "return { v = 'x' .. r.s .. r.t .. 'y' }",
  "return { v = math.max(r.n, 3), w = math.floor(r.n) }",
  "return { v = math.floor(r.s) }",
  "if r.s == weir.null then return end "
    .. "return { v = tostring(r.s), w = tostring(r.n), x = tostring(r.missing), "
    .. "y = tostring(true) }",
  -- Errors, with names and lines.
  "return { v = r.missing.deeper }",
  "return { v = r.o.missing.deeper }",
  "return { v = r.missing() }",
  "return { v = r.s() }",
  "return { v = r.s < r.n }",
  "return { v = r.n < r.missing }",
  "return { v = r.missing .. 'x' }",
  "return { v = r.missing + 1 }",
  "return { v = #r.missing }",
  "return { v = #r.n }",
  "r.missing.x = 1",
  "r.s.x = 1",
  "return { v = r.s:sub() }",
  "return { v = r.s:rep(r.t) }",
  "error('no ' .. #r.s)",
  "local ok, e = pcall(function() return r.missing.x end) return { ok = ok, e = e }",
  "local ok, e = pcall(error, r.s) return { ok = ok, e = e == r.s }",
  "assert(r.missing, 'none at ' .. #r.t)",
  "return { v = assert(r.s, 'none') }",
  -- Texts that are kept.
  "return { v = remember(r.s) }",
  "kept[#kept + 1] = r.s return { v = kept[1], w = kept[#kept - 1], n = #kept }",
  "local s = r.s kept[#kept + 1] = function() return s end return { v = kept[1]() }",
  "local first = kept.first or r.s kept.first = first return { v = first, e = first == r.t }",
  "count = count + #r.s return { v = count }",
  "last = (last or '') .. r.s:sub(1, 2) return { v = last }",
  "local c = kept.c or coroutine.wrap(function(x) while true do x = coroutine.yield(x) end end) "
    .. "kept.c = c return { v = c(r.s) }",
  "return { v = table.concat({ r.s, r.t }, '|') }",
  "local t = { r.s, r.t } if type(r.s) == 'string' then table.sort(t) end "
    .. "return { a = t[1], b = t[2] }",
  -- Records and nested values that are kept.
  "local before = remember(r) return { v = before and before.s, n = before and before.n }",
  "kept[#kept + 1] = r return { v = kept[1].s, n = kept[1].n, c = #kept }",
  "kept[#kept + 1] = function() return r.s end return { v = kept[1](), n = #kept }",
  "local o = r.o kept[#kept + 1] = function() return o and o.a end return { v = kept[1]() }",
  "if last then last.n = 99 end local v = last and last.n remember(r) return { v = v }",
  "local before = remember(r) if before then before.s = nil before.t = r.t end "
    .. "return { s = before and before.s, t = before and before.t }",
  "local before = remember(r) return before or r",
  "local before = remember(r) if before then r.before = { n = before.n, o = before.o } end",
  "kept[tostring(r.n)] = r local t = {} for k, v in pairs(kept) do t[#t + 1] = tostring(v.n) end "
    .. "table.sort(t) return { n = #t }",
  "local c = kept.c or coroutine.wrap(function(x) local b while true do "
    .. "b, x = x, coroutine.yield(b and b.s) end end) kept.c = c return { v = c(r) }",
  "seen[r] = true local n = 0 for _ in pairs(seen) do n = n + 1 end return { n = n }",
  "local p = r kept.p = kept.p or p return { same = kept.p == r, s = kept.p.s }",
  "local l = r.l if l then l[#l + 1] = 'x' end return { l = l, n = l and #l }",
  "local o = r.o o.a = nil o.z = r.s return { o = o, r = r.o }",
  "local o = r.o r.o = nil o.z = 1 return { o = o }",
  "r.o2 = r.o r.o = nil",
  "r.copy = r.l r.l = 1",
  -- Ways of looking at records.
  "local t = {} for k, v in pairs(r) do t[#t + 1] = k end table.sort(t) "
    .. "return { keys = table.concat(t, ',') }",
  "local t = {} for i, v in ipairs(r.l) do t[i] = type(v) end return { t = table.concat(t, ',') }",
  "local n = 0 for i = 1, #r.l do if r.l[i] == 'abc' then n = n + 1 end end return { n = n }",
  "return { v = r.l[1], w = r.l[2], x = r.l[-1], y = r.l[#r.l] }",
  "return { v = r.o.l[3].x }",
  "return { v = r.l[1] == r.s, n = r[1] }",
  -- Stored and given back.
  "r.x = r.s r.y = r.x .. '!' r.s = nil r.z = r.x == r.t",
  "r.s, r.t = r.t, r.s",
  "r.u = r.s:sub(1, 2) r.v = r.u == r.s r.w = #r.u",
  "r.s = r.s:sub(1, 1)",
  "r.n = '' .. r.n",
  "return { s = r.s, o = r.o, l = r.l, deep = { s = r.s, l = { r.t } } }",
  "return { s = r.s or 'none', t = r.s and r.t, n = not r.s }",
  "if not r.o then return { none = true } end r.a = r.o.a",
  "r.o = { a = r.s } r.b = r.o.a == r.s",
}

-- Nested values of a record that stays, kept for the next call: these raise there.
M.outlived = {
  "local before = remember(r.o) return { v = before and before.a }",
  "kept[#kept + 1] = r.l return { n = #kept[1], v = kept[1][1] }",
  "kept[#kept + 1] = { x = r.o } local o = kept[1].x return { v = o.a, l = #(o.l or '') }",
  "local before = remember(r.o) r.before = before",
}

return M
