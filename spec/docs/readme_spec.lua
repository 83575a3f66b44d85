local program = require("spec.support.program")

-- The blocks marked console: `$ ` begins a command, which may go on in indented lines;
-- what follows is its output.
local function commands_of(text)
  local commands = {}
  for block in text:gmatch("\n```console\n(.-)```") do
    local current
    for line in block:gmatch("([^\n]*)\n") do
      local command = line:match("^%$ (.*)$")
      if command then
        current = { line = command, output = "" }
        commands[#commands + 1] = current
      elseif current.output == "" and line:find("^    ") then
        current.line = current.line .. "\n" .. line
      else
        current.output = current.output .. line .. "\n"
      end
    end
  end
  return commands
end

-- How long it took is another matter each time.
local function timeless(text)
  return (text:gsub("(finished after )[^\n]+", "%1"):gsub("(  read    [^\n]-)  [^\n]*/s", "%1"))
end

describe("README.md", function()
  local text = program.read("README.md")
  local place

  setup(function()
    place = program.place()
    place:bring("examples")
    place:run("mkdir build")
  end)

  teardown(function()
    place:remove()
  end)

  it("shows what the program prints", function()
    for _, command in ipairs(commands_of(text)) do
      local shown = command.line:match("^cat (%S+%.lua)$")
      if shown then
        place:write(shown, command.output)
      elseif not command.line:find("^PATH=") then
        local run = place:run(command.line .. " 2>&1")
        assert.equal(timeless(command.output), timeless(run.out), command.line)
      end
    end
  end)

  it("says of exit codes what weir help says", function()
    local function codes(from, pattern)
      local list = {}
      for code, meaning in from:gmatch(pattern) do
        list[#list + 1] = code .. " " .. meaning:gsub("\\|", "|"):gsub("`", "")
      end
      return list
    end
    local wanted = codes(require("weir.cli.exit").text, "\n +(%d+)  ([^\n]+)")
    local given = codes(text, "\n| (%d+) | ([^\n]+) |")
    assert.same(wanted, given)
  end)

  it("leads into every room", function()
    local list = io.popen("ls -d engine/*/ lua/weir/*/")
    for room in list:lines() do
      local name = room:match("([^/]+/)$")
      assert.is_truthy(text:find(" " .. name, 1, true), room)
    end
    list:close()
  end)
end)
