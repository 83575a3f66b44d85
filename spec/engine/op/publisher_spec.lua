local ffi = require("ffi")
local engine = require("spec.support.engine")
local pool = require("spec.support.batches")
local record = require("weir.native.record")

local C = engine.load("engine/base/err.h", "engine/op/publisher.h", "engine/op/rows.h")
local rows = record.rows

local batches, outputs, publishers

local function new_publisher(topic, type)
  local out, message = ffi.new("weir_publisher *[1]"), ffi.new("char[256]")
  local code = C.weir_publisher_new(out, topic, type, message, 256)
  if code ~= 0 then
    return nil, ffi.string(message)
  end
  publishers[#publishers + 1] = out[0]
  return out[0]
end

-- Where a record goes: the ports that it was written to, and the answer.
local function publish(publisher, text, full)
  for port = 0, 3 do
    C.weir_batch_clear_rows(outputs[port])
    C.weir_buf_clear(outputs[port].bytes)
  end
  assert.equal(0, C.weir_rows_open_text(rows, 0, text, #text, -1))
  local answer = C.weir_publisher_write(publisher, rows, 0, outputs, full or 1000)
  local ports = ""
  for port = 0, 3 do
    ports = ports .. (outputs[port].row_count > 0 and port or "")
  end
  return ports, answer
end

describe("a pattern of topics", function()
  it("has words, any one word, and the rest", function()
    for pattern, topics in pairs({
      ["a"] = { a = true, b = false, ["a.b"] = false, ["aa"] = false },
      ["a.b"] = { ["a.b"] = true, ["a.bb"] = false, ["a"] = false, ["a.b.c"] = false },
      ["*"] = { a = true, ["a.b"] = false },
      ["a.*"] = { ["a.b"] = true, a = false, ["a.b.c"] = false, ["b.b"] = false },
      ["*.b"] = { ["a.b"] = true, ["a.c"] = false },
      [">"] = { a = true, ["a.b.c"] = true },
      ["a.>"] = { ["a.b"] = true, ["a.b.c"] = true, a = false, ["b.c"] = false },
      ["a.*.>"] = { ["a.b.c"] = true, ["a.b"] = false },
      ["a.*b"] = { ["a.b"] = false, ["a.*b"] = true },
    }) do
      for topic, expected in pairs(topics) do
        assert.equal(expected and 1 or 0, C.weir_topic_matches(pattern, topic),
          pattern .. " and " .. topic)
      end
    end
  end)
end)

describe("a publisher", function()
  before_each(function()
    batches = pool.open(8)
    publishers, outputs = {}, ffi.new("weir_batch *[4]")
    for port = 0, 3 do
      outputs[port] = batches:new()
    end
  end)

  after_each(function()
    C.weir_rows_close(rows, 0)
    batches:close()
    for _, publisher in ipairs(publishers) do
      C.weir_publisher_free(publisher)
    end
  end)

  it("writes a record to each port that wants its topic and type", function()
    local publisher = new_publisher("orders.{region}", "{kind}")
    C.weir_publisher_add(publisher, "orders.eu", nil, 0)
    C.weir_publisher_add(publisher, "orders.*", "made", 1)
    C.weir_publisher_add(publisher, "orders.*", "sent", 1)
    C.weir_publisher_add(publisher, ">", nil, 3)
    for _ = 1, 3 do -- the second time it remembers
      assert.equal("013", (publish(publisher, '{"region":"eu","kind":"made"}')))
      assert.equal("13", (publish(publisher, '{"region":"us","kind":"sent"}')))
      assert.equal("03", (publish(publisher, '{"region":"eu","kind":"paid"}')))
      assert.equal("3", (publish(publisher, '{"region":7,"kind":true}')))
    end
  end)

  it("says when nobody wants a record, and when a batch is full", function()
    local publisher = new_publisher("a.{n}")
    C.weir_publisher_add(publisher, "a.1", nil, 2)
    assert.same({ "", C.WEIR_PUBLISHED_NOWHERE }, { publish(publisher, '{"n":2}') })
    assert.same({ "2", C.WEIR_PUBLISHED }, { publish(publisher, '{"n":1}') })
    assert.same({ "2", C.WEIR_PUBLISHED_FULL }, { publish(publisher, '{"n":1}', 5) })
  end)

  it("has no value add a word", function()
    local publisher = new_publisher("a.{v}")
    C.weir_publisher_add(publisher, "a.*", nil, 0)
    C.weir_publisher_add(publisher, "a.x%2Ey%25", nil, 1)
    C.weir_publisher_add(publisher, "a.x.>", nil, 2)
    C.weir_publisher_add(publisher, "a.%0A%00", nil, 3)
    assert.equal("01", (publish(publisher, '{"v":"x.y%"}')))
    assert.equal("03", (publish(publisher, '{"v":"\\n\\u0000"}')))
  end)

  it("takes a type as it is", function()
    local publisher = new_publisher("a", "{v}")
    C.weir_publisher_add(publisher, "a", "order.made", 0)
    assert.equal("0", (publish(publisher, '{"v":"order.made"}')))
    assert.equal("", (publish(publisher, '{"v":"order.made\\u0000"}')))
  end)

  it("refuses a record that has no topic, and says why", function()
    local publisher = new_publisher("a.{user.name}", "{kind}")
    C.weir_publisher_add(publisher, ">", nil, 0)
    for text, expected in pairs({
      ['{"kind":"x"}'] = 'the topic needs field "user.name", which is missing',
      ['{"kind":"x","user":{"name":""}}'] = 'the topic needs field "user.name", which is empty',
      ['{"kind":null,"user":{"name":"a"}}'] = 'the type needs field "kind", which is null',
    }) do
      local ports, answer = publish(publisher, text)
      assert.equal("", ports)
      assert.equal(C.WEIR_ETYPE, answer)
      assert.equal(expected, ffi.string(C.weir_publisher_message(publisher)))
    end
    assert.equal("0", (publish(publisher, '{"kind":"x","user":{"name":"a"}}')))
  end)

  it("remembers more topics than it has places for", function()
    local publisher = new_publisher("{n}")
    C.weir_publisher_add(publisher, "7", nil, 0)
    C.weir_publisher_add(publisher, "1007", nil, 1)
    for round = 1, 3 do
      for n = 1, 1100 do
        local ports = publish(publisher, ('{"n":%d}'):format(n))
        assert.equal(n == 7 and "0" or n == 1007 and "1" or "", ports, round)
      end
    end
  end)

  it("tells what is wrong with a template", function()
    local _, message = new_publisher("a.{b")
    assert.equal('topic "a.{b": "{" at byte 3 is not closed; write {{ for the character itself',
      message)
    _, message = new_publisher("a", "%Q")
    assert.matches('type "%Q": "%Q" at byte 1 is no part of a time', message, 1, true)
  end)
end)
