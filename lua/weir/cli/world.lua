--- The outside as the program sees it: streams, environment, terminal.

local C = require("weir.cdef").load("engine/host/early.h")
local ffi = require("ffi")

ffi.cdef([[
struct weir_winsize { unsigned short rows, columns, width, height; };
int isatty(int descriptor);
int ioctl(int descriptor, unsigned long request, ...);
void _exit(int code);
]])

local M = {}

local STDOUT, STDERR = 1, 2
local TIOCGWINSZ = 0x5413
local WIDTH_DEFAULT = 80

-- Asked for anew each time, since windows change.
local function width()
  local size = ffi.new("struct weir_winsize[1]")
  if ffi.C.ioctl(STDERR, TIOCGWINSZ, size) == 0 and size[0].columns > 0 then
    return size[0].columns
  end
  return tonumber(os.getenv("COLUMNS")) or WIDTH_DEFAULT
end

--- The world of this process.
function M.real()
  return {
    out = function(text)
      io.stdout:write(text)
    end,
    err = function(text)
      io.stderr:write(text)
    end,
    -- At once, whatever other threads are doing.
    quit = function(code)
      io.stdout:flush()
      ffi.C._exit(code)
    end,
    begin_worker = C.weir_early_new, -- the state of one, for weir.run.engine
    env = os.getenv,
    read_stdin = function()
      return io.stdin:read("*a")
    end,
    width = width,
    out_is_terminal = ffi.C.isatty(STDOUT) == 1,
    err_is_terminal = ffi.C.isatty(STDERR) == 1,
  }
end

return M
