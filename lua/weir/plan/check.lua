--- What may be wrong with a pipeline that loads: `weir check`.
--
-- A finding is { severity = "error"|"warning", where, message }. What the script said
-- wrongly was refused when it was loaded; this looks at what it means.

local exprs = require("weir.plan.exprs")
local ffi = require("ffi")
local live = require("weir.plan.live")

local M = {}

local MESSAGE_MAX = 512 -- bytes

local function is_plain_path(path)
  return path ~= "-" and not path:find("[*?%[]")
end

local function exists(path)
  local file = io.open(path, "rb")
  if file then
    file:close()
  end
  return file ~= nil
end

local function check_files(node, add)
  local source = node.source
  for _, path in ipairs(source and source.kind == "file" and source.path or {}) do
    if is_plain_path(path) and not exists(path) then
      add("warning", node, ('no file "%s" here; the run will stop at it'):format(path))
    end
  end
end

-- Each by itself: the run says it only where it finds none of them.
local function check_tails(node, add)
  if not (node.source and node.source.kind == "tail") then
    return
  end
  local C = require("weir.cdef").load("engine/io/matches.h")
  local matches = ffi.new("weir_matches")
  for _, path in ipairs(node.source.path) do
    C.weir_matches_init(matches, ffi.new("const char *[1]", { path }), 1)
    C.weir_matches_find(matches)
    if C.weir_matches_count(matches) == 0 then
      add("warning", node, ('nothing matches "%s" here yet; the run will wait for it'):format(path))
    end
    C.weir_matches_fini(matches)
  end
end

-- State, metrics and reload hold on to names; a derived one changes with its options.
local function check_names(node, add)
  if node.stateful and not node.named then
    add("warning", node, ('"%s" keeps state under a derived name; give it one with :name'):format(
      node.name))
  end
end

local function check_patterns(node, add)
  local described = node.source or node
  local codec = described.codec
  if type(codec) == "table" and codec.kind == "pattern" then
    -- Loaded where it is used: every run comes by here, and most have no pattern.
    local problem = require("weir.plan.patterns").problem(codec)
    if problem then
      add("error", node, problem)
    end
  end
end

local function check_template(node, kind, text, add)
  if type(text) ~= "string" then
    return
  end
  local C = require("weir.cdef").load("engine/data/template.h")
  local out, message = ffi.new("weir_template *[1]"), ffi.new("char[?]", MESSAGE_MAX)
  if C.weir_template_new(out, C[kind], text, message, MESSAGE_MAX) == 0 then
    C.weir_template_free(out[0])
  else
    add("error", node, ffi.string(message))
  end
end

-- What may have blanks for fields and times.
local function check_templates(node, add)
  if node.sink and node.sink.kind == "file" then
    check_template(node, "WEIR_TEMPLATE_PATH", node.sink.path, add)
  elseif node.kind == "publish" then
    check_template(node, "WEIR_TEMPLATE_TOPIC", node.topic, add)
    check_template(node, "WEIR_TEMPLATE_TYPE", node.type, add)
  end
end

-- Loaded where it is used, as few pipelines have any.
local function check_certificates(node, add)
  if (node.source or node.sink or {}).tls then
    require("weir.plan.certificates").check(node, add)
  end
end

local GIVEN = { source = true, path = true, offset = true, record = true, partition = true }

-- Other nodes are not looked into.
local function each_meta(value, visit, seen)
  if seen[value] then
    return
  end
  seen[value] = true
  if value.kind == "meta" and value.path then
    visit(value.path[1])
  end
  for key, part in pairs(value) do
    if type(part) == "table" and key ~= "inputs" and not part.inputs then
      each_meta(part, visit, seen)
    end
  end
end

local PUBLISHED = { topic = true, type = true }

local function has_bus(graph)
  for _, node in ipairs(graph.nodes) do
    if node.kind == "publish" then
      return true
    end
  end
  return false
end

local function has_peers(graph)
  for _, node in ipairs(graph.nodes) do
    if node.source and live.KINDS[node.source.kind] then
      return true
    end
  end
  return false
end

local function check_meta(node, graph, add)
  local missing = {}
  each_meta(node, function(name)
    local given = GIVEN[name] or (name == "peer" and has_peers(graph))
      or (PUBLISHED[name] and has_bus(graph))
    if not given and not missing[name] then
      missing[name], missing[#missing + 1] = true, name
    end
  end, {})
  table.sort(missing)
  for _, name in ipairs(missing) do
    add("warning", node, ("no source here gives @%s: it is always missing"):format(name))
  end
end

-- What is published to nobody is counted, and perhaps was meant for somebody.
local function check_bus(node, add)
  if node.kind == "publish" and node.groups and #node.groups == 0 then
    add("warning", node, ('nobody subscribes to "%s": what is published there is counted as'
      .. " unmatched"):format(node.topic))
  end
end

local ENDLESS = { interval = true, tail = true, http = true }

-- Why a source never ends by itself, or nil.
local function endless(node)
  local source = node.source
  if not source then
    return nil
  elseif source.kind == "generate" then
    return not source.count and "weir.generate without count or an fn that returns nil" or nil
  elseif ENDLESS[source.kind] then
    return "weir." .. source.kind
  elseif source.kind == "exec" then
    return source.restart and "weir.exec" or nil
  elseif live.KINDS[source.kind] then
    local ends = source.connect and source.retries and source.retries.max == 0
    return not ends and ("weir." .. source.kind) or nil
  end
end

local function feeds(node, seen)
  if seen[node] ~= nil then
    return seen[node]
  end
  seen[node] = endless(node) or false
  for _, input in ipairs(node.inputs) do
    seen[node] = seen[node] or feeds(input.node, seen)
  end
  return seen[node]
end

-- What a lambda remembers outside itself is in one worker's memory and nowhere else.
local function check_memory(node, add)
  exprs.each(node, function(expr)
    local what = expr.kind == "lambda" and require("weir.expr.purity").remembers(expr.fn)
    if what then
      add("warning", node, ("the function %s: what it remembers is gone when the run ends, and"
        .. " one worker does all its records"):format(what))
    end
  end)
end

local GATHERS = { aggregate = true, sort = true, top = true }

local function check_ends(node, add, seen)
  local why = GATHERS[node.kind] and feeds(node, seen)
  if why then
    add("warning", node, ("%s speaks when its input ends, and %s never does"):format(node.kind,
      why))
  end
end

--- The first mistake that no run gets past, or nil; nothing is opened to find it.
---@param graph table
---@return { where: string, message: string }?
function M.mistake(graph)
  local found
  for _, node in ipairs(graph.nodes) do
    local function add(_, _, message)
      found = found or { where = node.where, message = message }
    end
    check_patterns(node, add)
    check_templates(node, add)
  end
  return found
end

--- All findings, in the order of the script.
---@param graph table
---@return { severity: string, where: string, message: string }[]
function M.check(graph)
  local findings, seen = {}, {}
  local function add(severity, node, message)
    findings[#findings + 1] = { severity = severity, where = node.where, message = message }
  end
  for _, node in ipairs(graph.nodes) do
    check_files(node, add)
    check_tails(node, add)
    check_patterns(node, add)
    check_templates(node, add)
    check_certificates(node, add)
    check_meta(node, graph, add)
    check_bus(node, add)
    check_names(node, add)
    check_memory(node, add)
    check_ends(node, add, seen)
  end
  return findings
end

return M
