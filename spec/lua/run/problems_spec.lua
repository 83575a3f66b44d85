--- What the author of a script is told of an error in it.

local cjson = require("cjson")
local program = require("spec.support.program")

local place = program.each_place()

-- The dead letter of a record {"a":1} behind a stage, whose script begins at line 3.
local function letter(stage)
  place:write("in.jsonl", '{"a":1}\n')
  place:write("p.lua", ([[
local weir = require "weir"
local s = weir.from "in.jsonl"
s:%s:to "out.jsonl"
weir.dead_letters():to "dead.jsonl"
]]):format(stage))
  local run = place:run("weir run -q p.lua")
  assert.equal(0, run.code, run.err)
  return cjson.decode(place:read("dead.jsonl"))
end

describe("an error in a script", function()
  it("is told with its own frames, not those of the engine", function()
    local found = letter [[map(function(r)
      local function inner() error("no") end
      pcall(inner)
      inner()
      r.x = 1
    end)]]
    assert.equal("p.lua:4: no (record 1)", found.reason)
    assert.equal("stack traceback:\n\tp.lua:4: in function 'inner'\n\tp.lua:6: in function 'fn'",
      found.traceback)
    found = letter [[filter "a < 'x'"]]
    assert.is_nil(found.traceback)
    assert.matches("p.lua:3: in `a < 'x'`", found.reason, 1, true)
  end)

  it("is told without the frames of functions that Lua brings", function()
    local found = letter [[map(function(r)
      r.x = (function() return tonumber('x', 99) end)()
    end)]]
    assert.equal("stack traceback:\n\tp.lua:4: in function 'fn'", found.traceback)
  end)

  it("is told when it is longer than any message should be", function()
    local found = letter [[map(function(r) error(("x"):rep(6e7)) end)]]
    assert.matches("^p.lua:3: xxx", found.reason)
    assert.is_true(#found.reason < 70000)
  end)

  for _, stage in ipairs({
    "map(function(r) return { 1, x = 2 } end)",
    "flat_map(function(r) return { { 1, x = 2 } } end)",
    "flat_map(function(r) return r end)",
    "flat_map(function(r) return { a = 1 } end)",
    "flat_map(function(r) return { [2] = {} } end)",
    "map(function(r) setmetatable(r, {}) end)",
    "set{ b = function(r) return { 1, x = 2 } end }",
    "sort{ by = function(r) return { 1, x = 2 } end }",
    "map(function(r) r.x = { 1, x = 2 } end)",
  }) do
    it("is at a line of the script: " .. stage, function()
      assert.equal("p.lua:3: ", letter(stage).reason:match("^[^:]+:%d+: "))
    end)
  end

  for raised, reason in pairs({
    ['{ code = "E1", message = "own words" }'] = "own words",
    ["setmetatable({}, { __tostring = function() return 'as text' end })"] = "as text",
    ["setmetatable({}, { __tostring = function() error('twice') end })"] =
      "the script raised a table without a message",
    ["{ code = -7, message = {}, column = 'x' }"] = "the script raised a table without a message",
    ["{ a = 1 }"] = "the script raised a table without a message",
    ["nil"] = "the script raised nil",
    ["true"] = "true",
  }) do
    it("may be anything: " .. raised, function()
      local stage = ("map(function(r) error(%s) end%%s)"):format(raised)
      assert.equal(("p.lua:3: %s (record 1)"):format(reason), letter(stage:format("")).reason)
      stage = stage:format(", { on_error = function(err, r) error(err, 0) end }")
      assert.matches(reason, letter(stage).reason, 1, true)
      stage = stage:gsub("error%(err, 0%)", "r.err = err return r")
      place:write("p.lua", ('local weir = require "weir" weir.from "in.jsonl":%s:to "out.jsonl"')
        :format(stage))
      assert.equal(0, place:run("weir run -q p.lua").code)
      assert.equal("p.lua:1: " .. reason, cjson.decode(place:read("out.jsonl")).err)
    end)
  end
end)

describe("the place of a record", function()
  before_each(function()
    place:write("in.jsonl", 'bad\n{"a":1}\n{"a":2}\nbad\n{"a":3}\n')
  end)

  it("is that in its file, behind forks and filters", function()
    place:write("p.lua", [[
local weir = require "weir"
local few = weir.from "in.jsonl":filter "a > 1":name "few"
few:map(function(r) if r.a == 3 then error("three") end end):to(weir.discard{})
few:map(function(r) r.place = weir.meta(r) end):to "out.jsonl"
few:set{ n = "@record" }:filter "n == 5":to "five.jsonl"
weir.dead_letters():to "dead.jsonl"
]])
    assert.equal(0, place:run("weir run -q p.lua").code)
    local found = cjson.decode(place:read("dead.jsonl"):match("[^\n]*three[^\n]*"))
    assert.same({ "p.lua:3: three (record 5)", "in.jsonl", 24 },
      { found.reason, found.source, found.position })
    assert.same(
      { source = "file:in.jsonl", path = "in.jsonl", partition = 0, record = 3, offset = 12 },
      cjson.decode(place:read("out.jsonl"):match("[^\n]+")).place)
    assert.equal('{"a":3,"n":5}\n', place:read("five.jsonl"))
  end)

  it("is the stage that saw them all, behind one", function()
    place:write("p.lua", [[
local weir = require "weir"
local sorted = weir.from "in.jsonl":sort{ by = "a" }:name "sorted"
sorted:map(function(r) if r.a == 3 then error("three") end end):to(weir.discard{})
sorted:set{ path = "@path", n = "@record" }:take(1):to "out.jsonl"
weir.dead_letters():to "dead.jsonl"
]])
    assert.equal(0, place:run("weir run -q p.lua").code)
    local found = cjson.decode(place:read("dead.jsonl"):match("[^\n]*three[^\n]*"))
    assert.same({ "p.lua:3: three", "sorted" }, { found.reason, found.source })
    assert.equal('{"a":1,"path":"sorted"}\n', place:read("out.jsonl"))
  end)
end)
