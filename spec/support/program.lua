--- The program itself, run in a folder of its own: what a user types, and what comes.
--
--     local place = program.each_place()
--
--     it("takes one", function()
--       place:write("access.jsonl", '{"status":500}\n')
--       local run = place:run("weir -e ':take(1)' access.jsonl")
--       assert.equal(0, run.code)
--     end)

local busted = require("busted")
local cjson = require("cjson")

local M = {}

local Place = {}
Place.__index = Place

local function output(command)
  local pipe = assert(io.popen(command))
  local text = pipe:read("*a")
  pipe:close()
  return text
end

local root = output("pwd"):gsub("\n$", "")
local build = os.getenv("BUILD") or "build"

--- Where the program is.
M.path = ("%s/%s/weir"):format(root, build)

local function quote(text)
  return "'" .. text:gsub("'", "'\\''") .. "'"
end

local function new_path()
  return (output("mktemp -d"):gsub("\n$", ""))
end

--- An empty folder.
function M.place()
  return setmetatable({ path = new_path() }, Place)
end

--- A folder that is new and empty for each of the tests that follow in this block.
function M.each_place()
  local place = setmetatable({}, Place)
  busted.before_each(function()
    place.path = new_path()
  end)
  busted.after_each(function()
    place:remove()
  end)
  return place
end

--- What a file of this repository holds.
function M.read(path)
  local file = assert(io.open(path, "rb"))
  local text = file:read("*a")
  file:close()
  return text
end

--- So many records as lines of JSON, with their numbers.
function M.rows(count)
  local out = {}
  for n = 1, count do
    out[n] = ('{"n":%d}\n'):format(n)
  end
  return table.concat(out)
end

function Place:write(name, text)
  local file = assert(io.open(self.path .. "/" .. name, "wb"))
  file:write(text)
  file:close()
end

function Place:read(name)
  return M.read(self.path .. "/" .. name)
end

--- The records of a file of JSON lines, such as dead letters.
function Place:records(name)
  local out = {}
  for line in self:read(name):gmatch("[^\n]+") do
    out[#out + 1] = cjson.decode(line)
  end
  return out
end

--- Brings a file or folder of this repository here.
function Place:bring(path)
  assert(os.execute(("cp -r %s %s"):format(quote(path), quote(self.path))) == 0, path)
end

--- Whether a file of that name is here; hidden ones of the runs do not count.
function Place:has(name)
  local file = io.open(self.path .. "/" .. name, "rb")
  if file then
    file:close()
  end
  return file ~= nil
end

-- So that a program that hangs is a failure, not a halt; no machine is so slow.
local SECONDS_MAX = 300

--- Runs a line of shell, for which `weir` is the program that was built, and "$WEIR"
-- its path, for what a function cannot be.
---@return table  { code, out, err }
function Place:run(line)
  -- What runs leave behind stays here, since names and inodes come again.
  local script = ("cd %s; export XDG_STATE_HOME=$PWD/.state; WEIR=%s/%s/weir; "
    .. "weir() { \"$WEIR\" \"$@\"; }\n%s"):format(quote(self.path), quote(root), build, line)
  local began = os.time()
  local code = os.execute(("timeout -s KILL %d sh -c %s >%s/.out 2>%s/.err </dev/null"):format(
    SECONDS_MAX, quote(script), quote(self.path), quote(self.path)))
  local result = {
    code = math.floor(code / 256), out = self:read(".out"), err = self:read(".err"),
  }
  if os.time() - began >= SECONDS_MAX then
    error(("this hung for %d s:\n%s\nIt had written:\n%s\nand said:\n%s"):format(SECONDS_MAX, line,
      result.out, result.err), 2)
  end
  return result
end

--- Runs in.lua beside, then a line, and stops in.lua: its code is the last that came out, and
-- what it said the last of the errors.
function Place:run_beside(line)
  return self:run([[
    "$WEIR" run in.lua 2>log & pid=$!
    ]] .. line .. [[

    kill -INT $pid; wait $pid; echo "code $?"
    cat log >&2]])
end

--- Whether programs can be given a terminal here; a container may have none to give.
function M.has_terminals()
  return os.execute("script -qefc true /dev/null </dev/null >/dev/null 2>&1") == 0
end

function Place:remove()
  os.execute("rm -rf " .. quote(self.path))
end

return M
