local support = require("spec.lua.describe.support")
local topic = require("weir.describe.topic")

local function refused(text, ...)
  local message = support.failure(text)
  for _, expected in ipairs({ ... }) do
    assert.truthy(message:find(expected, 1, true), message)
  end
end

-- Who reads what, by name.
local function readers(loaded)
  local out = {}
  for _, node in ipairs(loaded.nodes) do
    if node.kind == "subscribe" then
      local from = {}
      for i, input in ipairs(node.inputs) do
        from[i] = input.node.name .. " " .. input.port
      end
      out[node.name] = table.concat(from, ", ")
    end
  end
  return out
end

describe("a topic of a template", function()
  it("may match a pattern if a value can make it so", function()
    for pair, expected in pairs({
      ["orders.{r} orders.eu"] = true, ["orders.{r} orders.*"] = true,
      ["orders.{r} orders.>"] = true, ["orders.{r} >"] = true, ["orders.{r} orders"] = false,
      ["orders.{r} orders.eu.west"] = false, ["orders.{r} *.eu"] = true,
      ["orders.{r} carts.*"] = false, ["a-{r}-z a-b-z"] = true, ["a-{r}-z a--z"] = false,
      ["a-{r}-z b-b-z"] = false, ["a-{r}-z a-b-y"] = false, ["a.b a.b"] = true,
      ["a.b a"] = false, ["%Y.a 2026.a"] = true, ["%Y.a 2026.b"] = false,
      ["{{a}} {a}"] = true, ["a%%b a%b"] = true, ["{['x.y']} a"] = true, ["{a.b} a"] = true,
    }) do
      local of, pattern = pair:match("^(%S+) (%S+)$")
      assert.equal(expected, topic.may_match(of, pattern), pair)
    end
  end)
end)

