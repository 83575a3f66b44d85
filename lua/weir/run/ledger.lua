--- The ledger of a run: what became of every record, stage by stage and edge by edge.
--
--     received + made = sent + filtered + absorbed + dropped + dead + held
--
-- A stage counts what it makes, filters, absorbs, drops and kills; what it received is
-- what the one before sent. So the last stage of a segment says how many records must
-- have been written to its ports, which the scheduler counts by itself: the two agree
-- or the ledger does not balance. An edge: sent = received + dropped + held.
--
-- While a run is at work its counts are of moments that lie close together. What a stage
-- received is then what it is through with, so that what it sent comes out too small
-- rather than too big; and nothing balances. Where a run gave up on a step that does not
-- come back, such as a write that nobody reads, what that step has is held. So is what was
-- given up and comes again with the next run, from a source that remembers or from disk:
-- `left` says how much of what a stage or an edge holds that is.

local cdef = require("weir.cdef")

local C = cdef.load("engine/sched/edge.h", "engine/sched/flow.h", "engine/sched/run.h")

local M = {}

local KINDS = 6
local NAMES = { [0] = "made", [1] = "filtered", [2] = "absorbed", [3] = "dropped", [4] = "dead",
  [5] = "forgotten" }
local DROPPED_AS = { take = "taken", skip = "skipped", flat_map = "given_up",
  dedup = "duplicate", throttle = "over_rate", publish = "unmatched" }

local QUEUE_REASONS = { "dropped_newest", "dropped_oldest", "sampled", "over_rate" }

local function number(value)
  return tonumber(value)
end

-- What a stage has counted, in all lanes of its segment.
local function counts_of(flow, task, index)
  local out = {}
  for kind, name in pairs(NAMES) do
    local sum = 0
    for lane = 0, C.weir_flow_lanes(flow, task.number) - 1 do
      local run = C.weir_flow_run_of(flow, task.number, lane)
      sum = sum + number(run.counts[index * KINDS + kind])
    end
    out[name] = sum
  end
  return out
end

local function entry(name, kind, received, counts)
  return {
    name = name,
    kind = kind,
    received = received,
    made = counts.made or 0,
    filtered = counts.filtered or 0,
    absorbed = counts.absorbed or 0,
    dropped = {},
    forgotten = counts.forgotten or 0,
    dead = counts.dead or 0,
    sent = 0,
    held = 0,
    left = 0,
  }
end

local function drop(stage, reason, count)
  if count ~= 0 then
    stage.dropped[reason] = (stage.dropped[reason] or 0) + count
  end
end

-- What was given up and comes again.
local function leave(stage, stats)
  stage.left = number(stats.left)
  stage.held = stage.held + stage.left
end

local function dropped_of(stage)
  local sum = 0
  for _, count in pairs(stage.dropped) do
    sum = sum + count
  end
  return sum
end

local function settle(stage)
  stage.sent = stage.received + stage.made - stage.filtered - stage.absorbed - stage.dead
    - dropped_of(stage) - stage.held
  return stage.sent
end

local function sent_to_ports(flow, task)
  local sum = 0
  for _, port in ipairs(task.ports) do
    if not port.dead and not port.side then
      sum = sum + number(C.weir_flow_port_sent(flow, task.number, port.number))
    end
  end
  return sum
end

local function untaken(flow, task, taken)
  local sum = 0
  for _, port in ipairs(task.ports) do
    if not port.dead and not port.side and not (taken[task] and taken[task][port.number]) then
      sum = sum + number(C.weir_flow_port_sent(flow, task.number, port.number))
    end
  end
  return sum
end

local function add_source(ledger, flow, task)
  local stats = C.weir_flow_task_count(flow, task.number)
  local stage = entry(task.name, "source", 0,
    { made = number(stats.received), dead = number(stats.dead) })
  settle(stage)
  ledger.balanced = ledger.balanced and stage.sent == sent_to_ports(flow, task)
  table.insert(ledger.stages, stage)
end

-- What the last stage says it sent must be what the scheduler saw written. A route to
-- all that match writes a record several times.
local function close_segment(ledger, stage, node, written)
  if node.all then
    stage.made = stage.made + math.max(0, written - settle(stage))
  end
  if ledger.given_up then
    stage.held = stage.held + math.max(0, settle(stage) - written) -- there was no room for it
  end
  ledger.balanced = ledger.balanced and settle(stage) == written
end

local function add_segment(ledger, flow, task, taken)
  local stats = C.weir_flow_task_count(flow, task.number)
  local is_made = task.node.kind == "source"
  local received = ledger.live and stats.done + stats.dropped + stats.left or stats.received
  local flowing = is_made and 0 or number(received)
  for i, of_task in ipairs(task.stages) do
    local node = of_task.node
    local counts = counts_of(flow, task, of_task.index)
    local stage = entry(node.name, node.kind, flowing, counts)
    if is_made then
      stage.made = number(stats.received)
    end
    drop(stage, DROPPED_AS[node.kind] or "on_error", counts.dropped)
    if i == 1 then
      drop(stage, "stopped", number(stats.dropped))
      leave(stage, stats)
      if ledger.given_up and not is_made then
        stage.held = number(stats.received - stats.done - stats.dropped)
      end
    end
    if node.flights and ledger.live then
      stage.held = number(C.weir_flow_run_of(flow, task.number, 0).flights.under_way)
      stage.received = stage.received + stage.held
    end
    if i == #task.stages then
      close_segment(ledger, stage, node, sent_to_ports(flow, task))
      drop(stage, "untaken", untaken(flow, task, taken))
    end
    flowing = settle(stage)
    if not node.made then
      table.insert(ledger.stages, stage)
    end
  end
