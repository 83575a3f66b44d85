local fake_engine = require("spec.support.fake_engine")
local main = require("weir.cli.main")
local new_world = require("spec.support.world").new

local function weir(words, world_options)
  local world = new_world(world_options)
  return main.main(words, world), world
end

describe("the program", function()
  after_each(fake_engine.uninstall)

  it("explains itself when it is called without words, as a wrong use", function()
    local code, world = weir({})
    assert.equal(2, code)
    assert.equal("", world.stdout)
    assert.matches("weir run PIPELINE.lua", world.stderr)
  end)

  for _, words in ipairs({ { "--help" }, { "-h" }, { "help", "run" }, { "run", "--help" },
    { "help" }, { "help", "-e" },
    { "help", "exit-codes" }, { "help", "filter" }, { "help", "weir.file" }, { "check", "-h" } }) do
    it("helps on standard output: " .. table.concat(words, " "), function()
      local code, world = weir(words)
      assert.equal(0, code)
      assert.equal("", world.stderr)
      assert.matches("%a", world.stdout)
    end)
  end

  it("leads from a flag to the page it is on", function()
    for flag, page in pairs({ profile = "weir run PIPELINE", jit = "weir explain PIPELINE",
      ["max-errors"] = "weir run PIPELINE" }) do
      local code, world = weir({ "help", flag })
      assert.equal(0, code)
      assert.matches("^%-%-" .. flag:gsub("%-", "%%-"), world.stdout)
      assert.truthy(world.stdout:find(page, 1, true), world.stdout)
    end
  end)

  it("names the nearest command", function()
    local code, world = weir({ "rnu", "x.lua" })
    assert.equal(2, code)
    assert.matches("unknown command 'rnu'; did you mean \"run\"%?", world.stderr)
  end)

  it("says how to run a script that was given as a command", function()
    local code, world = weir({ "traffic.lua" })
    assert.equal(2, code)
    assert.matches("weir run traffic.lua", world.stderr, 1, true)
  end)

  it("names the nearest topic", function()
    local code, world = weir({ "help", "fliter" })
    assert.equal(2, code)
    assert.matches("no help on 'fliter'; did you mean \"filter\"%?", world.stderr)
  end)

  it("names the libraries and the scanner's kernel", function()
    local code, world = weir({ "version" })
    assert.equal(0, code)
    for _, name in ipairs({ "LuaJIT", "LPeg", "libuv", "SQLite", "zlib", "zstd", "scanner" }) do
      assert.matches(name .. " +[%w.-]+", world.stdout)
    end
  end)

  for _, shell in ipairs({ "bash", "zsh", "fish" }) do
    it("completes every command and flag in " .. shell, function()
      local code, world = weir({ "completion", shell })
      assert.equal(0, code)
      for _, word in ipairs({ "explain", "max-memory", "dead_letter" }) do
        assert.truthy(world.stdout:find(word, 1, true), word)
      end
    end)
  end

  it("asks which shell", function()
    assert.equal(2, (weir({ "completion", "tcsh" })))
  end)
end)

