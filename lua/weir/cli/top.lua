--- `weir top`: a run, live: who is how fast, where it waits, what is lost.

local client = require("weir.cli.client")
local exit = require("weir.cli.exit")
local layout = require("weir.cli.table")
local load = require("weir.cli.load")
local paint = require("weir.cli.paint")
local sockets = require("weir.cli.sockets")
local spark = require("weir.cli.spark")
local stats = require("weir.cli.stats")

local M = {}

local EVERY_NS, EVERY_MS_MIN = 1e9, 100
local HISTORY = 120
local SPARK_MIN, SPARK_MAX, TABLE = 10, 40, 80
local CTRL_C, CTRL_D = "\3", "\4"

-- --- what is drawn

-- Appends how fast each node sends, for the bars behind it.
local function remember(history, snapshot)
  for _, node in ipairs(snapshot.nodes) do
    local rates = history[node.name] or {}
    history[node.name] = rates
    rates[#rates + 1] = node.out_rate.s
    if #rates > HISTORY then
      table.remove(rates, 1)
    end
  end
end

local function padded(text, width)
  return text .. (" "):rep(width - layout.width_of(text))
end

--- The lines of a screen.
---@param snapshot table  of weir.run.metrics, as it came over the socket
---@param history table<string, number[]>
---@param screen { width: integer, height: integer, brush: function, plain: boolean? }
function M.frame(snapshot, history, screen)
  local bars = math.min(SPARK_MAX, math.max(SPARK_MIN, screen.width - TABLE - 2))
  local width = screen.width - bars - 2
  local lines = stats.lines(snapshot, width)
  local widest = 0
  for _, line in ipairs(lines) do
    widest = math.max(widest, layout.width_of(line))
  end
  local out = { screen.brush("title", snapshot.pipeline) .. "  "
    .. stats.headline(snapshot, screen.brush), "" }
  for i, line in ipairs(lines) do
    local rates = i > 1 and history[snapshot.nodes[i - 1].name]
    out[#out + 1] = i == 1 and screen.brush("faint", line)
      or padded(line, widest) .. "  " .. spark.line(rates or {}, bars, screen.plain)
  end
  for _, node in ipairs(snapshot.nodes) do
    if node.hindrance then
      out[#out + 1] = screen.brush("bad", node.name .. " waits")
      for _, line in ipairs(layout.wrapped(node.hindrance, screen.width - 2)) do
        out[#out + 1] = "  " .. line
      end
    end
  end
  for _, each in ipairs(snapshot.errors or {}) do
    out[#out + 1] = ("%s  %s x %s"):format(screen.brush("bad", each.code), each.node, each.count)
  end
  local foot = screen.brush("faint", snapshot.state == "paused" and "q quit  p go on"
    or "q quit  p pause")
  for i = #out, screen.height - 1, -1 do
    out[i] = nil
  end
  out[#out + 1] = foot
  return out
end

-- --- one print

local function print_once(connection, given, world)
  local result, err = connection:ask("stats", {})
  if result and result.state ~= "finished" then
    connection:read(EVERY_NS) -- so that there are rates of a second
    result, err = connection:ask("stats", {})
  end
  if not result then
    load.complain(err, given, world)
    return exit.FAILED
  end
  local brush = paint.brush(given.values.color, world.out_is_terminal, world.env)
  world.out(stats.text(result, world.width(), brush))
  return exit.OK
end

-- --- live

local function is_ascii(world)
  local lang = world.env("LC_ALL") or world.env("LC_CTYPE") or world.env("LANG") or ""
  return not lang:lower():find("utf")
end

local Live = {}
Live.__index = Live

function Live:draw()
  local snapshot = self.snapshot
  self.terminal:draw(M.frame(snapshot, self.history, {
    width = self.world.width(), height = self.world.height(), brush = self.brush,
    plain = self.plain,
  }))
end

-- Asks anew; nil and why it cannot.
function Live:refresh()
  local snapshot, err = self.connection:ask("stats", {})
  if not snapshot then
    return nil, err
  end
  self.snapshot = snapshot
  remember(self.history, snapshot)
  self:draw()
  return true
end

local function is_end(what, key)
  return what == "ended" or key == "q" or key == "Q" or key == CTRL_C or key == CTRL_D
end

-- Until the next refresh is due: true to go on, false for the end.
function Live:listen(until_ms)
  while true do
    local what, key = self.terminal:wait(self.connection:descriptor(), until_ms - self.now_ms())
    if is_end(what, key) then
      return false
    elseif key == "p" or key == " " then
      self.connection:ask(self.snapshot.state == "paused" and "resume" or "pause", {})
      return true
    elseif what == "resized" then
      self:draw()
    elseif what ~= "key" then
      return true
    end
  end
end

function Live:run()
  local going, err = self:refresh()
  while going do
    going = self:listen(self.now_ms() + self.every_ms)
    if going then
      going, err = self:refresh()
    end
  end
  return err
end

local function show(connection, terminal, given, world)
  local live = setmetatable({
    connection = connection, terminal = terminal, world = world, history = {},
    every_ms = math.max(EVERY_MS_MIN, (given.values.every or EVERY_NS) / 1e6),
    brush = paint.brush(given.values.color, true, world.env),
    plain = is_ascii(world), now_ms = world.now_ms,
  }, Live)
  local ok, err = pcall(live.run, live)
  terminal:close()
  if not ok then
    error(err, 0)
  elseif err and not err.ended then
    load.complain(err, given, world)
    return exit.FAILED
  elseif err and live.snapshot then
    world.out(stats.text(live.snapshot, world.width(), live.brush))
  end
  return exit.OK
end

function M.run(given, world)
  if #given.plain > 1 then
    load.complain({ message = "one run at a time: weir top [PATH]" }, given, world)
    return exit.USAGE
  end
  local path, message = sockets.find(world, given.plain[1], client.connect)
  local connection
  if path then
    connection, message = client.connect(path)
  end
  if not connection then
    load.complain({ message = message }, given, world)
    return exit.FAILED
  end
  local terminal = require("weir.cli.terminal").open(world)
  local code = terminal and show(connection, terminal, given, world)
    or print_once(connection, given, world)
  connection:close()
  return code
end

return M
