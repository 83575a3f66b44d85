--- Texts about the program and its commands, made from commands.lua.

local commands = require("weir.cli.commands")
local layout = require("weir.cli.table")

local M = {}

local function indented(lines, out)
  for _, line in ipairs(lines) do
    out[#out + 1] = "  " .. line
  end
end

-- Two columns without a title line.
local function pairs_of(rows, out)
  local lines = layout.lines({ { title = "" }, { title = "" } }, rows, math.huge)
  table.remove(lines, 1)
  indented(lines, out)
end

local function spelling(flag)
  local short = flag.short and "-" .. flag.short .. ", " or "    "
  return short .. "--" .. flag.name .. (flag.value and " " .. flag.value or "")
end

--- What `weir help` starts with.
function M.program()
  local out = { "weir: streams of records, programmed in Lua", "", "Commands" }
  local rows = {}
  for i, command in ipairs({ commands.eval, unpack(commands.list) }) do
    rows[i] = { command.usage:gsub(" %[FLAG...%]", ""):gsub(" %[%-.*", ""), command.summary }
  end
  pairs_of(rows, out)
  out[#out + 1] = ""
  out[#out + 1] = "Examples"
  indented({ commands.eval.examples[1], "weir run traffic.lua", "weir help filter" }, out)
  return table.concat(out, "\n") .. "\n"
end

--- What `weir help` prints about a flag: what it does, and the page it is on.
function M.flag(command, flag)
  local about = flag.text and flag.text .. "\n\n" or ""
  return ("%s, a flag of `weir %s`: %s\n\n%s%s"):format(spelling(flag):match("%S.*"),
    command.name, flag.help, about, M.command(command))
end

--- What `weir COMMAND --help` prints.
function M.command(command)
  local out = { command.usage, "", command.text, "", "Flags" }
  local rows = {}
  for i, flag in ipairs(command.flags) do
    rows[i] = { spelling(flag), flag.help }
  end
  pairs_of(rows, out)
  out[#out + 1] = ""
  out[#out + 1] = "Examples"
  indented(command.examples, out)
  return table.concat(out, "\n") .. "\n"
end

return M
