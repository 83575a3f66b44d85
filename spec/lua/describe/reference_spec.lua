local errors = require("weir.lib.errors")
local graph = require("weir.describe.graph")
local lambda = require("weir.describe.lambda")
local model = require("spec.support.model")
local reference = require("weir.describe.reference")
local stream = require("weir.describe.stream")
local support = require("spec.lua.describe.support")
local weir = require("weir")

-- Enough of JSON for the example of parse.
local function decode(text)
  local key, value = text:match('^{"(%w+)":"(%w+)"}$')
  return key and { [key] = value }, "not JSON"
end

describe("reference", function()
  local entries = reference.entries()

  it("has an entry for every public name", function()
    for name in pairs(weir) do
      assert.is_table(reference.find(name), name)
    end
    for _, name in ipairs(stream.methods()) do
      assert.is_table(reference.find(name), name)
    end
  end)

  it("answers for the options of what it describes", function()
    local names = { "max_errors", "workers", "max_keys", "keep_field", "require", "int" }
    for _, name in ipairs(names) do
      assert.is_string(reference.text(name), name)
    end
    assert.matches("^max_errors is an option of options%.\n\nweir%.options{",
      reference.text("max_errors"))
    assert.matches("^max_record is an option of :exec, file, [%w,%s]+%.\n$",
      reference.text("max_record"))
    assert.is_nil(reference.text("max_nonsense"))
  end)

  it("names nothing that is not there", function()
    local rules = { rules = true }
    local methods = {}
    for _, name in ipairs(stream.methods()) do
      methods[name] = true
    end
    for _, entry in ipairs(entries) do
      local name = entry.name:gsub("^:", "")
      local exists = rules[entry.group] or methods[name] or rawget(weir, name)
      assert.is_truthy(exists, entry.name)
    end
  end)

  for _, entry in ipairs(entries) do
    if entry.group ~= "rules" then
      it(("tells of %s all that a user must know"):format(entry.name), function()
        for _, key in ipairs({ "signature", "summary", "shape", "errors", "cost", "example" }) do
          assert.is_string(entry[key], key)
        end
      end)
    end

    if entry.example then
      it(("has an example of %s that loads"):format(entry.name), function()
        support.load(entry.example)
      end)
    end

    if entry.output then
      it(("has an example of %s that gives what it says"):format(entry.name), function()
        local real = weir.to_table
        lambda.install(weir, {
          to_table = function(value)
            return value
          end,
        })
        local loaded = support.load(entry.example)
        local outputs = model.run(loaded, entry.input, decode)
        lambda.install(weir, { to_table = real })
        assert.same(entry.output, outputs[support.node(loaded, "sink").name]["in"])
      end)
    end
  end

  it("says each option of what has some, what it is if it is not said, and whether it must be",
    function()
      local places = io.popen("ls lua/weir/op/*.lua lua/weir/describe/connector/*.lua"
        .. " lua/weir/describe/codec/*.lua")
      for path in places:lines() do
        local described = require(path:match("^lua/(.*)%.lua$"):gsub("/", "."))
        local signature = described.doc and described.doc.signature:match("{.*}")
        for name, option in pairs(signature and described.options or {}) do
          local where = ("%s of %s"):format(name, described.kind)
          local told = signature:match("%f[%w_]" .. name .. "%f[^%w_]([^,}]*)")
          assert.is_string(told, where)
          assert.equal(option.required == true, told:sub(1, 1) == "!", where)
          if option.default and type(option.default) ~= "table" then
            assert.equal(tostring(option.default), (told:match('^ = "?(.-)"?%s*$')), where)
          end
        end
      end
      places:close()
    end)

  it("fits a terminal", function()
    for _, entry in ipairs(entries) do
      local text = reference.text(entry.name)
      for line in text:gmatch("[^\n]+") do
        assert.is_true(#line <= 100, entry.name .. ": " .. line)
      end
      assert.matches("\n$", text)
    end
  end)

  it("takes a name as it stands in a script", function()
    local count = reference.find("count")
    assert.equal(count, reference.find("weir.count"))
    assert.equal(count, reference.find("weir.count{}"))
    assert.equal(reference.find("filter"), reference.find(":filter(expr)"))
  end)

  it("names the nearest topic on a miss", function()
    local text, message = reference.text("fliter")
    assert.is_nil(text)
    assert.equal('no help on "fliter"; did you mean "filter"?', message)
    assert.matches("lists the topics", select(2, reference.text("kubernetes")))
  end)

  it("groups its topics", function()
    local seen = {}
    for _, topic in ipairs(reference.topics()) do
      assert.is_true(#topic.names > 0)
      seen[topic.group] = true
    end
    assert.is_true(seen.operators and seen.codecs and seen.aggregates)
  end)
end)

describe("what lambdas call", function()
  it("answers with an error while the script loads", function()
    assert.matches("weir.now: answers while the pipeline runs",
      support.failure("local x = weir.now()"), 1, true)
  end)

  it("is installed by the engine", function()
    local real = weir.now
    lambda.install(weir, {
      now = function()
        return 7
      end,
    })
    assert.equal(7, weir.now())
    lambda.install(weir, { now = real })
    assert.has_error(function()
      lambda.install(weir, { nonsense = print })
    end)
  end)

  it("has coalesce, for which null is nothing", function()
    assert.equal(1, weir.coalesce(1, 2))
    assert.equal(2, weir.coalesce(nil, 2))
    assert.equal(2, weir.coalesce(weir.null, 2))
    assert.equal(false, weir.coalesce(false, 2))
  end)

  it("leaves no description open", function()
    assert.is_function(errors.where)
    assert.has_error(function()
      graph.finish()
    end)
  end)
end)