end

-- A disk has not come back: what it was to write is not there.
local function drop_unwritten(stage, flow, task)
  local loss = C.weir_flow_unwritten(flow, task.number)
  drop(stage, "not_written", number(loss.dropped))
  stage.held = stage.held - number(loss.dropped)
  stage.left = stage.left + number(loss.left)
end

local function add_buffer(ledger, flow, task)
  local sent = number(C.weir_flow_port_sent(flow, task.number, 0))
  local queue = C.weir_flow_buffer_count(flow, task.number)
  local stats = C.weir_flow_task_count(flow, task.number)
  local stage = entry(task.node.name, task.node.kind, number(stats.received), {})
  for _, reason in ipairs(QUEUE_REASONS) do
    drop(stage, reason, number(queue[reason]))
  end
  drop(stage, "stopped", number(stats.dropped))
  drop(stage, "lost", number(queue.spill.lost))
  stage.made = number(queue.spill.found + queue.gatherings)
  stage.absorbed = number(queue.gathered)
  stage.held = number(queue.records + queue.spill.records)
  leave(stage, stats)
  if ledger.given_up then
    drop_unwritten(stage, flow, task)
  end
  if ledger.live then
    stage.received = sent + dropped_of(stage) + stage.held + stage.absorbed - stage.made
  end
  settle(stage)
  ledger.balanced = ledger.balanced and stage.sent == sent
  table.insert(ledger.stages, stage)
end

-- What it was given and what it gave have nothing in common that can be counted.
local function add_relay(ledger, flow, task)
  local sent = number(C.weir_flow_port_sent(flow, task.number, 0))
  local stats = C.weir_flow_task_count(flow, task.number)
  local stage = entry(task.name, "exec", number(stats.received), {
    made = number(stats.done),
    absorbed = number(stats.written),
    dead = number(stats.dead),
  })
  drop(stage, "not_taken", number(stats.dropped))
  leave(stage, stats)
  settle(stage)
  ledger.balanced = ledger.balanced and (ledger.live or stage.sent == sent)
  table.insert(ledger.stages, stage)
end

local function add_sink(ledger, flow, task)
  local stats = C.weir_flow_task_count(flow, task.number)
  local stage = entry(task.name, "sink", number(stats.received), { dead = number(stats.dead) })
  drop(stage, "failed", number(stats.dropped))
  leave(stage, stats)
  if ledger.live then
    stage.received = number(stats.written) + stage.dead + dropped_of(stage) + stage.held
  elseif ledger.given_up then
    stage.held = stage.received - number(stats.written) - stage.dead - dropped_of(stage)
  end
  settle(stage)
  ledger.balanced = ledger.balanced and stage.sent == number(stats.written)
  if not (task.node.default_dead and stage.received == 0) then
    table.insert(ledger.stages, stage)
  end
end

local function port_of(task, number_)
  for _, port in ipairs(task.ports) do
    if port.number == number_ then
      return port
    end
  end
end

-- Who made what goes along an edge, as people know it: a stage that nobody wrote hands on.
local function maker_of(plan, task)
  local first = task.kind == "segment" and task.stages[1]
  if first and #task.stages == 1 and first.node.made and #first.node.inputs == 1 then
    for _, edge in ipairs(plan.edges) do
      if edge.to == task then
        return edge.from.name
      end
    end
  end
  return task.name
end

local function add_edges(ledger, plan, edges)
  for i, edge in ipairs(plan.edges) do
    local book = C.weir_edge_count(edges[i])
    local port = port_of(edge.from, edge.port)
    local line = {
      from = edge.from.name,
      port = port.name,
      aside = (port.dead or port.side) and true or nil,
      to = edge.to.name,
      at = i,
      maker = maker_of(plan, edge.from),
      reader = edge.to.stages and edge.to.stages[1].node.name or edge.to.name,
      sent = number(book.sent),
      received = number(book.received),
      dropped = number(book.dropped),
      held = number(book.held),
      left = number(book.left),
      held_max = number(book.held_max),
      batches = number(book.batches),
      bytes = number(book.bytes),
    }
    ledger.balanced = ledger.balanced and line.sent == line.received + line.dropped + line.held
    if line.sent > 0 or line.port ~= "dead" then
      table.insert(ledger.edges, line)
    end
  end
end

--- The ledger of a flow.
---@param flow ffi.cdata*   weir_flow
---@param plan table        of weir.plan.cut
---@param edges ffi.cdata*[] weir_edge, as plan.edges
---@param live boolean?     the run is at work
---@param given_up boolean? the run is over, but for steps that do not come back
function M.of(flow, plan, edges, live, given_up)
  local ledger = { stages = {}, edges = {}, balanced = true, live = live, given_up = given_up }
  local taken = {}
  for _, edge in ipairs(plan.edges) do
    taken[edge.from] = taken[edge.from] or {}
    taken[edge.from][edge.port] = true
  end
  for _, task in ipairs(plan.tasks) do
    if task.kind == "source" then
      add_source(ledger, flow, task)
    elseif task.kind == "segment" then
      add_segment(ledger, flow, task, taken)
    elseif task.kind == "buffer" then
      add_buffer(ledger, flow, task)
    elseif task.kind == "relay" then
      add_relay(ledger, flow, task)
    else
      add_sink(ledger, flow, task)
    end
  end
  add_edges(ledger, plan, edges)
  return ledger
end

return M
