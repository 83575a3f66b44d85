--- Which stages go together in a segment, from its first one on.
--
-- A chain goes on as long as a stage has one input and one consumer, and ends where the
-- stream forks, is merged, waits, or is gathered (aggregate, sort, top). It may be better
-- two (parts.lua): also for one worker, since a plan does not depend on how many there are.

local kinds = require("weir.plan.kinds")
local parallel = require("weir.plan.parallel")
local parts = require("weir.plan.parts")

local M = {}

local MAX_STAGES = 24 -- each is an upvalue of the loop, and a function has 60

local Chains = {}
Chains.__index = Chains

--- What knows the chains of a graph.
---@param graph table
---@param consumers table  of weir.plan.cut
---@param starts table?    names of the stages that begin a second part; nil: it finds out
function M.new(graph, consumers, starts)
  return setmetatable({
    options = graph.options,
    consumers = consumers,
    starts = starts or {},
    look = not starts and parallel.of(graph),
    part = not starts and parts.of(graph),
  }, Chains)
end

-- What would replace a record without a topic has none either.
function Chains:_on_error(node)
  local on_error = node.on_error or self.options.on_error
  return not (node.groups and type(on_error) == "table") and on_error or nil
end

-- A stage whose on_error is a function: what that gives goes on behind the stage, so
-- the stage is a segment of its own.
function Chains:_stands_alone(node)
  return type(self:_on_error(node)) == "table"
end

-- The stage that follows in the same segment, or nil.
function Chains:_next(node, count)
  if not kinds.fuses(node) or count >= MAX_STAGES or self:_stands_alone(node) then
    return nil
  end
  local after = self.consumers[node].out
  if not after or #after ~= 1 then
    return nil
  end
  local following = after[1]
  if not kinds.follows(following) or #following.inputs ~= 1 then
    return nil
  end
  return not self:_stands_alone(following) and following or nil
end

function Chains:_all(head)
  local stages = {}
  local node = head
  while node do
    stages[#stages + 1] = { index = #stages, node = node, on_error = self:_on_error(node) }
    node = self:_next(node, #stages)
  end
  return stages
end

-- Whether several workers may compute it at once, why not, and where a second part begins.
function Chains:_judge(stages)
  local is_parallel, reason, serial = self.look(stages)
  local at = self.part(stages, serial)
  if at then
    self.starts[stages[at].node.name] = true
  end
  if at and serial and serial >= at then
    return true, nil
  end
  return is_parallel, reason
end

function Chains:_up_to_start(stages)
  local kept = {}
  for i, stage in ipairs(stages) do
    if i > 1 and self.starts[stage.node.name] then
      break
    end
    kept[i] = stage
  end
  return kept
end

--- The stages of the segment that begins with a node; whether it is parallel, or why not,
-- unless the starts were given.
function Chains:from(head)
  local stages = self:_all(head)
  local is_parallel, reason
  if self.look then
    is_parallel, reason = self:_judge(stages)
  end
  return self:_up_to_start(stages), is_parallel, reason
end

return M
