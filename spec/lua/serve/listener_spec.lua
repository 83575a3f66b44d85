local limits = require("weir.serve.client")
local listener = require("weir.serve.listener")
local sockets = require("spec.support.sockets")

local path, open, heard, gone, now, takes_s

-- Echoes each line, and remembers it.
local function listen()
  local self, message
  self, message = listener.open(path, {
    line = function(client, line)
      heard[#heard + 1] = line
      now = now + takes_s
      client:send("<" .. line .. ">")
    end,
    ended = function()
      gone = gone + 1
    end,
    too_long = "too long",
    too_many = "too many",
    now_s = function() return now end,
  })
  open = self
  return self, message
end

before_each(function()
  path, heard, gone, now, takes_s = os.tmpname() .. ".sock", {}, 0, 1000, 0
end)

after_each(function()
  if open then
    open:close()
    open = nil
  end
  sockets.clean()
end)

local function exists(file)
  return os.execute("test -e " .. file) == 0
end

describe("a listener", function()
  it("answers lines, however they are cut, and forgets who has gone", function()
    local self = assert(listen())
    local client = sockets.connect_path(path)
    for _, part in ipairs({ "on", "e\ntwo", "\n\n  \nthree\n" }) do
      client:send(part)
      self:serve()
    end
    assert.same({ "one", "two", "three" }, heard)
    assert.equal("<one>\n<two>\n<three>\n", client:read())
    client:close()
    self:serve()
    assert.same({ 0, 1 }, { self.client_count, gone })
  end)

  it("lets nobody else in, and leaves no path behind", function()
    local self = assert(listen())
    local pipe = io.popen("stat -c %a " .. path)
    assert.equal("600\n", pipe:read("*a"))
    pipe:close()
    self:close()
    open = nil
    assert.is_false(exists(path))
  end)

  it("takes over the path of one that is dead, not that of one that lives", function()
    sockets.beside(function()
      assert(listen())
    end)
    sockets.wait() -- it has gone without a word
    assert.is_true(exists(path))
    assert(listen())
    local second, message = listener.open(path, {})
    assert.is_nil(second)
    assert.matches(path, message, 1, true)
    sockets.connect_path(path)
    open:serve()
    assert.equal(1, open.client_count)
  end)

  it("refuses a path that cannot be one", function()
    assert.is_nil((listener.open("/nowhere/at/all.sock", {})))
    assert.is_nil((listener.open(("x"):rep(200), {})))
  end)

  it("answers a client that has said all, then leaves it", function()
    local self = assert(listen())
    local client = sockets.connect_path(path)
    client:send(("line\n"):rep(500))
    client:finish()
    while self.client_count > 0 or #heard == 0 do
      self:serve()
      self:flush()
    end
    assert.equal(("<line>\n"):rep(500), client:read_all())
  end)

  it("does no more at a time than its share, and goes on where it was", function()
    local self = assert(listen())
    takes_s = listener.SHARE_S / 2
    local first, second = sockets.connect_path(path), sockets.connect_path(path)
    first:send(("one\n"):rep(100))
    second:send("two\n")
    assert.is_true(self:serve())
    assert.equal(2, #heard)
    local calls = 0
    while #heard < 101 do
      assert.is_true(self:serve() or #heard == 101)
      calls = calls + 1
    end
    assert.is_true(calls >= 49)
    assert.equal("<two>\n", second:read())
    local at
    for i, line in ipairs(heard) do
      at = line == "two" and i or at
    end
    assert.is_true(at < 10, "the second client waits for the first one")
  end)

  it("does little for clients that have gone without listening", function()
    local self = assert(listen())
    local client = sockets.connect_path(path)
    client:send((("x"):rep(5000) .. "\n"):rep(40))
    client:close()
    for _ = 1, 20 do
      self:serve()
    end
    assert.same({ 0, 1 }, { self.client_count, gone })
    assert.is_true(#heard <= 4)
  end)

  it("ends a line that never ends", function()
    local self = assert(listen())
    local client = sockets.connect_path(path)
    local sent = 0
    while self.client_count > 0 or sent == 0 do
      sent = sent + math.max(0, client:send_some(("x"):rep(10000)))
      self:serve()
      self:flush()
    end
    assert.is_true(sent <= limits.LINE_MAX + 300000)
    assert.same({}, heard)
    assert.equal("too long\n", client:read())
  end)

  it("hears no client that does not read, and goes on with the others", function()
    local self = assert(listen())
    local deaf, other = sockets.connect_path(path), sockets.connect_path(path)
    local line, sent = ("y"):rep(1000) .. "\n", 0
    for _ = 1, 5000 do
      sent = sent + math.max(0, deaf:send_some(line))
      self:serve()
    end
    assert.is_true(sent < 2e6, sent)
    for _, client in pairs(self.clients) do
      assert.is_true(client.unsent <= limits.UNSENT_MAX + #line + 2)
    end
    other:send("hello\n")
    self:serve()
    assert.equal("<hello>\n", other:read())
    -- And when it reads, it is heard again.
    local read = 0
    while read < 1e6 do
      local part = deaf:read()
      read = read + #part
      self:serve()
      self:flush()
      deaf:send_some(line)
    end
  end)

  it("has room for so many clients, and for another when one goes", function()
    local self = assert(listen())
    local clients = {}
    for i = 1, listener.CLIENTS_MAX do
      clients[i] = sockets.connect_path(path)
    end
    self:serve()
    local late = sockets.connect_path(path)
    self:serve()
    assert.equal("too many\n", late:read_all())
    assert.equal(listener.CLIENTS_MAX, self.client_count)
    clients[1]:close()
    local next_one = sockets.connect_path(path)
    next_one:send("x\n")
    self:serve()
    assert.equal("<x>\n", next_one:read())
  end)

  it("ends who has been silent for longest where there is no more room", function()
    local self = assert(listen())
    local clients = {}
    for i = 1, listener.CLIENTS_MAX do
      clients[i] = sockets.connect_path(path)
    end
    self:serve()
    for i, client in ipairs(clients) do
      now = now + 1
      if i ~= 7 then
        client:send("x\n")
      end
      self:serve()
    end
    now = now + listener.SILENCE_MAX_S - listener.CLIENTS_MAX
    local late = sockets.connect_path(path)
    late:send("x\n")
    self:serve()
    assert.equal("<x>\n", late:read())
    assert.equal("", clients[7]:read_all())
    assert.equal(1, gone)
    local later = sockets.connect_path(path)
    self:serve()
    assert.equal("too many\n", later:read_all())
  end)

  it("bears that there is no descriptor left", function()
    local self = assert(listen())
    local client = sockets.connect_path(path)
    client:send("x\n")
    sockets.with_descriptors(sockets.next_descriptor(), function()
      self:serve()
      assert.equal(0, self.client_count)
    end)
    self:flush()
    assert.equal("<x>\n", client:read())
  end)

  it("survives any bytes from clients that come and go", function()
    math.randomseed(tonumber(os.getenv("SEED")) or os.time())
    local self = assert(listen())
    local clients = {}
    for _ = 1, 2000 do
      local action = math.random(6)
      if action == 1 and #clients < 50 then
        clients[#clients + 1] = sockets.connect_path(path)
      elseif action == 2 and #clients > 0 then
        table.remove(clients, math.random(#clients)):close()
      elseif #clients > 0 then
        local bytes = {}
        for i = 1, math.random(200) do
          bytes[i] = string.char(math.random(20) == 1 and 10 or math.random(0, 255))
        end
        clients[math.random(#clients)]:send_some(table.concat(bytes))
      end
      if math.random(3) == 1 then
        self:serve()
      elseif math.random(20) == 1 then
        self:flush()
      end
      assert.is_true(self.client_count <= listener.CLIENTS_MAX)
    end
    for _, client in ipairs(clients) do
      client:close()
    end
    for _ = 1, 200 do
      self:serve()
      self:flush()
    end
    assert.equal(0, self.client_count)
  end)
end)
