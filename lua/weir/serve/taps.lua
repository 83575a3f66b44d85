--- What passes a named node, a sample of it, for whoever asked to see some.
--
-- Most nodes are seen where their records go from task to task: a source, the last stage
-- of a segment, a buffer, and a sink by what it is sent. A stage inside a segment hands
-- nothing over; its segment is asked to show some (weir.run.look).

local cdef = require("weir.cdef")
local ffi = require("ffi")
local json = require("weir.native.json")
local ledger = require("weir.run.ledger")
local rpc = require("weir.serve.rpc")

local C = cdef.load("engine/base/buf.h", "engine/sched/flow.h", "engine/sched/tap.h")

local M = {}

M.COUNT, M.COUNT_MAX = 10, 100000
M.TAPS_MAX = 8 -- of a client
local NO_SUCH_NODE = -32001

local Taps = {}
Taps.__index = Taps

---@param engine table  of weir.run.engine, started
function M.new(engine)
  return setmetatable({ engine = engine, list = {}, last = 0, open = {} }, Taps)
end

-- --- where a node is seen

local function last_stage(task)
  return task.stages and task.stages[#task.stages] and task.stages[#task.stages].node
end

local function name_of(task)
  local last = last_stage(task)
  return last and not last.made and last.name or task.kind == "buffer" and task.node.name
    or task.name
end

-- Calls add(name, task, nil, stage) for what is inside segments.
local function each_inner(task, add)
  for i = 1, #(task.stages or {}) - 1 do
    local stage = task.stages[i]
    if not stage.node.made then
      add(stage.node.name, task, nil, stage.index)
    end
  end
end

-- By name of a node: { { task, port or stage }... }, in the order of the plan.
local function places(plan)
  local out, names = {}, {}
  local function add(name, task, port, stage)
    if not out[name] then
      out[name], names[#names + 1] = {}, name
    end
    table.insert(out[name], { task = task.number, port = port, stage = stage })
  end
  for _, task in ipairs(plan.tasks) do
    each_inner(task, add)
    for _, port in ipairs(task.ports) do
      if not port.dead and not port.side and task.kind ~= "sink" then
        add(name_of(task), task, port.number)
      end
    end
  end
  for _, edge in ipairs(plan.edges) do
    if edge.to.kind == "sink" then
      add(edge.to.name, edge.from, edge.port)
    end
  end
  return out, names
end

local function find(plan, name)
  local of, names = places(plan)
  if not of[name] then
    rpc.refuse(NO_SUCH_NODE, "nothing can be seen at %q; there is %s", name,
      table.concat(names, ", "))
  end
  return of[name]
end

-- --- who looks

-- What stages have sent, by their names.
local function sent_by_stages(engine)
  local out = {}
  for _, stage in ipairs(ledger.of(engine.flow, engine.plan, engine.edges, true).stages) do
    out[stage.name] = stage.sent
  end
  return out
end

local function key_of(place)
  return place.task .. (place.port and "." .. place.port or ":" .. place.stage)
end

function Taps:_look(place, by)
  local key = key_of(place)
  local looking = (self.open[key] or 0) + by
  if by > 0 and looking == 1 or looking == 0 then
    if place.port then
      C.weir_flow_tap(self.engine.flow, place.task, place.port, looking)
    else
      C.weir_flow_look(self.engine.flow, place.task, place.stage, looking)
    end
  end
  self.open[key] = looking
end

--- A new tap of a client: what it is called.
---@param params { node: string, count: integer? }
function Taps:add(client, params)
  local count = params.count or M.COUNT
  if type(params.node) ~= "string" then
    rpc.refuse(rpc.PARAMS, "node is the name of a node, as `graph` has it")
  elseif type(count) ~= "number" or count % 1 ~= 0 or count < 1 or count > M.COUNT_MAX then
    rpc.refuse(rpc.PARAMS, "count is a whole number from 1 to %d", M.COUNT_MAX)
  elseif client.listens >= M.TAPS_MAX then
    rpc.refuse(rpc.PARAMS, "a client has %d taps at most", M.TAPS_MAX)
  end
  self.last = self.last + 1
  local tap = {
    number = self.last, client = client, node = params.node, left = count, passed = 0, told = 0,
    places = find(self.engine.plan, params.node),
  }
  if tap.places[1].stage then
    tap.sent_before = sent_by_stages(self.engine)[tap.node]
  end
  for _, place in ipairs(tap.places) do
    self:_look(place, 1)
  end
  self.list[#self.list + 1] = tap
  client.listens = client.listens + 1
  return { tap = tap.number, node = tap.node, count = count }
end

function Taps:_end(tap)
  for _, place in ipairs(tap.places) do
    self:_look(place, -1)
  end
  tap.client.listens = tap.client.listens - 1
  for i, each in ipairs(self.list) do
    if each == tap then
      return table.remove(self.list, i)
    end
  end
end

--- Ends a tap of a client, or all of them; how many that were.
function Taps:remove(client, number)
  local ended = 0
  for i = #self.list, 1, -1 do
    local tap = self.list[i]
    if tap.client == client and (not number or tap.number == number) then
      self:_end(tap)
      ended = ended + 1
    end
  end
  return ended
end

-- --- what is seen

local buf = ffi.new("weir_buf")
C.weir_buf_init(buf)

-- Rows that are no JSON, such as those of a CSV file, are shown as texts.
local function rows_of(flow, place)
  C.weir_buf_clear(buf)
  local passed = 0
  if place.port then
    passed = tonumber(C.weir_flow_take_tapped(flow, place.task, place.port, buf))
  else
    C.weir_flow_take_looked(flow, place.task, place.stage, buf)
  end
  local rows, at, size = {}, 0, ffi.new("uint32_t[1]")
  while at < tonumber(buf.size) do
    ffi.copy(size, buf.bytes + at, 4)
    rows[#rows + 1] = ffi.string(buf.bytes + at + 4, size[0])
    at = at + 4 + size[0]
  end
  return rows, passed
end

local function shown(row)
  return json.is_valid(row) and json.raw(row) or row
end

-- As many as are wanted and its client has room for; the others have passed unseen.
local function tell(self, tap, seen)
  local records, room = json.array({}), tap.client:room()
  if tap.sent_before then
    seen.sent = seen.sent or sent_by_stages(self.engine)
    tap.passed = math.max(tap.passed, seen.sent[tap.node] - tap.sent_before)
  end
  for _, place in ipairs(tap.places) do
    local of = seen[key_of(place)]
    tap.passed = tap.passed + of.passed
    for _, row in ipairs(of.rows) do
      if tap.left > 0 and room >= #row then
        records[#records + 1] = shown(row)
        room, tap.left = room - #row, tap.left - 1
      end
    end
  end
  if #records > 0 then
    tap.told = tap.told + #records
    tap.passed = math.max(tap.passed, tap.told) -- what is counted may be of a moment before
    tap.client:send(rpc.notice("tap", {
      tap = tap.number, node = tap.node, records = records, passed = tap.passed, told = tap.told,
      done = tap.left == 0,
    }))
  end
end

--- Tells all of them what has passed; whether somebody looks.
function Taps:tell()
  local seen = {}
  for _, tap in ipairs(self.list) do
    for _, place in ipairs(tap.places) do
      local key = key_of(place)
      if not seen[key] then
        local rows, passed = rows_of(self.engine.flow, place)
        seen[key] = { rows = rows, passed = passed }
      end
    end
  end
  for _, tap in ipairs({ unpack(self.list) }) do
    tell(self, tap, seen)
    if tap.left == 0 then
      self:_end(tap)
    end
  end
  return #self.list > 0
end

return M
