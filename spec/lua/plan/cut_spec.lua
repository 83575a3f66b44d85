local check = require("weir.plan.check")
local cut = require("weir.plan.cut")
local emit = require("weir.plan.emit")
local explain = require("weir.plan.explain")
local script = require("weir.run.script")
local support = require("spec.lua.describe.support")

local function plan(text)
  return cut.cut(support.load(text))
end

-- "name(stage stage)" of each task that is no default.
local function tasks(text)
  local out = {}
  for _, task in ipairs(plan(text).tasks) do
    local stages = {}
    for i, stage in ipairs(task.stages or {}) do
      stages[i] = stage.node.kind
    end
    if not task.node.default_dead then
      out[#out + 1] = task.kind .. (#stages > 0 and ":" .. table.concat(stages, " ") or "")
    end
  end
  return out
end

-- "from:port -> to" of each edge that carries records.
local function edges(text)
  local out = {}
  for _, edge in ipairs(plan(text).edges) do
    if not edge.unordered then
      out[#out + 1] = ("%s:%d -> %s"):format(edge.from.name, edge.port, edge.to.name)
    end
  end
  return out
end

describe("a plan", function()
  it("makes one segment of a chain", function()
    assert.same({ "source", "segment:filter set take", "sink" },
      tasks('weir.from "a":filter "x":set{ y = "1" }:take(3):to "b"'))
  end)

  it("cuts where a stream forks, merges or is gathered", function()
    assert.same({ "source", "segment:filter", "segment:sort", "segment:take", "sink", "sink" },
      tasks('local s = weir.from "a":filter "x"; s:sort{ by = "x" }:take(1):to "b"; s:to "c"'))
    assert.same({ "source", "source", "segment:merge filter", "sink" },
      tasks('weir.from "a":merge(weir.from "b"):filter "x":to "c"'))
  end)

  it("has buffers and sinks take the classes of a priority each by itself", function()
    local text = 'weir.from "a":priority "kind":buffer{}:to "b"'
    assert.same({ "source", "segment:priority", "buffer", "sink" }, tasks(text))
    assert.same({ "file:a:0 -> traffic/1", "traffic/1:0 -> buffer", "traffic/1:1 -> buffer",
      "traffic/1:2 -> buffer", "traffic/1:3 -> buffer", "traffic/1:4 -> buffer",
      "buffer:0 -> file:b" }, edges(text))
    assert.same({ "source", "segment:priority", "sink", "sink" },
      tasks('local s = weir.from "a":priority "kind"; s:to "b"; s:to "c"'))
    assert.same({ "source", "segment:priority", "segment:merge filter", "sink" },
      tasks('weir.from "a":priority "kind":filter "x":to "b"'))
    assert.same({ "source", "source", "segment:priority", "segment:merge", "segment:merge",
      "sink" }, tasks('weir.from "a":priority "kind":merge(weir.from "c"):to "b"'))
  end)

  it("makes what stands before a priority as urgent as what may become of it", function()
    local function class(text)
      return plan(text).tasks[1].ports[1].class or "none"
    end
    assert.equal(1, class('weir.from "a":priority "high":to "b"'))
    assert.equal(1, class('weir.from(weir.generate{ fn = print }):priority "high":to "b"'))
    assert.equal(0, class('weir.from "a":filter "x":priority "kind":to "b"'))
    assert.equal(4, class('weir.from "a":sort{ by = "x" }:buffer{}:priority "background":to "b"'))
    local two = 'local s = weir.from "a"; s:priority "low":to "b"; s%s:to "c"'
    assert.equal(1, class(two:format(':priority "high"')))
    assert.equal("none", class(two:format("")))
    local route = 'local t = weir.from "a":route{ { "x", when = "y", priority = "high" } };'
      .. 't.x:to "b"'
    assert.equal(1, class(route))
    assert.equal("none", class(route .. ' t.default:to "c"'))
  end)

  it("makes a task of a buffer, and has it fed by a segment", function()
    assert.same({ "source", "segment:merge", "buffer", "segment:filter", "buffer", "sink" },
      tasks('weir.from "a":buffer{}:filter "x":throttle{ rate = "9/s" }:to "b"'))
    local list = {}
    for _, edge in ipairs(edges('local s = weir.from "a":buffer{ overflow = "drop_newest" }'
      .. 's:filter "x":to "b"; s:side "dropped":to "c"')) do
      list[edge] = true
    end
    assert.is_true(list["buffer:0 -> traffic/2"] and list["buffer:1 -> file:c"])
  end)

  it("sets apart what several workers may compute before a stage that they may not", function()
    assert.same({ "source", "segment:set filter", "segment:sort", "sink" },
      tasks('weir.from "a":set{ y = "1" }:filter "x":sort{ by = "x" }:to "b"'))
    assert.same({ "source", "segment:filter", "segment:skip set", "sink" },
      tasks('weir.from "a":filter "x":skip(3):set{ y = "1" }:to "b"'))
    assert.same({ "source", "segment:filter", "segment:map", "sink" },
      tasks('local n = 0; weir.from "a":filter "x":map(function(r) n = n + 1 end):to "b"'))
  end)

  it("goes on where that is not worth it, or computes what a take does not want", function()
    assert.same({ "source", "segment:set sort", "sink" },
      tasks('weir.from "a":set{ y = "1" }:sort{ by = "x" }:to "b"'))
    assert.same({ "source", "segment:filter skip take", "sink" },
      tasks('weir.from "a":filter "x":skip(3):take(1):to "b"'))
  end)

  it("is cut in the same places by a state that is told them", function()
    local text = 'weir.from "a":filter "x":skip(3):set{ y = "1" }:to "b"'
    local told = cut.cut(support.load(text), plan(text).starts)
    assert.same({ "skip" }, { told.tasks[3].stages[1].node.kind })
  end)

  it("sets a stage apart whose failures a function replaces", function()
    assert.same({ "source", "segment:filter", "segment:filter", "segment:filter", "sink" }, tasks(
      'weir.from "a":filter "x":filter("y", { on_error = function(e, r) return r end })'
        .. ':filter "z":to "b"'))
  end)

  it("puts a segment between a source of cells, or several streams, and a sink", function()
    assert.same({ "source", "sink" }, tasks('weir.from "a":to "b"'))
    assert.same({ "source", "segment:merge", "sink" }, tasks('weir.from "a.csv":to "b"'))
    assert.same({ "source", "source", "segment:merge", "sink" },
      tasks('local a, b = weir.from "a", weir.from "b"; b:merge(a):to "c"'))
  end)

  it("joins streams in the order of the script", function()
    assert.same({ "file:b:0 -> traffic/1", "file:a:0 -> traffic/1", "traffic/1:0 -> file:c" },
      edges('local a, b = weir.from "a", weir.from "b"; b:merge(a):to "c"'))
  end)

  it("does not let one stream wait for another whose source may be silent", function()
    local function groups(text)
      local out = {}
      for _, edge in ipairs(plan(text).edges) do
        if not edge.unordered and #edge.to.node.inputs > 1 then
          out[#out + 1] = (edge.apart and "| " or "") .. edge.from.node.source.kind
        end
      end
      return table.concat(out, " ")
    end
    local live = 'weir.from(weir.tcp{ listen = ":70%02d" })'
    assert.equal("file file",
      groups('weir.from "a":merge(weir.from "b"):to "c"'))
    assert.equal("file | tcp",
      groups('weir.from "a":merge(' .. live:format(1) .. '):to "c"'))
    assert.equal("tcp | file file | tcp",
      groups(live:format(1) .. ':merge(weir.from "a", ' .. live:format(2)
        .. ', weir.from "b"):to "c"'))
    assert.equal("generate generate", groups('local fn = function(n) return { n = n } end;'
      .. 'weir.from(weir.generate{ fn = fn }):merge(weir.from(weir.generate{ fn = fn })):to "c"'))
    assert.equal("file | generate", groups('weir.from "a":merge(weir.from(weir.generate{'
      .. ' fn = function(n) return { n = n } end, rate = "1/s" })):to "c"'))
  end)

  it("keeps the order of the forks of one stream, also of one that was merged", function()
    local function apart(text)
      local count = 0
      for _, edge in ipairs(plan(text).edges) do
        count = count + (edge.apart and 1 or 0)
      end
      return count
    end
    local live = 'weir.from(weir.tcp{ listen = ":7000" })'
    assert.equal(0, apart("local s = " .. live .. ' s:filter "x":merge(s:filter "y"):to "c"'))
    local both = "local s = " .. live .. ':merge(weir.from "a"); '
    assert.equal(1, apart(both .. 's:filter "x":merge(s:filter "y"):to "c"'))
    assert.equal(2, apart(both .. 's:filter "x":merge(weir.from "b"):to "c"'))
    local buffer = 'local s = weir.from "a":buffer{ overflow = "%s" }; s:merge(%s):to "c"'
    assert.equal(1, apart(buffer:format("drop_newest", 's:side "dropped"')))
    assert.equal(0, apart(buffer:format("block", 's:filter "x"')))
  end)

  it("breaks a chain that would outgrow one function", function()
    local chain = {}
    for i = 1, 60 do
      chain[i] = (':drop_fields("f%d")'):format(i)
    end
    local text = ('weir.from "a"%s:to "b"'):format(table.concat(chain))
    assert.equal(5, #tasks(text))
    for _, task in ipairs(plan(text).tasks) do
      if task.kind == "segment" then
        assert(loadstring(emit.emit(task)))
      end
    end
  end)

  it("is the same each time, and so is its code", function()
    local text = [[local s = weir.from "a"
      local to = s:route({ { "x", when = "n > 1" }, { "y", when = "n < 0" } }, { all = true })
      to.x:flat_map "items":set{ z = "n" }:to "b"
      to.y:group_by "k":aggregate{ n = weir.count() }:to "c"]]
    local first, second = plan(text), plan(text)
    for i, task in ipairs(first.tasks) do
      assert.equal(task.name, second.tasks[i].name)
      if task.kind == "segment" then
        assert.equal(emit.emit(task), emit.emit(second.tasks[i]))
      end
    end
  end)
end)

-- As the product loads it: only what the loader loaded is looked into.
local function load(text)
  return script.describe({ text = 'local weir = require "weir"; ' .. text,
    path = "traffic.lua" }, 0, {})
end

local function segments(text)
  local out = {}
  for _, task in ipairs(cut.cut(load('weir.from "a"' .. text .. ':to "b"')).tasks) do
    if task.kind == "segment" then
      out[#out + 1] = #task.stages
    end
  end
  return out
end

describe("a chain with a stage that is not lifted", function()
  local OPAQUE = ":map(function(r) print(r.n) end)"
  local DEAR = ':map(function(r) r.p = r.path:match("^(.*)/") end)'
  local CHEAP = ":filter(function(r) return r.n > 1 end)"

  it("is cut behind it where lifting pays again", function()
    assert.same({ 1, 1 }, segments(OPAQUE .. DEAR))
    assert.same({ 1, 1, 3 }, segments(CHEAP .. OPAQUE .. CHEAP .. DEAR .. CHEAP))
    assert.same({ 1, 1 }, segments(':flat_map "items"' .. DEAR))
    assert.same({ 1, 1 }, segments(OPAQUE .. ':group_by "path":aggregate{ n = weir.count() }'))
    assert.same({ 1, 2, 1 }, segments(OPAQUE .. DEAR .. OPAQUE .. DEAR))
  end)

  it("is not cut where it costs more than it saves, or a take stands behind", function()
    assert.same({ 3 }, segments(OPAQUE .. CHEAP .. ':set{ m = "n + 1" }'))
    assert.same({ 3 }, segments(OPAQUE .. DEAR .. ":take(5)"))
    assert.same({ 2 }, segments(DEAR .. OPAQUE))
  end)

  it("is not cut between stages that share a variable or a table", function()
    local text = 'local n, t = 0, {}; weir.from "a":map(function(r) n = n + 1 t.k = n end)%s%s'
      .. ':to "b"'
    local function count(between, behind)
      local graph = load(text:format(between, behind))
      return #cut.cut(graph).tasks
    end
    assert.equal(5, count(DEAR, CHEAP)) -- with the dead letters
    assert.equal(4, count(DEAR, ":filter(function(r) return t.k > 1 end)"))
    assert.equal(4, count(DEAR, ":tap(function(r) print(n) end)"))
  end)

  it("is cut before its lambdas outgrow a trace, and stays whole if they are lifted", function()
    assert.same({ 20 }, segments((DEAR .. CHEAP):rep(10)))
    assert.same({ 8, 8, 2 }, segments(OPAQUE:rep(18)))
    assert.same({ 14 }, segments(DEAR:rep(10) .. OPAQUE:rep(4)))
  end)

  it("tells so", function()
    local text = explain.explain(load('weir.from "a"' .. OPAQUE .. CHEAP .. DEAR .. ':to "b"'))
    assert.truthy(text:find("segment traffic/2", 1, true), text)
    assert.is_nil(text:find("stands behind", 1, true), text)
  end)
end)

describe("explain", function()
  it("shows sources, segments with their stages, and where they lead", function()
    local text = explain.explain(support.load('weir.from "a":filter "x > 1":to "b"'))
    assert.truthy(text:find("traffic: 1 source, 1 segment, 1 sink", 1, true))
    assert.truthy(text:find("filter   x > 1", 1, true))
    assert.truthy(text:find("out     -> file:b", 1, true))
    assert.is_nil(text:find("local function body", 1, true))
  end)

  it("says which segments several workers compute, and whether the order stays", function()
    local from = 'weir.from "a":filter "x > 1":skip(1):to "b"'
    local text = explain.explain(load(from))
    assert.truthy(text:find("traffic/1 +parallel\n"), text)
    assert.truthy(text:find("traffic/2 +serial: skip counts records\n"), text)
    text = explain.explain(load("weir.options{ ordered = false };" .. from))
    assert.truthy(text:find("traffic/1 +parallel, in any order\n"), text)
  end)

  it("names ports that lead to one place in one line", function()
    local text = explain.explain(load [[weir.from "a":priority "class":buffer{}:to "b"]])
    local line = "\n  critical, high, normal, low, background -> buffer\n"
    assert.truthy(text:find(line, 1, true), text)
  end)

  it("says which lambdas are inlined, and why the others are not", function()
    local text = explain.explain(load([[weir.from "a"
      :filter(function(r) return r.n > 1 end)
      :map(function(r) print(r.n) end)
      :map(function(r) r.m = r.n + 1 end)
      :map(function(r) for i = 1, r.n do r.n = i end end)
      :to "b"]]))
    assert.truthy(text:find("filter  .*:%d+ +inlined\n"), text)
    assert.truthy(text:find("map  .* lambda\n +not inlined: calls print"), text)
    assert.truthy(text:find("not inlined: stands behind map, which is not\n", 1, true), text)
    assert.truthy(text:find("not inlined: loops as often as a record says at line", 1, true), text)
  end)

  it("shows the program and the generated code when asked", function()
    local text = explain.explain(load([[weir.from "a"
      :filter(function(r) return r.n > 1 end):set{ x = "user.id + 1" }:to "b"]]), { emit = true })
    assert.truthy(text:find("local function body", 1, true))
    assert.truthy(text:find('= get "n"', 1, true), text)
    assert.truthy(text:find("if_lt 1, r%d+ %-> label 1"), text)
    assert.truthy(text:find('get lenient "id" of r', 1, true), text)
    assert.truthy(text:find('set "x" = r', 1, true), text)
  end)
end)

describe("check", function()
  local function messages(text)
    local out = {}
    for i, finding in ipairs(check.check(load(text))) do
      out[i] = finding.severity .. ": " .. finding.message
    end
    return table.concat(out, "\n")
  end

  it("warns of a file that is not there, and of state under a derived name", function()
    local found = messages('weir.from "/no/such/file":sort{ by = "x" }:to "b"')
    assert.truthy(found:find('warning: no file "/no/such/file" here', 1, true))
    assert.truthy(found:find('"sort:x" keeps state under a derived name', 1, true))
  end)

  it("warns of a gathering that never ends", function()
    local found = messages('weir.from(weir.generate{ fn = function(n) return { n = n } end })'
      .. ':sort{ by = "n" }:name "s":to "b"')
    assert.truthy(found:find("sort speaks when its input ends", 1, true))
  end)

  it("warns of what no source tells of a record", function()
    assert.equal("warning: no source here gives @time: it is always missing\n"
      .. "warning: no source here gives @topic: it is always missing",
      messages [[weir.from "*.jsonl":filter "lower(@topic) == 'a' or exists @topic or x < @time"
        :to "b"]])
    assert.truthy(messages('weir.from "*.jsonl":set{ k = "@key" }:to "b"'):find("@key", 1, true))
  end)

  it("warns of what a lambda remembers, in a variable or a table, and of no other", function()
    local found = messages([[local n, seen, limit = 0, {}, 5
weir.from "*.jsonl"
  :filter(function(r) n = n + 1 return n > limit end)
  :filter(function(r) seen[r.a] = true return true end)
  :map(function(r) local t = { r.a } t[2] = limit r.b = #t end)
  :to "b"]])
    local _, count = found:gsub("warning", "")
    assert.equal(2, count, found)
    assert.truthy(found:find("changes the variable `n` at line 3", 1, true), found)
    assert.truthy(found:find("changes the table `seen` at line 4", 1, true), found)
  end)

  it("finds nothing in a plain pipeline", function()
    assert.equal("", messages('weir.from "*.jsonl":filter "x":to "b"'))
    assert.equal("", messages([[weir.from "*.jsonl"
      :set{ a = "@path .. @source", b = "@offset + @record + @partition" }:to "b"]]))
  end)
end)
