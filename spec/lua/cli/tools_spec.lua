local tools = require("weir.cli.tools")

describe("what a run has beside it", function()
  local opened
  local control = {
    open = function(_, _, options)
      opened[#opened + 1] = options.path
      return { listener = { client_count = 0 } }
    end,
  }
  local world = { pid = function() return 7 end, runtime_directory = function() return "/run" end }

  -- Begins a run of these sources; where it can be asked.
  local function begin(sources, values)
    local graph = { pipeline = "p", nodes = {} }
    for i, source in ipairs(sources) do
      graph.nodes[i] = { kind = "source", source = source }
    end
    opened = {}
    local self = tools.open({ graph = graph }, values or {}, world)
    self.made_meter = {}
    self:begin()
    return opened[1]
  end

  setup(function() package.loaded["weir.serve.control"] = control end)
  teardown(function() package.loaded["weir.serve.control"] = nil end)

  it("is a socket at once if one of its sources waits for others", function()
    assert.equal("/run/p-7.sock", begin({ { kind = "file" }, { kind = "tcp" } }))
    assert.equal("/run/p-7.sock", begin({ { kind = "tail" } }))
  end)

  it("is none yet if all of its sources end", function()
    assert.is_nil(begin({ { kind = "file" } }))
    assert.is_nil(begin({ { kind = "generate", rate_per_s = 10, count = 5 } }))
  end)

  it("is none if nobody shall ask", function()
    assert.is_nil(begin({ { kind = "tcp" } }, { control = "off" }))
  end)
end)
