--- `weir help`: the program, one of its commands, or a name of the Lua API.

local commands = require("weir.cli.commands")
local exit = require("weir.cli.exit")
local nearest = require("weir.lib.nearest")
local usage = require("weir.cli.usage")

local M = {}

local function reference()
  return require("weir.describe.reference")
end

local function overview()
  return usage.program() .. "\nTopics: a command, exit-codes, or a name of the Lua API\n"
    .. reference().overview()
end

local function unknown(topic, world)
  local names = { "exit-codes", unpack(commands.names()) }
  for _, name in ipairs(reference().names()) do
    names[#names + 1] = name
  end
  world.err(("weir: no help on '%s'%s\n`weir help` lists the topics.\n")
    :format(topic, nearest.hint(topic, names)))
  return exit.USAGE
end

function M.run(given, world)
  local topic = given.values.eval and commands.eval.name or given.plain[1]
  if not topic then
    world.out(overview())
    return exit.OK
  elseif topic == "exit-codes" then
    world.out(exit.text)
    return exit.OK
  end
  local command = commands.find(topic)
  local text = command and usage.command(command) or reference().text(topic)
  if not text then
    return unknown(topic, world)
  end
  world.out(text)
  return exit.OK
end

return M
