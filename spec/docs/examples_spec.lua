local program = require("spec.support.program")

-- What stands at the end of a lesson: `--> COMMAND` or `--> FILE`, then what it gives,
-- each line behind `-- `.
local function sections_of(text)
  local sections = {}
  for line in text:gmatch("[^\n]+") do
    local name, content = line:match("^%-%-> (.+)$"), line:match("^%-%- ?(.*)$")
    if name then
      table.insert(sections, { name = name, text = "" })
    elseif #sections > 0 then
      local last = sections[#sections]
      last.text = last.text .. assert(content, "a line after the outputs: " .. line) .. "\n"
    end
  end
  return sections
end

local function lessons()
  local names = {}
  local list = io.popen("ls examples")
  for name in list:lines() do
    names[#names + 1] = name:match("^%d%d_.*%.lua$")
  end
  list:close()
  return names
end

local function look(place, section)
  local arguments = section.name:match("^build/(weir .+)$")
  if not arguments then
    return place:read(section.name)
  end
  local run = place:run(arguments)
  assert.equal(0, run.code, run.err)
  assert.matches("the ledger balances", run.err)
  return run.out
end

describe("the lessons of examples/", function()
  local numbers = {}

  for _, name in ipairs(lessons()) do
    local text = program.read("examples/" .. name)
    local sections = sections_of(text)
    numbers[#numbers + 1] = name:sub(1, 2)

    it(("print and write what they say: %s"):format(name), function()
      local place = program.place()
      finally(function()
        place:remove()
      end)
      place:bring("examples")
      place:run("mkdir build")
      for _, section in ipairs(sections) do
        assert.equal(section.text, look(place, section), section.name)
      end
    end)

    it(("pass the check: %s"):format(name), function()
      local place = program.place()
      finally(function()
        place:remove()
      end)
      place:bring("examples")
      place:run("mkdir build")
      local run = place:run(("weir check examples/%s -- examples/access.jsonl"):format(name))
      assert.equal(0, run.code, run.err)
    end)
  end

  it("are numbered one by one", function()
    local last = 0
    for _, number in ipairs(numbers) do
      assert.is_true(tonumber(number) == last + 1, number)
      last = tonumber(number)
    end
    assert.is_true(last >= 7)
  end)
end)