describe("weir run", function()
  after_each(fake_engine.uninstall)

  it("hands the script its arguments, parameters and limits", function()
    local fake = fake_engine.install()
    weir({ "run", "a.lua", "--set", "limit=5", "--set", "limit=7", "--workers", "2",
      "--max-memory", "64MiB", "--max-errors", "1%", "--on-error", "stop",
      "--secrets", "keys", "--", "x", "--y" })
    assert.equal("a.lua", fake.request.path)
    assert.same({ "x", "--y" }, fake.request.args)
    assert.same({ set = { limit = "7" }, file = {} }, fake.request.params)
    assert.same({ workers = 2, max_memory = 2 ^ 26, max_errors = { share = 0.01 },
      on_error = "stop", secrets = "keys", measured = false }, fake.request.options)
    assert.is_true(fake.started and fake.closed)
  end)

  it("does not wait for ever for what is left to do at the end", function()
    local fake, world = fake_engine.install(), new_world()
    local asked
    function world.quit_within(wait_ns, words, code)
      asked = { wait_ns, words:match("^weir: (.*)\n$"), code, fake.closed }
    end
    assert.equal(0, main.main({ "run", "a.lua" }, world))
    assert.same({ 30e9, "what has arrived could not be noted within drain_timeout (30 s): the"
      .. " disk does not answer; some of it may come again", 1, false }, asked)
    assert.is_true(fake.closed)
  end)

  it("reads parameters from files, of which the last one wins", function()
    local fake = fake_engine.install()
    local json, lua = os.tmpname() .. ".json", os.tmpname() .. ".lua"
    local function write(path, text)
      local file = assert(io.open(path, "w"))
      file:write(text)
      file:close()
    end
    write(json, ' { "limit": 5, "name": "a\\u00fc", "list": [1, true, {"x": null}] }\n')
    write(lua, "return { limit = 6 }")
    weir({ "run", "a.lua", "--params", json, "--params", lua })
    assert.same({ limit = 6, name = "aü", list = { 1, true, {} } }, fake.request.params.file)
    for _, wrong in ipairs({ '{ "limit": }', "[1]", "" }) do
      write(json, wrong)
      local code, world = weir({ "run", "a.lua", "--params", json })
      assert.equal(2, code)
      assert.truthy(world.stderr:find("weir: --params: " .. json, 1, true), world.stderr)
    end
    os.remove(json)
    os.remove(lua)
  end)

  it("reads the script from standard input", function()
    local fake = fake_engine.install()
    weir({ "run", "-" }, { stdin = "return 1" })
    assert.equal("return 1", fake.request.text)
  end)

  it("wants exactly one script", function()
    fake_engine.install()
    assert.equal(2, (weir({ "run" })))
    local code, world = weir({ "run", "a.lua", "b.lua" })
    assert.equal(2, code)
    assert.truthy(world.stderr:find("-- b.lua", 1, true))
  end)

  it("refuses --set without a name", function()
    fake_engine.install()
    local code, world = weir({ "run", "a.lua", "--set", "5" })
    assert.equal(2, code)
    assert.matches('%-%-set needs NAME=VALUE, not "5"', world.stderr)
  end)

  it("writes nothing to standard output, and a summary to standard error", function()
    fake_engine.install()
    local code, world = weir({ "run", "a.lua" })
    assert.equal(0, code)
    assert.equal("", world.stdout)
    assert.matches("finished after 2.1 s", world.stderr)
    assert.matches("the ledger balances", world.stderr)
  end)

  it("is silent with --quiet", function()
    fake_engine.install()
    local _, world = weir({ "run", "a.lua", "--quiet" }, { err_is_terminal = true })
    assert.equal("", world.stderr)
  end)

  it("shows where a script is wrong", function()
    fake_engine.install({ err = { kind = "script", where = "a.lua:7", message = "no such thing" } })
    local code, world = weir({ "run", "a.lua" })
    assert.equal(3, code)
    assert.equal("weir: a.lua:7: no such thing\n", world.stderr)
  end)

  it("does not say twice where", function()
    fake_engine.install({ err = { kind = "script", where = "a.lua:7", message = "a.lua:7: no" } })
    local _, world = weir({ "run", "a.lua" })
    assert.equal("weir: a.lua:7: no\n", world.stderr)
  end)

  it("fails with dead letters only if it is strict", function()
    fake_engine.install({ result = { dead = 2, dead_reasons = { { reason = "bad", count = 2 } } } })
    assert.equal(0, (weir({ "run", "a.lua" })))
    local code, world = weir({ "run", "a.lua", "--strict", "--quiet" })
    assert.equal(4, code)
    assert.matches("%-%-strict: the run has dead letters", world.stderr)
  end)

  local function outcome(result, polls)
    fake_engine.install({ result = result, polls = polls })
    return weir({ "run", "a.lua" })
  end

  it("tells causes apart by exit code", function()
    assert.equal(1, (outcome({ ok = false, kind = "sink", message = "disk full" })))
    assert.equal(4, (outcome({ ok = false, kind = "errors", message = "too many" })))
    assert.equal(3, (outcome({ ok = false, kind = "script", message = "a.lua:1: no" })))
    assert.equal(0, (outcome({ interrupted = true })))
    assert.equal(130, (outcome({}, { true, "interrupted" })))
    assert.equal(1, (outcome({ ledger = { balanced = false, stages = {}, edges = {} } })))
  end)

  it("ends without a word when the reader of the pipe has gone", function()
    local code, world = outcome({ ok = false, kind = "pipe", message = "pipe" })
    assert.equal(141, code)
    assert.equal("", world.stderr)
  end)
end)

