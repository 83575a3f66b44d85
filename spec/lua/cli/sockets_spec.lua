local sockets = require("weir.cli.sockets")
local world = require("weir.cli.world")

local GONE = 2 ^ 30 -- no process has that number

describe("the control sockets of runs", function()
  local directory, answering, outside

  local function connect(path)
    return answering[path] and { close = function() end }
  end

  -- A file is enough here.
  local function leave(pipeline, pid, answers)
    local path = ("%s/%s-%d.sock"):format(directory, pipeline, pid)
    assert(io.open(path, "w")):close()
    answering[path] = answers
    return path
  end

  local function is_there(path)
    local file = io.open(path)
    return file ~= nil and file:close()
  end

  before_each(function()
    directory, answering, outside = os.tmpname(), {}, world.real()
    os.remove(directory)
    assert(os.execute("mkdir " .. directory) == 0)
    outside.runtime_directory = function()
      return directory
    end
  end)

  after_each(function()
    assert(os.execute("rm -r " .. directory) == 0)
  end)

  it("are found by pipeline, by process, or as the only one", function()
    local own = leave("traffic", outside.pid(), true)
    assert.equal(own, sockets.find(outside, nil, connect))
    assert.equal(own, sockets.find(outside, "traffic", connect))
    assert.equal(own, sockets.find(outside, tostring(outside.pid()), connect))
    assert.equal("./x", sockets.find(outside, "./x", connect))
    local _, message = sockets.find(outside, "audit", connect)
    assert.matches("no run is called audit", message, 1, true)
    leave("audit", outside.pid(), true)
    _, message = sockets.find(outside, nil, connect)
    assert.matches("several run; name one", message, 1, true)
  end)

  it("go where a process was killed, and stay where it only does not answer", function()
    local killed = leave("traffic", GONE, false)
    local busy = leave("traffic", outside.pid(), false)
    local elsewhere = leave("audit", GONE, true)
    assert.same({ elsewhere }, sockets.alive(outside, sockets.all(outside), connect))
    assert.is_false(is_there(killed))
    assert.is_true(is_there(busy))
    assert.is_true(is_there(elsewhere))
  end)
end)
