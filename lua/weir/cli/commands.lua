--- The one list of commands and flags: dispatch, help and completions are made from it.

local M = {}

local help = { name = "help", short = "h", help = "this text" }

local color = {
  name = "color", kind = "enum", values = { "auto", "always", "never" }, value = "WHEN",
  help = "auto, always or never; NO_COLOR is honoured",
}

-- What a script is loaded with.
local loading = {
  { name = "set", kind = "string", value = "NAME=VALUE", repeated = true,
    help = "give a parameter its value; may be repeated" },
  { name = "params", kind = "string", value = "FILE", repeated = true,
    help = "read parameters from a .json or .lua file" },
  { name = "secrets", kind = "string", value = "DIR",
    help = "where weir.secret finds its files" },
}

local running = {
  { name = "workers", kind = "integer", min = 1, max = 256, value = "N",
    help = "threads that read, and run stages; the cores of the machine unless given" },
  { name = "max-memory", kind = "size", value = "SIZE",
    help = 'the most that it may hold, such as "512MiB"' },
  { name = "max-errors", kind = { "integer", "share" }, by_kind = true, min = 0,
    value = "N|SHARE",
    help = 'stop above so many failed records, or such a share ("1%")' },
  { name = "on-error", kind = "enum", values = { "dead_letter", "skip", "stop" },
    value = "WHAT", help = "dead_letter, skip or stop" },
  { name = "state-dir", kind = "string", value = "DIR",
    help = "where what outlives a run is kept: spilled records, positions" },
  { name = "strict", help = "exit code 4 if there are dead letters; outputs stay" },
  { name = "quiet", short = "q", help = "no progress and no summary; errors and losses only" },
  { name = "summary", kind = "enum", values = { "text", "json" }, value = "FORM",
    help = "the summary as text or as one line of json" },
  { name = "profile", help = "say at the end where the time went, stage by stage",
    text = "The time of a source, a segment or a sink is that of its steps. That of a segment is\n"
      .. "shared out among its stages by what it was seen at, about a thousand times a second.\n"
      .. "Allocations are those of Lua and of the engine while a segment is at work, each\n"
      .. "counted where it is made; those of sources and sinks are not. A lambda that is\n"
      .. "inlined makes none for a record." },
  { name = "no-progress", help = "no progress line on a terminal" },
  { name = "stats", kind = "duration", value = "EVERY",
    help = "print a table of rates, losses, queues and latencies so often: 1s",
    text = "Rates are those of the last second and (1m/s) of the last minute. queue is what waits\n"
      .. "before a node, most its high-water mark; busy is the share of the last second that its\n"
      .. "steps took, shared out by samples among the stages of a segment; lost is what a node\n"
      .. "dropped. lag is what a source has not read, or since when the oldest record waits; wait\n"
      .. "how long they waited before a node (p99). Latencies run from when a record was read\n"
      .. "until a node had handed it on, or a sink had written it. Tables are at least 100ms\n"
      .. "apart; what does not fit the window is left out." },
  { name = "metrics", kind = "string", value = "FILE",
    help = "keep a file of all numbers, as Prometheus reads them; written each second",
    text = "The file is replaced whole, so that a reader never sees half of one: it suits the\n"
      .. "textfile collector of node_exporter. It is written a last time when the run is over.\n"
      .. "`weir help metrics` says what is in it." },
}

running[#running + 1] = {
  name = "control", kind = "string", value = "PATH",
  help = "where to be asked and told what to do while it runs; off for nowhere",
  text = "A Unix socket that only you can use. Without the flag a run that lasts longer than a\n"
    .. "second has one where `weir top` and `weir ctl` look for it. `weir help control` says\n"
    .. "where that is, and what it understands.",
}

local sampling = {
  { name = "jit", help = "run a sample and list what was not compiled, by line, and why",
    text = "Lambdas that are inlined need no compiler; of the others, which are called record by\n"
      .. "record, it says what LuaJIT gave up to compile." },
  { name = "sample", kind = "integer", min = 1, value = "N",
    help = "how many records that is; 100000" },
}
local emit = { name = "emit", help = "print the generated Lua too" }
local eval = { name = "eval", short = "e", kind = "string", value = "CHAIN",
  once = "join the chains into one: -e ':filter(...):take(5)'", help = "the stages to apply" }
local codec = { name = "codec", kind = "string", value = "CODEC",
  help = "how input is read: csv, lines, nginx.access; else by suffix, or JSON" }
local about_eval = { name = "eval", short = "e", help = "explain the one-liner" }
local version = { name = "version", short = "V", help = "print the version" }

