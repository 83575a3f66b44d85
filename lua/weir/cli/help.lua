--- `weir help`: the program, one of its commands or their flags, or a name of the Lua API.

local commands = require("weir.cli.commands")
local exit = require("weir.cli.exit")
local nearest = require("weir.lib.nearest")
local pages = require("weir.cli.pages")
local usage = require("weir.cli.usage")

local M = {}

local WIDTH = 80

-- The public face fills the reference with what it shows.
local function reference()
  require("weir")
  return require("weir.describe.reference")
end

-- "  operators   filter map flat_map ...", wrapped under itself.
local function topic_lines(topic, label_width, out)
  local indent = (" "):rep(label_width + 4)
  local line = "  " .. topic.group .. (" "):rep(label_width - #topic.group + 2)
  local is_empty = true
  for _, name in ipairs(topic.names) do
    if not is_empty and #line + #name + 1 > WIDTH then
      out[#out + 1] = line
      line, is_empty = indent, true
    end
    line = line .. (is_empty and "" or " ") .. name
    is_empty = false
  end
  out[#out + 1] = line
end

-- The pages of the program, then its commands.
local function own_topics()
  local names = { unpack(pages.names) }
  for _, name in ipairs(commands.names()) do
    names[#names + 1] = name
  end
  return names
end

local function overview()
  local topics = reference().topics()
  local label_width = #"program"
  for _, topic in ipairs(topics) do
    label_width = math.max(label_width, #topic.group)
  end
  local out = { "", "Topics" }
  topic_lines({ group = "program", names = own_topics() },
    label_width, out)
  for _, topic in ipairs(topics) do
    topic_lines(topic, label_width, out)
  end
  return usage.program() .. table.concat(out, "\n") .. "\n\n"
    .. "Begin with `weir help -e`, `weir help expr` and `weir help lambdas`.\n"
end

-- The topics of a group, each with its first sentence.
local function group_text(name)
  for _, topic in ipairs(reference().topics()) do
    if topic.group == name and not reference().find(name) then
      local out = {}
      for i, entry in ipairs(topic.names) do
        out[i] = ("  %-14s %s"):format(entry,
          reference().find(entry).summary:match("^.-%.%f[%s%z]") or "")
      end
      return table.concat(out, "\n") .. "\n"
    end
  end
end

local function unknown(topic, world)
  local names = own_topics()
  for _, entry in ipairs(reference().entries()) do
    names[#names + 1] = entry.name
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
  elseif pages.find(topic) then
    world.out(pages.find(topic))
    return exit.OK
  end
  local command = commands.find(topic)
  local group = not command and group_text(topic)
  if group then
    world.out(group)
    return exit.OK
  end
  local text = command and usage.command(command) or reference().text(topic)
  local of, flag = commands.find_flag((topic:gsub("^%-%-", "")))
  if text or of then
    world.out(text or usage.flag(of, flag))
    return exit.OK
  end
  return unknown(topic, world)
end

return M