describe("weir.bus", function()
  it("joins each subscriber to all that may reach it", function()
    local loaded = support.load([[
      weir.from "in":to(weir.bus{ topic = "a.b", type = "made" }):to(weir.bus{ topic = "a.{r}" })
        :to(weir.bus{ topic = "c", type = "{kind}" })
      weir.from(weir.bus{ topic = "a.b" }):to "1"
      weir.from(weir.bus{ topic = "a.*", type = { "made", "sent" } }):to "2"
      weir.from(weir.bus{ topic = ">", type = "sent" }):to "3"
      weir.from(weir.bus{ topic = "a.c" }):to "4"]])
    assert.same({
      ["subscribe:a.b"] = "publish:a.b out, publish:a.{r} to a.b",
      ["subscribe:a.*"] = "publish:a.b out",
      ["subscribe:>"] = "publish:c to > as sent",
      ["subscribe:a.c"] = "publish:a.{r} to a.c",
    }, readers(loaded))
  end)

  it("joins those too that stand before what is published", function()
    local loaded = support.load([[
      weir.from(weir.bus{ topic = "b" }):to "1"
      weir.from(weir.bus{ topic = "a" }):to(weir.bus{ topic = "b" })
      weir.from "in":to(weir.bus{ topic = "a" })]])
    local place = {}
    for i, node in ipairs(loaded.nodes) do
      place[node.name] = i
    end
    assert.is_true(place["publish:a"] < place["subscribe:a"])
    assert.is_true(place["subscribe:a"] < place["publish:b"])
    assert.is_true(place["publish:b"] < place["subscribe:b"])
  end)

  it("gives subscribers that want the same one copy of it", function()
    local loaded = support.load([[
      weir.from "in":to(weir.bus{ topic = "a.{r}" })
      weir.from(weir.bus{ topic = "a.b" }):to "1"
      weir.from(weir.bus{ topic = "a.b" }):to "2"]])
    assert.equal(1, #support.node(loaded, "publish").groups)
  end)

  it("has a queue where it is told what is to happen with too much", function()
    local loaded = support.load([[
      weir.from "in":to(weir.bus{ topic = "a" })
      local s = weir.from(weir.bus{ topic = "a", overflow = "drop_oldest", max_records = 5 })
      s:to "1"
      s:side "dropped":to "2"]])
    local node = support.node(loaded, "subscribe")
    assert.same({ "drop_oldest", 5, 0 }, { node.queue.overflow, node.queue.max_records,
      node.queue.max_bytes })
    loaded = support.load([[
      weir.from "in":to(weir.bus{ topic = "a" })
      weir.from(weir.bus{ topic = "a" }):to "1"]])
    assert.is_nil(support.node(loaded, "subscribe").queue)
  end)

  it("tells what stands on the wrong side, or fits nowhere", function()
    local into = 'weir.from "in":to(weir.bus{ topic = %q })'
    local from = 'weir.from(weir.bus{ topic = %q }):to "out"'
    for text, expected in pairs({
      ['weir.from "in":to(weir.bus{ topic = "a", overflow = "block" })'] = "belongs to a source",
      ["weir.from(weir.bus{})"] = 'option "topic" is required',
      ['weir.from(weir.bus{ topic = "a", start = "earliest" })'] = "unknown option",
      ['weir.from(weir.bus{ topic = "a", overflow = "block", keep = 0.5 })'] =
        'keep is the share that is kept with overflow = "sample"',
      ['weir.from(weir.bus{ topic = "a", overflow = "sample" })'] = "needs the share",
      ['weir.from(weir.concat{ "a", weir.bus{ topic = "a" } })'] = "has no end for the others",
      [into:format("a.*")] = "is a pattern of several",
      [into:format("a..b")] = "has an empty word",
      [into:format("a b")] = "has a blank in it",
      [into:format("a\0b")] = "has a control character in it",
      ['weir.from "in":to(weir.bus{ topic = "a", type = "b\\0" })'] = "without NUL",
      [from:format("a.#")] = 'the rest of a topic is written ">"',
      [from:format("a.{b}")] = "a subscriber has no record yet",
      [from:format("a.>.b")] = "so it comes last",
      [from:format("a.b*")] = "must be a whole word",
      [from:format(".a")] = "has an empty word",
    }) do
      refused(text, expected)
    end
  end)

  it("knows a type without blanks by what it says", function()
    support.load([[
      weir.from "in":to(weir.bus{ topic = "a", type = "{{b}}" })
      weir.from(weir.bus{ topic = "a", type = "{b}" }):to "out"]])
  end)

  it("refuses a subscriber that nothing can reach, and says what there is", function()
    refused([[
      weir.from "in":to(weir.bus{ topic = "orders.{region}", type = "made" })
      weir.from(weir.bus{ topic = "order.*" }):to "out"]],
      'traffic.lua:2: weir.bus: nothing is published to "order.*"',
      '"orders.{region}" as "made" (traffic.lua:1)')
    refused('weir.from(weir.bus{ topic = "a", type = { "x", "y" } }):to "out"',
      'nothing is published to "a" as "x" or "y"', "end a stream in :to(weir.bus")
  end)

  it("refuses what may come back to where it was read, and tells the way round", function()
    refused([[
      weir.from(weir.bus{ topic = "a" }):map(function() end):to(weir.bus{ topic = "a" })]],
      "a record could go round for ever", '"a" is read at traffic.lua:1',
      'what comes of it goes to "a" at traffic.lua:1')
    refused([[
      local a = weir.from(weir.bus{ topic = "a.*" })
      a:to(weir.bus{ topic = "b" })
      weir.from "in":to(weir.bus{ topic = "a.x" })
      weir.from(weir.bus{ topic = "b" }):filter "n > 1"
        :to(weir.bus{ topic = "a.{n}" })]],
      '"a.*" is read at traffic.lua:1, what comes of it goes to "b" at traffic.lua:2, "b" is read'
        .. ' at traffic.lua:4, what comes of it goes to "a.{n}" at traffic.lua:5')
    support.load([[
      weir.from "in":to(weir.bus{ topic = "a.x" })
      weir.from(weir.bus{ topic = "a.x" }):to(weir.bus{ topic = "b.{n}" })
      weir.from(weir.bus{ topic = "b.*" }):to "out"]])
  end)
end)
