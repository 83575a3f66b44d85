--- Random lives of files against a model: which lines were written, and how often each was
-- given.

local engine = require("spec.support.engine")
local ffi = require("ffi")
local support = require("spec.engine.io.support")

local C = engine.load("engine/io/tail.h", "engine/io/roster.h", "engine/codec/lines.h",
  "engine/base/clock.h")

local seed = tonumber(os.getenv("SEED")) or os.time()
local ROTATIONS = tonumber(os.getenv("ROTATIONS")) or 1000
local S = 1e9

local Model = {}
Model.__index = Model

-- pattern: what is followed in the directory.
local function new(pattern)
  local model = setmetatable({
    pattern = support.path(pattern), state = support.path("state/positions"),
    now = ffi.new("int64_t[1]", 1000 * S), pool = C.weir_pool_new(8),
    written = 0,     -- the last line's number
    given = {},      -- by number: how often
    out = {},        -- batches not released, in the order in which they were given
    unsaved = {},    -- numbers given by batches that are not known to be saved
    may_repeat = {}, -- numbers that were, at a kill
    open_lines = {}, -- by inode: the number of a line that has no end yet
    files = {},      -- { name, inode key } that a writer may still have open
    rotations = 0, kills = 0, given_count = 0, repeated = 0,
  }, Model)
  return model
end

function Model:open()
  self.paths = ffi.new("const char *[1]", { self.pattern })
  self.tail = C.weir_tail_new(ffi.new("weir_tail_options", {
    paths = self.paths, path_count = 1, state = self.state,
    decoder = C.weir_lines_decoder_new("line"), clock = C.weir_clock_by_hand(self.now),
    block_size = math.random(8, 200),
  }))
  assert.equal(0, C.weir_tail_open(self.tail))
  C.weir_tail_poke(self.tail)
end

function Model:step()
  local batch = C.weir_batch_new(self.pool)
  if C.weir_tail_step(self.tail, batch) ~= C.WEIR_OK then
    C.weir_batch_unref(batch)
    return false
  end
  local numbers = {}
  for i = 0, batch.row_count - 1 do
    local span = batch.rows[i]
    local text = ffi.string(batch.bytes.bytes + span.start, span["end"] - span.start)
    local number = tonumber(text:match("^line (%d+) of it$"))
    assert(number, "a line that nobody wrote: " .. text)
    self.given_count = self.given_count + 1
    if self.given[number] then
      assert(self.may_repeat[number], "given twice without need: " .. number)
      self.repeated = self.repeated + 1
    end
    self.given[number] = (self.given[number] or 0) + 1
    numbers[#numbers + 1] = number
  end
  self.out[#self.out + 1] = { batch = batch, numbers = numbers }
  return true
end

function Model:release(all)
  for _, each in ipairs(self.out) do
    if each.batch and (all or math.random() < 0.7) then
      C.weir_batch_unref(each.batch)
      each.batch = nil
    end
  end
end

function Model:save()
  C.weir_tail_save(self.tail)
  while self.out[1] and not self.out[1].batch do
    table.remove(self.out, 1)
  end
end

function Model:read_all()
  C.weir_tail_poke(self.tail)
  while self:step() do end
end

function Model:kill()
  support.without_a_trace(function()
    C.weir_tail_free(self.tail)
  end, self.state, self.state .. ".latest")
  for _, each in ipairs(self.out) do
    for _, number in ipairs(each.numbers) do
      self.may_repeat[number] = true
    end
  end
  self:release(true)
  self.out = {}
  self.kills = self.kills + 1
  self:open()
end

-- ---- the writers

function Model:current()
  return support.path("app.log")
end

local function append(path, text)
  local file = assert(io.open(path, "ab"))
  file:write(text)
  file:close()
end

local function exists(path)
  local file = io.open(path)
  return file and file:close()
end

-- A line, or the rest of one, or the beginning of one.
function Model:write(path)
  local open = self.open_lines[path]
  if open then
    append(path, open)
    self.open_lines[path] = nil
  end
  for _ = 1, math.random(0, 4) do
    self.written = self.written + 1
    append(path, ("line %d of it\n"):format(self.written))
  end
  if math.random() < 0.3 then
    self.written = self.written + 1
    local line = ("line %d of it\n"):format(self.written)
    local cut = math.random(1, #line - 1)
    append(path, line:sub(1, cut))
    self.open_lines[path] = line:sub(cut + 1)
  end
end

function Model:finish_line(path)
  if self.open_lines[path] then
    append(path, self.open_lines[path])
    self.open_lines[path] = nil
  end
end

function Model:rename(from, to)
  os.remove(to)
  assert(os.rename(from, to))
  self.open_lines[to], self.open_lines[from] = self.open_lines[from], nil
end

-- app.log becomes .1, .1 becomes .2; beyond .5 they are deleted, when all was read.
function Model:rotate()
  local last = self:current() .. ".5"
  if exists(last) then
    self:finish_line(last)
    self:read_all()
    os.remove(last)
  end
  for i = 4, 1, -1 do
    local path = ("%s.%d"):format(self:current(), i)
    if exists(path) then
      self:rename(path, ("%s.%d"):format(self:current(), i + 1))
    end
  end
  self:rename(self:current(), self:current() .. ".1")
  self.rotations = self.rotations + 1
end

function Model:truncate()
  self:finish_line(self:current())
  self:read_all()
  -- What is cut off is out of reach for ever: delivered, not only read.
  self:release(true)
  pcall(os.remove, support.path("copy"))
  assert(io.open(self:current(), "wb")):close()
  self.rotations = self.rotations + 1
end

function Model:act(kills)
  local chance = math.random(100)
  local current = self:current()
  if chance <= 40 then
    self:write(current)
  elseif chance <= 50 then
    self:write(exists(current .. ".1") and current .. ".1" or current)
  elseif chance <= 65 and exists(current) then
    self:rotate()
  elseif chance <= 72 and exists(current) then
    self:truncate()
  elseif chance <= 76 and exists(current) then
    self:finish_line(current)
    self:read_all()
    self:release(true)
    os.remove(current)
  elseif chance <= 84 then
    self:release()
    self:save()
  elseif chance <= 90 then
    self.now[0] = self.now[0] + math.random(0, 3000) * 1e6
  elseif chance <= 93 and kills then
    self:kill()
  end
  if chance % 3 == 0 then
    C.weir_tail_poke(self.tail)
  end
  for _ = 1, math.random(0, 3) do
    self:step()
  end
end

function Model:close()
  for path in pairs(self.open_lines) do
    self:finish_line(path)
  end
  for _ = 1, 3 do
    self:read_all()
    self.now[0] = self.now[0] + 100 * S
  end
  for number = 1, self.written do
    assert(self.given[number], "lost: " .. number)
  end
  self:release(true)
  C.weir_tail_free(self.tail)
  C.weir_pool_free(self.pool)
  support.clean()
end

describe(("random lives of files (seed %d)"):format(seed), function()
  local function live(pattern, kills)
    math.randomseed(seed)
    local held = engine.held()
    local model = new(pattern)
    os.execute("mkdir -p " .. support.path())
    model:open()
    while model.rotations < ROTATIONS do
      model:act(kills)
    end
    model:close()
    assert.equal(held, engine.held())
    return model
  end

  it("give each line once while it runs", function()
    local model = live("app.log*", false)
    assert.equal(model.written, model.given_count)
  end)

  it("give each line over kills, again only what was not saved", function()
    local model = live("app.log*", true)
    assert.is_true(model.kills > ROTATIONS / 20)
    assert.equal(model.given_count - model.written, model.repeated)
  end)
end)
