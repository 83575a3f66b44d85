--- `weir completion SHELL`: a script that completes commands, flags and their values.

local commands = require("weir.cli.commands")
local exit = require("weir.cli.exit")
local pages = require("weir.cli.pages")

local M = {}

local function every_command()
  return { commands.eval, unpack(commands.list) }
end

local function flag_words(command)
  local words = {}
  for _, flag in ipairs(command.flags) do
    words[#words + 1] = "--" .. flag.name
    if flag.short then
      words[#words + 1] = "-" .. flag.short
    end
  end
  return words
end

-- Flags whose values are known, each once: { color = "auto always never", ... }.
local function known_values()
  local names, values = {}, {}
  for _, command in ipairs(every_command()) do
    for _, flag in ipairs(command.flags) do
      if flag.values and not values[flag.name] then
        names[#names + 1] = flag.name
        values[flag.name] = table.concat(flag.values, " ")
      end
    end
  end
  table.sort(names)
  return names, values
end

-- What may follow a command beside its flags, for one that takes words.
local function words_of(command)
  if command.words then
    return table.concat(command.words, " ")
  elseif command.name == "help" then
    return table.concat(commands.names(), " ") .. " " .. table.concat(pages.names, " ")
  end
  return ""
end

local shells = {}

function shells.bash()
  local out = {
    "_weir() {",
    "  local cur=${COMP_WORDS[COMP_CWORD]} prev=${COMP_WORDS[COMP_CWORD-1]}",
    "  COMPREPLY=()",
    "  case $prev in",
  }
  local names, values = known_values()
  for _, name in ipairs(names) do
    out[#out + 1] = ('    --%s) COMPREPLY=($(compgen -W "%s" -- "$cur")); return ;;')
      :format(name, values[name])
  end
  out[#out + 1] = "  esac"
  out[#out + 1] = "  if [[ $COMP_CWORD == 1 && $cur != -* ]]; then"
  out[#out + 1] = ('    COMPREPLY=($(compgen -W "%s" -- "$cur")); return')
    :format(table.concat(commands.names(), " "))
  out[#out + 1] = "  fi"
  out[#out + 1] = "  case ${COMP_WORDS[1]} in"
  for _, command in ipairs(commands.list) do
    out[#out + 1] = ('    %s) COMPREPLY=($(compgen -W "%s %s" -- "$cur")) ;;'):format(
      command.name, table.concat(flag_words(command), " "), words_of(command))
  end
  out[#out + 1] = ('    -*) COMPREPLY=($(compgen -W "%s" -- "$cur")) ;;')
    :format(table.concat(flag_words(commands.eval), " "))
  out[#out + 1] = "  esac"
  out[#out + 1] = '  [[ $cur == -* ]] || COMPREPLY+=($(compgen -f -- "$cur"))'
  out[#out + 1] = "}"
  out[#out + 1] = "complete -o filenames -F _weir weir"
  return out
end

local function zsh_quoted(text)
  return (text:gsub("'", "'\\''"):gsub("([%[%]:])", "\\%1"))
end

local function zsh_value(flag)
  if flag.values then
    return (":%s:(%s)"):format(flag.name, table.concat(flag.values, " "))
  end
  return flag.value and ":" .. zsh_quoted(flag.value) .. ":_files" or ""
end

function shells.zsh()
  local out = { "#compdef weir", "_weir() {", "  local -a commands", "  commands=(" }
  for _, command in ipairs(commands.list) do
    out[#out + 1] = ("    '%s:%s'"):format(command.name, zsh_quoted(command.summary))
  end
  out[#out + 1] = "  )"
  out[#out + 1] = "  if (( CURRENT == 2 )) && [[ $PREFIX != -* ]]; then"
  out[#out + 1] = "    _describe command commands; return"
  out[#out + 1] = "  fi"
  out[#out + 1] = "  case $words[2] in"
  for _, command in ipairs(every_command()) do
    local parts = {}
    for _, flag in ipairs(command.flags) do
      parts[#parts + 1] = ("'--%s[%s]%s'"):format(flag.name, zsh_quoted(flag.help),
        zsh_value(flag))
    end
    local words = words_of(command)
    parts[#parts + 1] = words ~= "" and "'*:topic:(" .. words .. ")'" or "'*:file:_files'"
    out[#out + 1] = ("    %s) _arguments %s ;;"):format(
      command == commands.eval and "-*" or command.name, table.concat(parts, " "))
  end
  out[#out + 1] = "  esac"
  out[#out + 1] = "}"
  out[#out + 1] = "compdef _weir weir"
  return out
end

local function fish_quoted(text)
  return "'" .. text:gsub("['\\]", "\\%0") .. "'"
end

function shells.fish()
  local out = {}
  for _, command in ipairs(commands.list) do
    out[#out + 1] = ("complete -c weir -n __fish_use_subcommand -a %s -d %s"):format(
      command.name, fish_quoted(command.summary))
  end
  for _, command in ipairs(every_command()) do
    local seen = command == commands.eval and "__fish_contains_opt -s e eval"
      or "__fish_seen_subcommand_from " .. command.name
    for _, flag in ipairs(command.flags) do
      out[#out + 1] = ("complete -c weir -n %s%s -l %s%s -d %s"):format(fish_quoted(seen),
        flag.short and " -s " .. flag.short or "", flag.name,
        flag.values and " -xa " .. fish_quoted(table.concat(flag.values, " "))
          or flag.value and " -r" or "", fish_quoted(flag.help))
    end
    if words_of(command) ~= "" then
      out[#out + 1] = ("complete -c weir -n %s -xa %s"):format(fish_quoted(seen),
        fish_quoted(words_of(command)))
    end
  end
  return out
end

function M.run(given, world)
  local shell = shells[given.plain[1] or ""]
  if not shell then
    world.err("weir: completions for which shell? bash, zsh or fish\n")
    return exit.USAGE
  end
  world.out(table.concat(shell(), "\n") .. "\n")
  return exit.OK
end

return M
