--- `weir ctl`: asks a run something, or tells it to do something.

local client = require("weir.cli.client")
local control = require("weir.serve.control")
local exit = require("weir.cli.exit")
local json = require("weir.native.json")
local load = require("weir.cli.load")
local rpc = require("weir.serve.rpc")
local sockets = require("weir.cli.sockets")

local M = {}

local function is_method(word)
  for _, method in ipairs(control.methods) do
    if method == word then
      return true
    end
  end
end

-- A number, true, false or a quoted text is what JSON says; all else is a text.
local function value_of(text)
  local value = json.decode(text)
  if type(value) == "table" or value == nil then
    return text
  end
  return value
end

-- "errors node=in count=5" to { node = "in", count = 5 } and { "errors" }.
local function params_of(words)
  local params, bare = {}, {}
  for _, word in ipairs(words) do
    local name, value = word:match("^([%a_]+)=(.*)$")
    if name then
      params[name] = value_of(value)
    else
      bare[#bare + 1] = word
    end
  end
  return params, bare
end

-- The words in any order: which run, the method, its parameters; and for a tap its node,
-- the last of them. nil and what is wrong.
local function understood(words)
  local params, bare = params_of(words)
  local where = not is_method(bare[1]) and table.remove(bare, 1) or nil
  local method = table.remove(bare, 1)
  if not method then
    return nil, "which method? " .. table.concat(control.methods, ", ")
  elseif method == "tap" and bare[1] and not params.node then
    params.node = table.remove(bare)
  end
  where = where or table.remove(bare, 1)
  if bare[1] then
    return nil, ("%s: parameters are NAME=VALUE"):format(bare[1])
  end
  return { where = where, method = method, params = params }
end

local function refuse(given, world, message, code)
  load.complain({ message = message }, given, world)
  return code or exit.FAILED
end

local function fail(given, world, err)
  local is_usage = err.code == rpc.UNKNOWN or err.code == rpc.PARAMS
  return refuse(given, world, err.message, is_usage and exit.USAGE or exit.FAILED)
end

-- Shows the records as they come, each on a line.
local function follow_tap(connection, given, world)
  while true do
    local notice, err = connection:read(-1)
    if not notice then
      return err.ended and exit.OK or fail(given, world, err)
    end
    for _, record in ipairs(notice.params and notice.params.records or {}) do
      world.out(record.text .. "\n")
    end
    if world.flush then
      world.flush()
    end
    if notice.params and notice.params.done then
      return exit.OK
    end
  end
end

local function ask(connection, method, params, given, world)
  local result, err = connection:ask(method, params)
  if not result then
    return fail(given, world, err)
  elseif method == "tap" then
    return follow_tap(connection, given, world)
  end
  world.out(json.encode(result) .. "\n")
  return exit.OK
end

function M.run(given, world)
  local asked, mistake = understood(given.plain)
  if not asked then
    return refuse(given, world, mistake, exit.USAGE)
  end
  local path, message = sockets.find(world, asked.where, client.connect)
  if not path then
    return refuse(given, world, message)
  end
  local connection
  connection, message = client.connect(path)
  if not connection then
    return refuse(given, world, message)
  end
  local code = ask(connection, asked.method, asked.params, given, world)
  connection:close()
  return code
end

return M
