--- A world for specs of the program: everything it writes, and nothing else.

local M = {}

--- world.stdout and world.stderr hold what was written, as texts.
---@param options { env: table?, width: number?, out_is_terminal: boolean?,
---   err_is_terminal: boolean?, stdin: string? }?
function M.new(options)
  options = options or {}
  local world = { stdout = "", stderr = "" }
  function world.out(text)
    world.stdout = world.stdout .. text
  end
  function world.err(text)
    world.stderr = world.stderr .. text
  end
  function world.env(name)
    return (options.env or {})[name]
  end
  function world.width()
    return options.width or 80
  end
  function world.read_stdin()
    return options.stdin or ""
  end
  world.out_is_terminal = options.out_is_terminal or false
  world.err_is_terminal = options.err_is_terminal or false
  return world
end

return M
