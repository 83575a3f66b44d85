--- Combined log lines to JSON with Lua's own patterns, in LuaJIT.
--
--     luajit by_patterns.lua FILE

local encode = require("cjson").encode

local COMBINED = '^(%S+) %S+ (%S+) %[([^%]]+)%] "(%S+) (%S+) ([^"]+)" (%d+) (%S+) '
  .. '"([^"]*)" "([^"]*)"$'

local function given(text)
  return text ~= "-" and text or nil
end

io.stdout:setvbuf("full", 256 * 1024)
for line in io.lines(arg[1]) do
  local client, user, time, method, path, protocol, status, bytes, referrer, agent =
    line:match(COMBINED)
  io.write(encode({
    client = client,
    user = given(user),
    time = time,
    method = method,
    path = path,
    protocol = protocol,
    status = tonumber(status),
    bytes = tonumber(bytes),
    referrer = given(referrer),
    agent = given(agent),
  }), "\n")
end
