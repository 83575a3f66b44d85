--- `weir top`: a run, live: who is how fast, where it waits, what is lost.

local client = require("weir.cli.client")
local exit = require("weir.cli.exit")
local load = require("weir.cli.load")
local paint = require("weir.cli.paint")
local screen = require("weir.cli.screen")
local sockets = require("weir.cli.sockets")
local stats = require("weir.cli.stats")
local tapping = require("weir.cli.tapping")

local M = {}

local EVERY_NS, EVERY_MS_MIN = 1e9, 100
local HISTORY = 120
local CTRL_C, CTRL_D = "\3", "\4"

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
  self.terminal:draw(screen.frame(self.snapshot, self.history, {
    width = self.world.width(), height = self.world.height(), brush = self.brush,
    plain = self.plain,
  }, self.view))
end

-- What the process took since the last time.
function Live:_note_cpu(snapshot)
  local last = self.snapshot
  local span_s = last and snapshot.elapsed_s - last.elapsed_s or 0
  if span_s > 0 and snapshot.cpu_s then
    self.view.cpu_share = (snapshot.cpu_s - last.cpu_s) / span_s
  end
end

-- Asks anew; nil and why it cannot.
function Live:refresh()
  local snapshot, err = self.connection:ask("stats", {})
  if not snapshot then
    return nil, err
  end
  self:_note_cpu(snapshot)
  self.snapshot = snapshot
  remember(self.history, snapshot)
  self.view.tap = self.tapping:read()
  self:draw()
  return true
end

-- --- keys: each does what it does; true to look anew at once

local keys = {}

function keys.p(self)
  self.connection:ask(self.snapshot.state == "paused" and "resume" or "pause", {})
  return true
end

function keys.s(self)
  self.order = self.order % #screen.orders + 1
  self.view.order = screen.orders[self.order]
end

function keys.t(self)
  local tap = self.view.tap
  if tap and (not self.view.chosen or tap.node == self.view.chosen) then
    self.view.tap = self.tapping:stop()
  else
    self:_choose(0)
    self.view.tap = self.tapping:start(self.path, self.view.chosen)
  end
end

function keys.d(self)
  self.view.asks = ("drain %s, which ends it well? y yes, any other key no"):format(
    self.snapshot.pipeline)
end

function keys.tab(self)
  if #self.view.runs > 1 then
    return self:_switch()
  end
end

function keys.down(self)
  self:_choose(1)
end

function keys.up(self)
  self:_choose(-1)
end

function keys.escape(self)
  self.view.tap = self.tapping:stop()
  self.view.chosen = nil
end

keys[" "], keys.j, keys.k, keys["\r"], keys["\n"] = keys.p, keys.down, keys.up, keys.t, keys.t

-- The next row below (1) or above (-1), or the one that is chosen already, if any (0).
function Live:_choose(step)
  local nodes = screen.sorted(self.snapshot.nodes, self.view.order)
  local at = step < 0 and #nodes + 1 or 0
  for i, node in ipairs(nodes) do
    at = node.name == self.view.chosen and i or at
  end
  if step == 0 and at == 0 then
    at = 1
  end
  local node = nodes[math.max(1, math.min(#nodes, at + step))]
  self.view.chosen = node and node.name
end

-- To the next run that answers; those that have begun since are there too.
function Live:_switch()
  local runs = self.view.runs
  for step = 1, #runs do
    local at = (self.view.at + step - 1) % #runs + 1
    local connection = client.connect(runs[at])
    if connection then
      self.connection:close()
      self.tapping:stop()
      self.connection, self.path, self.history, self.snapshot = connection, runs[at], {}, nil
      self.view = { runs = runs, at = at, kept = {}, order = self.view.order }
      return true
    end
  end
end

function Live:_answer(key)
  self.view.asks = nil
  if key == "y" or key == "Y" then
    self.connection:ask("drain", {})
    return true
  end
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
    elseif what == "key" then
      local press = self.view.asks and self._answer or keys[key] or keys[key:lower()]
      if press and press(self, key) then
        return true
      end
      self:draw()
    elseif what == "resized" then
      self:draw()
    else
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

local function show(connection, terminal, given, world, runs)
  local at
  for i, path in ipairs(runs) do
    at = path == connection.path and i or at
  end
  if not at then
    at = 1
    table.insert(runs, 1, connection.path) -- where nobody would look for it
  end
  local live = setmetatable({
    connection = connection, path = connection.path, terminal = terminal, world = world,
    history = {}, every_ms = math.max(EVERY_MS_MIN, (given.values.every or EVERY_NS) / 1e6),
    brush = paint.brush(given.values.color, true, world.env),
    plain = is_ascii(world), now_ms = world.now_ms, order = 1,
    tapping = tapping.new(),
    view = { runs = runs, at = at, kept = {}, order = screen.orders[1] },
  }, Live)
  local ok, err = pcall(live.run, live)
  terminal:close()
  live.tapping:stop()
  live.connection:close()
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

-- Where several run and nobody says which, the first one.
local function find(given, world)
  local runs = sockets.alive(world, sockets.all(world), client.connect)
  if not given.plain[1] and runs[1] then
    return runs[1], runs
  end
  local path, message = sockets.find(world, given.plain[1], client.connect)
  return path, path and runs or message
end

function M.run(given, world)
  if #given.plain > 1 then
    load.complain({ message = "one run at a time: weir top [RUN]" }, given, world)
    return exit.USAGE
  end
  local path, runs = find(given, world)
  local connection, message
  if path then
    connection, message = client.connect(path)
  end
  if not connection then
    load.complain({ message = message or runs }, given, world)
    return exit.FAILED
  end
  local terminal = require("weir.cli.terminal").open(world)
  if terminal then
    return show(connection, terminal, given, world, runs)
  end
  local code = print_once(connection, given, world)
  connection:close()
  return code
end

return M
