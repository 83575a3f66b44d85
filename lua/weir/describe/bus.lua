--- Joins those that publish to a bus with those that subscribe, when a script has been read.
--
-- A bus is no task and holds nothing: it is the edges of the graph. A sink that publishes
-- becomes a stage, `publish`, a source that subscribes a stage `subscribe`, which reads all
-- that may reach it. Where a topic or type has blanks, each record is sent where it belongs:
-- then `groups` of the stage says which subscribers want what.
--
--     publish   = { topic, type, groups = { { pattern, types, port }... }, all }
--               | { topic, type, label = what all of it is published under }
--     subscribe = { topic, types, queue? }

local graph = require("weir.describe.graph")
local topic = require("weir.describe.topic")

local M = {}

local function of_kind(nodes, use)
  local out = {}
  for _, node in ipairs(nodes) do
    if node[use] and node[use].kind == "bus" then
      out[#out + 1] = node
    end
  end
  return out
end

local function become(node, kind, described)
  node.kind, node.kind_name, node.source, node.sink = kind, nil, nil, nil
  node.topic, node.type, node.types = described.topic, described.type, described.types
  node.subject, node.stateful = described.topic, described.overflow == "spill"
  node.queue = described.queue
end

local function may_reach(publisher, subscriber)
  return topic.may_match(publisher.topic, subscriber.topic)
    and topic.may_have_type(publisher.type, subscriber.types)
end

local function varies(publisher)
  return topic.varies(publisher.topic)
    or (publisher.type ~= nil and topic.varies(publisher.type))
end

-- The port of a group; subscribers that want the same share one.
local function port_of(publisher, subscriber)
  if not publisher.groups then
    publisher.ports[1] = "out"
    return "out"
  end
  local types = subscriber.types and " as " .. table.concat(subscriber.types, ", ") or ""
  local port = "to " .. subscriber.topic .. types
  for _, group in ipairs(publisher.groups) do
    if group.port == port then
      return port
    end
  end
  table.insert(publisher.ports, port)
  table.insert(publisher.groups, {
    pattern = subscriber.topic, types = subscriber.types, port = port,
  })
  return port
end

local function connect(publishers, subscribers)
  for _, publisher in ipairs(publishers) do
    publisher.ports = {}
    for _, subscriber in ipairs(subscribers) do
      if may_reach(publisher, subscriber) then
        local port = port_of(publisher, subscriber)
        table.insert(subscriber.inputs, { node = publisher, port = port })
      end
    end
    if not publisher.groups and #publisher.ports == 0 then
      publisher.groups, publisher.all = {}, true -- all is sent nowhere, and counted
    end
  end
end

local function list_topics(publishers)
  local out = {}
  for _, publisher in ipairs(publishers) do
    local type = publisher.type and (' as "%s"'):format(publisher.type) or ""
    out[#out + 1] = ('"%s"%s (%s)'):format(publisher.topic, type, publisher.where)
  end
  return #out > 0 and "what is published: " .. table.concat(out, ", ")
    or "end a stream in :to(weir.bus{ topic = ... })"
end

local function find_deaf(publishers, subscribers, problems)
  for _, subscriber in ipairs(subscribers) do
    if #subscriber.inputs == 0 then
      local types = subscriber.types
        and (' as "%s"'):format(table.concat(subscriber.types, '" or "')) or ""
      problems[#problems + 1] = ('%s: weir.bus: nothing is published to "%s"%s; %s'):format(
        subscriber.where, subscriber.topic, types, list_topics(publishers))
    end
  end
end

-- The way round as records take it, beginning with a subscriber. The path leads against it.
local function tell_cycle(path, from)
  local steps, first = {}, from
  while path[first].kind ~= "subscribe" do
    first = first + 1
  end
  local length = #path - from + 1
  for i = 0, length - 1 do
    local node = path[from + (first - from - i) % length]
    if node.kind == "subscribe" then
      steps[#steps + 1] = ('"%s" is read at %s'):format(node.topic, node.where)
    elseif node.kind == "publish" then
      steps[#steps + 1] = ('what comes of it goes to "%s" at %s'):format(node.topic, node.where)
    end
  end
  return table.concat(steps, ", ")
end

-- Nodes behind all that they read; nil and what is wrong if some read what comes of
-- themselves.
local function in_order(nodes)
  local sorted, done, path, at = {}, {}, {}, {}
  local function visit(node)
    if done[node] then
      return nil
    elseif at[node] then
      return ("%s: weir.bus: a record could go round for ever: %s"):format(node.where,
        tell_cycle(path, at[node]))
    end
    path[#path + 1] = node
    at[node] = #path
    for _, input in ipairs(node.inputs) do
      local problem = visit(input.node)
      if problem then
        return problem
      end
    end
    path[#path], at[node], done[node] = nil, nil, true
    sorted[#sorted + 1] = node
  end
  for _, node in ipairs(nodes) do
    local problem = visit(node)
    if problem then
      return nil, problem
    end
  end
  return sorted
end

function M.join(building, problems)
  local nodes = building.graph.nodes
  local publishers, subscribers = of_kind(nodes, "sink"), of_kind(nodes, "source")
  if #publishers + #subscribers == 0 then
    return
  end
  for _, node in ipairs(publishers) do
    become(node, "publish", node.sink)
    if varies(node) then
      node.groups, node.all = {}, true
    else
      node.label = ("%s\0%s\0"):format(topic.plain(node.topic), topic.plain(node.type or ""))
    end
  end
  for _, node in ipairs(subscribers) do
    become(node, "subscribe", node.source)
  end
  connect(publishers, subscribers)
  find_deaf(publishers, subscribers, problems)
  local sorted, problem = in_order(nodes)
  building.graph.nodes = sorted or nodes
  problems[#problems + 1] = problem
end

graph.on_finish(M.join)

return M
