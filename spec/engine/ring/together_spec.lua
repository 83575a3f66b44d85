--- What a queue hands on together: small batches of a class and a source as one, beside a slow
-- model. Nothing that is said of a record may change by that.

local engine = require("spec.support.engine")
local ffi = require("ffi")

local C = engine.load("engine/data/batch.h", "engine/data/line.h", "engine/data/peers.h",
  "engine/data/receipt.h", "engine/ring/queue.h")

local seed = tonumber(os.getenv("SEED")) or os.time()
local RUNS = tonumber(os.getenv("LEDGERS")) or 1000

local Model = {}
Model.__index = Model

-- Of each class a list of what waits: { source, receipt, ingest, deadline, rows = { row... } },
-- a row being { n, number, peer, place }.
local function new_model(limits)
  local self = setmetatable({ limits = limits, waiting = {} }, Model)
  for class = 0, C.WEIR_CLASSES - 1 do
    self.waiting[class] = {}
  end
  return self
end

local function bytes_of(rows)
  local sum = 0
  for _, row in ipairs(rows) do
    sum = sum + #row.text + 1
  end
  return sum
end

local function sooner(a, b)
  return (a == 0 or (b ~= 0 and b < a)) and b or a
end

function Model:put(class, batch, taken)
  local part = { source = batch.source, receipt = batch.receipt, ingest = batch.ingest,
    deadline = batch.deadline, rows = {} }
  for i = batch.at + 1, batch.at + taken do
    part.rows[#part.rows + 1] = batch.rows[i]
  end
  local list = self.waiting[class]
  local last = list[#list]
  if last and last.of == batch then -- the same batch goes on
    for _, row in ipairs(part.rows) do
      last.rows[#last.rows + 1] = row
    end
    return
  end
  part.of = batch
  if taken > 0 then
    list[#list + 1] = part
  end
end

function Model:take()
  for class = 0, C.WEIR_CLASSES - 1 do
    local list = self.waiting[class]
    local head = list[1]
    if head then
      local all = { class = class, source = head.source, ingest = 0, deadline = 0, rows = {},
        receipts = {} }
      repeat
        local part = table.remove(list, 1)
        for _, row in ipairs(part.rows) do
          table.insert(all.rows, row)
        end
        table.insert(all.receipts, part.receipt)
        all.ingest = sooner(all.ingest, part.ingest)
        all.deadline = sooner(all.deadline, part.deadline)
        local more = list[1]
      until not more or more.source ~= head.source
        or #all.rows + #more.rows > self.limits.rows_together
        or bytes_of(all.rows) + bytes_of(more.rows) > self.limits.bytes_together
      return all
    end
  end
end

local World = {}
World.__index = World

local function new_world()
  local limits = { max_records = math.random(1, 60), rows_together = math.random(1, 12),
    bytes_together = math.random(20, 400), overflow = C.WEIR_OVERFLOW_BLOCK }
  local pool = C.weir_pool_new(4)
  return setmetatable({ pool = pool, receipts = C.weir_receipts_new(), model = new_model(limits),
    queue = C.weir_queue_new(ffi.new("weir_queue_options", limits), pool),
    positions = {}, numbers = {}, issued = 0, n = 0, out = {}, released = {} }, World)
end

-- Rows as a source gives them; each second source has peers, and rows of two of them.
function World:batch()
  local source, class = math.random(0, 2), math.random(0, C.WEIR_CLASSES - 1)
  local batch = C.weir_batch_new(self.pool)
  local said = { source = source, at = 0, rows = {}, receipt = self.issued,
    ingest = math.random(0, 3) == 0 and 0 or math.random(1, 1000),
    deadline = math.random(0, 1) * math.random(1, 1000) }
  batch.source, batch.priority, batch.line_rows = source, class, 1
  batch.ingest_ns, batch.deadline_ns = said.ingest, said.deadline
  batch.position = self.positions[source] or 0
  batch.record_first = self.numbers[source] or 1
  batch.receipt = C.weir_receipts_issue(self.receipts,
    ffi.new("weir_offset", { position = self.issued }))
  self.issued = self.issued + 1
  if source > 0 then
    batch.peers = C.weir_peers_new()
  end
  for i = 1, math.random(1, 6) do
    self.n = self.n + 1
    local row = { text = ('{"n":%d}'):format(self.n) }
    row.number = tonumber(batch.record_first) + i - 1
    row.place = tonumber(batch.position) + tonumber(batch.bytes.size)
    if source > 0 and (i == 1 or math.random(3) == 1) then
      local peer = ffi.new("weir_peer", { "peer " .. math.random(2), math.random(1000) })
      C.weir_peers_add(batch.peers, row.place, peer)
    end
    C.weir_line_add(batch, row.text, #row.text)
    said.rows[i] = row
  end
  local at = ffi.new("weir_peer")
  for _, row in ipairs(said.rows) do
    if C.weir_peers_find(batch.peers, row.place, at) == 1 then
      row.peer = ffi.string(at.name) .. "@" .. tonumber(at.position)
    end
  end
  self.positions[source] = batch.position + batch.bytes.size
  self.numbers[source] = batch.record_first + #said.rows
  return batch, said, class
end

function World:put()
  if not self.batch_now then
    self.batch_now, self.said, self.class = self:batch()
  end
  local said = self.said
  local taken = C.weir_queue_put(self.queue, self.batch_now, said.at, 1)
  self.model:put(self.class, said, taken)
  said.at = said.at + taken
  if said.at == #said.rows then
    C.weir_batch_unref(self.batch_now)
    self.batch_now = nil
  end
end

local function check_row(batch, i, row)
  local span, at = batch.rows[i], ffi.new("weir_peer")
  assert.equal(row.text, ffi.string(batch.bytes.bytes + span.start, span["end"] - span.start))
  assert.equal(row.number, tonumber(C.weir_batch_row_number(batch, i)))
  local found = C.weir_batch_row_peer(batch, i, at) == 1
  assert.equal(row.peer, found and ffi.string(at.name) .. "@" .. tonumber(at.position) or nil)
  assert.equal(row.place, tonumber(batch.position + C.weir_batch_row_origin(batch, i).start))
end

function World:take()
  local want = self.model:take()
  local batch = C.weir_queue_take(self.queue, C.WEIR_QUEUE_ALL, 1, 0)
  if not want then
    assert.is_true(batch == nil)
    return false
  end
  assert.same({ want.class, want.source, want.ingest, want.deadline, #want.rows },
    { batch.priority, batch.source, tonumber(batch.ingest_ns), tonumber(batch.deadline_ns),
      batch.row_count })
  for i, row in ipairs(want.rows) do
    check_row(batch, i - 1, row)
  end
  table.insert(self.out, { batch = batch, receipts = want.receipts })
  return true
end

-- A batch given back releases what it was made of, and nothing else.
function World:give_back()
  local one = table.remove(self.out, math.random(#self.out))
  C.weir_batch_unref(one.batch)
  local offset, owed = ffi.new("weir_offset"), {}
  while C.weir_receipts_released(self.receipts, offset) == 0 do
    self.released[tonumber(offset.position)] = true
  end
  for _, other in ipairs(self.out) do
    for _, receipt in ipairs(other.receipts) do
      owed[receipt] = true
    end
  end
  for _, list in pairs(self.model.waiting) do
    for _, part in ipairs(list) do
      owed[part.receipt] = true
    end
  end
  for receipt in pairs(owed) do
    assert.is_nil(self.released[receipt])
  end
end

function World:finish()
  while self.batch_now do
    self:put()
    self:take()
  end
  while self:take() do end
  while self.out[1] do
    self:give_back()
  end
  assert.equal(0, tonumber(C.weir_receipts_owed(self.receipts)))
  assert.equal(1, C.weir_queue_is_empty(self.queue, 0))
  C.weir_queue_free(self.queue)
  C.weir_receipts_free(self.receipts)
  C.weir_pool_free(self.pool)
end

local function run_one(number)
  math.randomseed(number)
  local world = new_world()
  for _ = 1, math.random(60) do
    local what = math.random(10)
    if what <= 6 then
      world:put()
    elseif what <= 8 then
      world:take()
    elseif world.out[1] then
      world:give_back()
    end
  end
  world:finish()
end

describe(("what goes on together (seed %d)"):format(seed), function()
  it("is what the slow model says", function()
    for number = seed, seed + RUNS - 1 do
      local ok, problem = xpcall(run_one, debug.traceback, number)
      assert(ok, ("SEED=%d LEDGERS=1: %s"):format(number, tostring(problem)))
    end
  end)
end)