local function join(...)
  local all = {}
  for _, flags in ipairs({ ... }) do
    for _, flag in ipairs(flags) do
      all[#all + 1] = flag
    end
  end
  return all
end

M.list = {
  {
    name = "run",
    module = "weir.cli.run",
    usage = "weir run PIPELINE.lua [FLAG...] [-- ARGUMENT...]",
    summary = "run a pipeline",
    text = "Runs until the input ends. Ctrl-C stops reading, lets what is in flight arrive\n"
      .. "and ends with a summary; a second one quits. Arguments reach the script as `...`.",
    flags = join(loading, running, { color, help }),
    files = "lua",
    examples = {
      "weir run traffic.lua",
      "weir run traffic.lua --set limit=250 --summary json -- access.jsonl",
      "weir run --profile traffic.lua",
      "weir run --stats 5s --metrics /var/lib/node_exporter/weir.prom traffic.lua",
      "weir run --strict --max-errors 1% import.lua",
    },
  },
  {
    name = "check",
    module = "weir.cli.check",
    usage = "weir check PIPELINE.lua [FLAG...] [-- ARGUMENT...]",
    summary = "say what is wrong with a pipeline, without running it",
    text = "Loads the script and examines its graph; opens no file and no socket.",
    flags = join(loading, { color, help }),
    files = "lua",
    examples = { "weir check traffic.lua" },
  },
  {
    name = "explain",
    module = "weir.cli.explain",
    usage = "weir explain PIPELINE.lua [--emit] [--jit] [FLAG...] [-- ARGUMENT...]",
    summary = "show the graph of a pipeline and how it will run",
    text = "Prints the stages, the segments they are fused into, and what each lambda became.\n"
      .. "With --jit the first records of the input are run, and nothing is written.",
    flags = join({ emit }, sampling, loading, { color, help }),
    files = "lua",
    examples = {
      "weir explain traffic.lua",
      "weir explain --emit traffic.lua | less",
      "weir explain --jit --sample 20000 traffic.lua -- access.jsonl",
    },
  },
  {
    name = "top",
    module = "weir.cli.top",
    usage = "weir top [RUN] [FLAG...]",
    summary = "show what a run is doing, live",
    text = "RUN is the path of its control socket, the name of its pipeline or its process id;\n"
      .. "where several run, tab goes to the next. p pauses the run and lets it go on, s sorts,\n"
      .. "arrows choose a node, t shows records that pass it, d drains the run, q quits. The\n"
      .. "bars are what each node sent in the last seconds, lag is what it has not read, or since\n"
      .. "when its oldest record waits. Without a terminal it prints once.",
    flags = {
      { name = "every", kind = "duration", value = "TIME", help = "how often it looks; 1s" },
      color, help,
    },
    examples = { "weir top", "weir top traffic", "weir top ./run.sock --every 250ms",
      "weir top > now.txt" },
  },
  {
    name = "ctl",
    module = "weir.cli.ctl",
    usage = "weir ctl [RUN] METHOD [NODE] [NAME=VALUE...]",
    summary = "ask a run, or tell it to pause, drain or stop",
    text = "RUN is the path of its control socket, the name of its pipeline or its process id;\n"
      .. "not needed where only one runs. What it answers is one line of JSON; `tap` shows a\n"
      .. "record a line. `weir help control` has the methods. Exit code 1: there is no such run,\n"
      .. "or it refused; 2: no such method or parameter.",
    flags = { color, help },
    words = { "version", "stats", "graph", "pause", "resume", "drain", "stop", "tap" },
    examples = {
      "weir ctl stats | weir -e ':select(\"state\", \"elapsed_s\")'",
      "weir ctl traffic tap errors count=5",
      "weir ctl /run/weir/traffic.sock drain",
    },
  },
  {
    name = "help",
    module = "weir.cli.help",
    usage = "weir help [TOPIC]",
    summary = "explain a command, a function of the Lua API, or exit-codes",
    text = "Topics are the commands and their flags, exit-codes, and every public name: filter,\n"
      .. "weir.file, json.",
    flags = { about_eval, help },
    examples = { "weir help run", "weir help -e", "weir help filter", "weir help exit-codes" },
  },
  {
    name = "version",
    module = "weir.cli.version",
    usage = "weir version",
    summary = "print the versions of weir and its libraries",
    text = "Also says which scanner kernel this CPU gets.",
    flags = { help },
    examples = { "weir version" },
  },
  {
    name = "completion",
    module = "weir.cli.completion",
    usage = "weir completion bash|zsh|fish",
    summary = "print completions for a shell",
    text = "Prints a script for the shell to read.",
    flags = { help },
    words = { "bash", "zsh", "fish" },
    examples = {
      'eval "$(weir completion bash)"',
      "weir completion fish > ~/.config/fish/completions/weir.fish",
    },
  },
}

--- What is meant when the first word is a flag.
M.eval = {
  name = "-e",
  module = "weir.cli.run",
  usage = "weir -e 'CHAIN' [FLAG...] [FILE...]",
  summary = "apply a chain of stages to files or standard input",
  text = "The chain is what would follow weir.from(...). It ends in standard output, as JSON\n"
    .. "Lines, unless it says otherwise. Without files it reads standard input. Records\n"
    .. "that fail are told of, not kept; a script keeps them as dead letters.",
  flags = join({ eval, codec }, loading, running, { color, version, help }),
  files = "any",
  examples = {
    [[weir -e ':filter "status >= 500":select("ts", "path")' access.jsonl]],
    [[zcat old.gz | weir -e ':group_by("path"):aggregate{ n = weir.count() }']],
    [[weir -e ':to "errors.csv"' errors.jsonl]],
    [[xzcat old.csv.xz | weir --codec csv -e ':take(5)']],
  },
}

--- The command of that name, or nil.
function M.find(name)
  if name == M.eval.name then
    return M.eval
  end
  for _, command in ipairs(M.list) do
    if command.name == name then
      return command
    end
  end
end

--- The first command that has a flag of that name, and the flag; or nil.
function M.find_flag(name)
  local commands = { unpack(M.list) }
  commands[#commands + 1] = M.eval
  for _, command in ipairs(commands) do
    for _, flag in ipairs(command.flags) do
      if flag.name == name then
        return command, flag
      end
    end
  end
end

--- The names of all commands, in the order of the list.
function M.names()
  local names = {}
  for i, command in ipairs(M.list) do
    names[i] = command.name
  end
  return names
end

return M
