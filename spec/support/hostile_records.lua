--- Records for programs and lambdas: plain ones, and such as nobody reckons with.

local M = {}

--- One record of a log, plain in every field.
M.plain = {
  '{"status":500,"ms":12,"n":-3,"host":"a","path":"/api/v1/x.txt","s":"5","ok":true,'
    .. '"http":{"method":"GET","code":200},"user":null,"a":1,"b":1,"tags":["x"],"x":0,"y":"z"}',
  '{"status":204,"ms":3.5,"n":4,"host":"bb","path":"/a/b","s":"q","ok":false,'
    .. '"http":{"method":"PUT","code":404},"user":"me","a":"1","b":"2","tags":[],"y":1}',
  '{"status":301,"ms":250,"n":0,"host":"B","path":"/API","s":"","ok":true,'
    .. '"http":{"code":500,"method":"GET"},"user":null,"a":true,"b":false,"tags":["x","y"]}',
}

local values = {
  "null", "true", "false", "0", "-0", "1", "500", "0.1", "1e308", "-1e308", "1e400", "12.5e-3",
  "9007199254740993", "-9223372036854775808", "18446744073709551615", '""', '"a"', '"5"',
  '" 7 "', '"0x10"', '"GET"', '"/api/v1/x.txt"', '"/a"', '"\\u00e9\\n\\"\\\\"', '"é/ü"', '"nan"',
  "{}", "[]", '{"method":"GET","code":500}', '{"method":null}', '{"code":"200"}', '{"code":{}}',
  "[1,2]", '{"a":1}', "1E2", "100.0",
}
local names = { "status", "ms", "n", "host", "path", "s", "ok", "http", "user", "a", "b", "tags",
  "x", "y", "missing" }

--- A record with fields left out, twice, and of any kind.
function M.random()
  local parts = {}
  for _, name in ipairs(names) do
    local times = math.random(10)
    for _ = 1, times == 1 and 0 or times == 2 and 2 or 1 do
      parts[#parts + 1] = ('"%s":%s'):format(name, values[math.random(#values)])
    end
  end
  return "{" .. table.concat(parts, ",") .. "}"
end

--- A plain record with one field of another kind.
function M.nearly_plain()
  local name = names[math.random(#names)]
  local value = values[math.random(#values)]
  local json = M.plain[math.random(#M.plain)]
  return (json:gsub("}$", (',"%s":%s}'):format(name, (value:gsub("%%", "%%%%")))))
end

return M
