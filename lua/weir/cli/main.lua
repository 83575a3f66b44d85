--- The program: finds the command and answers with its exit code.

local commands = require("weir.cli.commands")
local exit = require("weir.cli.exit")
local flags = require("weir.cli.flags")

local M = {}

local function refuse(world, message, hint)
  world.err(message .. "\n" .. hint .. "\n")
  return exit.USAGE
end

local function refuse_command(world, word)
  if word:find("%.lua$") then
    return refuse(world, ("weir: '%s' is not a command"):format(word),
      ("To run it: weir run %s"):format(word))
  end
  local hint = require("weir.lib.nearest").hint(word, commands.names())
  return refuse(world, ("weir: unknown command '%s'%s"):format(word, hint),
    "`weir help` lists the commands.")
end

local function call(command, words, world)
  local given, message = flags.parse(words, command.flags)
  if not given then
    return refuse(world, message, ("`weir help %s` lists the flags."):format(command.name))
  elseif given.values.help then
    world.out(require("weir.cli.usage").command(command))
    return exit.OK
  elseif given.values.version then
    return require("weir.cli.version").run(given, world)
  elseif command == commands.eval and not given.values.eval then
    return refuse(world, "weir: no command", "`weir help` lists the commands.")
  end
  return require(command.module).run(given, world)
end

--- Runs the program.
---@param arguments string[]  without the program's name
---@param world table?  of world.lua; specs bring their own
---@return integer  the exit code
function M.main(arguments, world)
  world = world or require("weir.cli.world").real()
  local first = arguments[1]
  if not first then
    world.err(require("weir.cli.usage").program())
    return exit.USAGE
  elseif first:find("^%-.") then
    -- `weir --help` is about the program, not about -e.
    if #arguments == 1 and (first == "--help" or first == "-h") then
      world.out(require("weir.cli.usage").program())
      return exit.OK
    end
    return call(commands.eval, arguments, world)
  end
  local command = commands.find(first)
  if not command then
    return refuse_command(world, first)
  end
  return call(command, { unpack(arguments, 2) }, world)
end

return M
