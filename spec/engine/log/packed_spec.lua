local ffi = require("ffi")
local engine = require("spec.support.engine")
local support = require("spec.engine.log.support")

local C = support.C

engine.load("engine/data/json.h", "engine/data/line.h")

local header = { "source", "partition", "priority", "sequence", "position", "record_first",
  "epoch", "graph_version", "watermark_ns", "ingest_ns", "deadline_ns", "ends_sequence" }

-- What others can know of a batch's rows and where they came from.
local function facts(batch)
  local out = {}
  for _, name in ipairs(header) do
    out[name] = tostring(batch[name])
  end
  for row = 0, batch.row_count - 1 do
    local span = batch.rows[row]
    out[row + 1] = {
      ffi.string(batch.bytes.bytes + span.start, span["end"] - span.start),
      C.weir_batch_row_origin(batch, row).start,
      tonumber(C.weir_batch_row_number(batch, row)),
    }
  end
  return out
end

describe("a batch in a log", function()
  local pool, log, scratch
  local number = ffi.new("uint64_t[1]")

  before_each(function()
    pool = C.weir_pool_new(4)
    log = support.open("log")
    scratch = ffi.new("weir_buf")
    C.weir_buf_init(scratch)
  end)

  after_each(function()
    C.weir_log_close(log)
    C.weir_buf_fini(scratch)
    C.weir_pool_free(pool)
    support.clean()
  end)

  local function back()
    local cursor = C.weir_log_cursor_new(log, number[0])
    local entry = ffi.new("weir_log_entry")
    assert.equal(C.WEIR_OK, C.weir_log_cursor_next(cursor, entry))
    local out = C.weir_batch_new(pool)
    assert.equal(C.WEIR_OK, C.weir_log_entry_batch(entry, out))
    C.weir_log_cursor_free(cursor)
    return out
  end

  local function scanned(text)
    local batch = C.weir_batch_new(pool)
    C.weir_buf_append(batch.bytes, text, #text)
    batch.input_size = #text
    assert.equal(C.WEIR_OK, C.weir_json_scan(batch, #text))
    for i, name in ipairs(header) do
      batch[name] = name == "priority" and 3 or name == "ends_sequence" and 1 or 1000 * i
    end
    return batch
  end

  it("comes back with its header, and with the origins of its rows", function()
    local texts = {
      '{"a":1}\n{"b":"\\u00e9"}\n{}\n',
      '  {"a":1}  \n\n{"bad":\n {"b":2}',
      '{"x":[]}\n{"x":"unclosed}\n{"y":1}\n',
    }
    for _, text in ipairs(texts) do
      local batch = scanned(text)
      assert.equal(C.WEIR_OK, C.weir_log_append_batch(log, batch, scratch, number))
      local out = back()
      assert.same(facts(batch), facts(out))
      assert.same({ 1, 1, 0 }, { out.line_rows, out.derived, out.indexed })
      assert.equal(C.WEIR_OK, C.weir_json_index(out))
      C.weir_batch_unref(batch)
      C.weir_batch_unref(out)
    end
  end)

  it("comes back the same a second time, and when it was made from another one", function()
    local from = scanned('{"a":1}\n{"a":2}\n{"a":3}\n')
    local batch = C.weir_batch_new(pool)
    C.weir_batch_derive(batch, from)
    for _, row in ipairs({ 2, 0 }) do
      C.weir_line_add(batch, '{"a":"new"}', 11)
      C.weir_batch_trace_rows(batch, from, row, 1)
    end
    C.weir_line_add(batch, '{"a":"of none"}', 15)
    local expected = facts(batch)
    assert.same({ 0, 0 }, { expected[3][2], expected[3][3] })
    assert.equal(tonumber(from.record_first) + 2, expected[1][3])
    C.weir_batch_unref(from)
    for _ = 1, 2 do
      assert.equal(C.WEIR_OK, C.weir_log_append_batch(log, batch, scratch, number))
      C.weir_batch_unref(batch)
      batch = back()
      assert.same(expected, facts(batch))
    end
    C.weir_batch_unref(batch)
  end)

  it("knows who sent which of its rows", function()
    local batch = scanned('{"a":1}\n{"a":2}\n{"a":3}\n{"a":4}\n')
    batch.peers = C.weir_peers_new()
    for i, name in ipairs({ "10.0.0.1:514", "host.example:99", "10.0.0.1:514" }) do
      C.weir_peers_add(batch.peers, batch.position + 8 * i - 8,
        ffi.new("weir_peer", { name = name, position = 700 + i }))
    end
    local function senders(of)
      local out, peer = {}, ffi.new("weir_peer")
      for row = 0, of.row_count - 1 do
        assert.equal(1, C.weir_batch_row_peer(of, row, peer))
        out[row + 1] = { ffi.string(peer.name), tonumber(peer.position) }
      end
      return out
    end
    local expected = senders(batch)
    assert.same({ { "10.0.0.1:514", 701 }, { "host.example:99", 702 }, { "10.0.0.1:514", 703 },
      { "10.0.0.1:514", 711 } }, expected)
    for _ = 1, 2 do
      assert.equal(C.WEIR_OK, C.weir_log_append_batch(log, batch, scratch, number))
      C.weir_batch_unref(batch)
      batch = back()
      assert.same(expected, senders(batch))
    end
    C.weir_batch_unref(batch)
  end)

  it("knows what its rows were published under", function()
    local batch = scanned('{"a":1}\n{"a":2}\n{"a":3}\n{"a":4}\n')
    local topics = ffi.new("weir_topics *[1]")
    C.weir_topics_add(topics, 1, "a.b\0made\0", 9)
    C.weir_topics_add(topics, 2, "c\0\0", 3)
    C.weir_topics_add(topics, 3, nil, 0)
    batch.topics = topics[0]
    local function published(of)
      local out, topic = {}, ffi.new("weir_topic")
      for row = 0, of.row_count - 1 do
        local found = C.weir_topics_find(of.topics, row, topic) == 1
        out[row + 1] = found and { ffi.string(topic.name),
          topic.type ~= nil and ffi.string(topic.type) or nil } or {}
      end
      return out
    end
    for _ = 1, 2 do
      assert.same({ {}, { "a.b", "made" }, { "c" }, {} }, published(batch))
      assert.equal(C.WEIR_OK, C.weir_log_append_batch(log, batch, scratch, number))
      C.weir_batch_unref(batch)
      batch = back()
    end
    C.weir_batch_unref(batch)
  end)

  it("is numbered by its rows", function()
    for _, rows in ipairs({ 3, 1, 500 }) do
      local batch = scanned(('{"a":1}\n'):rep(rows))
      assert.equal(C.WEIR_OK, C.weir_log_append_batch(log, batch, scratch, number))
      C.weir_batch_unref(batch)
    end
    assert.same({ 5, 505 }, { tonumber(number[0]), support.look(log).next })
  end)

  it("is refused when it has no rows, or cells", function()
    local batch = C.weir_batch_new(pool)
    assert.equal(C.WEIR_EINVAL, C.weir_log_append_batch(log, batch, scratch, number))
    batch.form, batch.row_count = C.WEIR_FORM_CELLS, 1
    assert.equal(C.WEIR_EINVAL, C.weir_log_append_batch(log, batch, scratch, number))
    batch.row_count = 0
    C.weir_batch_unref(batch)
  end)

  it("is nothing else that lies in a log", function()
    local seed = support.seed()
    local batch = scanned('{"a":1}\n{"a":2}\n')
    batch.topics = C.weir_topics_of("a\0b\0", 4)
    assert.equal(C.WEIR_OK, C.weir_log_append_batch(log, batch, scratch, number))
    C.weir_batch_unref(batch)
    local payload = support.drain(log)[1][3]
    local function unpack_code(text, kind, count)
      local out = C.weir_batch_new(pool)
      local code = C.weir_log_entry_batch(ffi.new("weir_log_entry",
        { 1, count, kind, { text, #text } }), out)
      assert.equal(code == C.WEIR_OK and 2 or 0, out.row_count, seed)
      C.weir_batch_unref(out)
      return code
    end
    assert.equal(C.WEIR_OK, unpack_code(payload, C.WEIR_LOG_BATCH, 2))
    assert.equal(C.WEIR_ECORRUPT, unpack_code(payload, 7, 2))
    assert.equal(C.WEIR_ECORRUPT, unpack_code(payload, C.WEIR_LOG_BATCH, 3))
    for size = 0, #payload - 1 do
      assert.equal(C.WEIR_ECORRUPT, unpack_code(payload:sub(1, size), C.WEIR_LOG_BATCH, 2))
    end
    local longer = payload:gsub("^.", string.char(96 + 8)):sub(1, 96) .. ("?"):rep(8) ..
      payload:sub(97)
    assert.equal(C.WEIR_OK, unpack_code(longer, C.WEIR_LOG_BATCH, 2))
  end)
end)