describe("progress", function()
  after_each(fake_engine.uninstall)

  local function run(world_options, ...)
    fake_engine.install({ polls = { true, true } })
    local _, world = weir({ "run", "a.lua", ... }, world_options)
    return world.stderr
  end

  it("is drawn on a terminal, and gone at the end", function()
    local text = run({ err_is_terminal = true })
    assert.matches("2,000 records", text)
    assert.truthy(text:find("\r\27[K\27[32mfinished", 1, true))
  end)

  it("is not drawn elsewhere, nor when it is not wanted", function()
    assert.falsy(run({}):find("\r"))
    assert.falsy(run({ err_is_terminal = true }, "--no-progress"):find("\r"))
  end)

  it("keeps away from a terminal that gets the records", function()
    fake_engine.install({ polls = { true }, graph = { nodes = {
      { kind = "sink", sink = { kind = "stdout" } } } } })
    local _, world = weir({ "run", "a.lua" }, { err_is_terminal = true, out_is_terminal = true })
    assert.falsy(world.stderr:find("\r"))
  end)
end)

describe("weir -e", function()
  after_each(fake_engine.uninstall)

  it("applies a chain to files, and says nothing when all is well", function()
    local fake = fake_engine.install()
    local code, world = weir({ "-e", ":take(1)", "a.jsonl", "--", "-b.jsonl" })
    assert.equal(0, code)
    assert.equal(":take(1)", fake.request.chain)
    assert.same({ "a.jsonl", "-b.jsonl" }, fake.request.files)
    assert.equal("", world.stdout .. world.stderr)
  end)

  it("speaks up when there are dead letters", function()
    fake_engine.install({ result = { dead = 1, dead_reasons = {
      { reason = "not valid UTF-8", count = 1, first = "a.jsonl:3" } } } })
    local _, world = weir({ "-e", ":take(1)", "a.jsonl" })
    assert.matches("1 record\n", world.stderr)
    assert.matches("1  not valid UTF%-8, in a.jsonl:3", world.stderr)
  end)

  it("gives a summary when asked", function()
    fake_engine.install()
    local _, world = weir({ "-e", ":take(1)", "--summary", "json" })
    assert.same(2000, require("cjson").decode(world.stderr).records_in)
  end)
end)

describe("weir check", function()
  after_each(function()
    fake_engine.uninstall()
    package.loaded["weir.plan.check"] = nil
  end)

  local function check(findings)
    fake_engine.install()
    package.loaded["weir.plan.check"] = { check = function() return findings end }
    return weir({ "check", "a.lua" })
  end

  it("lists what it finds and fails if one is an error", function()
    local code, world = check({
      { severity = "warning", where = "a.lua:3", message = "unused" },
      { severity = "error", where = "a.lua:4", message = "no such field" },
    })
    assert.equal(3, code)
    assert.equal("a.lua:3: warning: unused\na.lua:4: error: no such field\n", world.stdout)
  end)

  it("is content otherwise", function()
    local code, world = check({})
    assert.equal(0, code)
    assert.matches("a.lua: nothing to complain about", world.stdout)
  end)
end)
