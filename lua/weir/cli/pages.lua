--- The pages of `weir help` that are about the program and no command of it.

local exit = require("weir.cli.exit")

local M = {}

--- In the order in which help lists them.
M.names = { "exit-codes", "metrics", "control" }

local texts = {
  ["exit-codes"] = function()
    return exit.text
  end,
  control = function()
    return require("weir.cli.control_page").text
  end,
  metrics = function()
    return require("weir.cli.metrics_page").text()
  end,
}

--- The text of a page, or nil.
---@param name string
function M.find(name)
  return texts[name] and texts[name]()
end

return M
