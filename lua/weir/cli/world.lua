--- The outside as the program sees it: streams, environment, terminal.

local C = require("weir.cdef").load(
  "engine/base/clock.h",
  "engine/base/err.h",
  "engine/host/early.h",
  "engine/loop/exit.h",
  "engine/loop/runtime.h"
)
local ffi = require("ffi")

ffi.cdef([[
struct weir_winsize { unsigned short rows, columns, width, height; };
int isatty(int descriptor);
int ioctl(int descriptor, unsigned long request, ...);
void _exit(int code);
int getpid(void);
int kill(int pid, int number);
typedef struct { size_t count; char **paths; size_t offset; char unused[256]; } weir_glob;
int glob(const char *pattern, int flags, void *on_error, weir_glob *found);
void globfree(weir_glob *found);
]])

local M = {}

local STDOUT, STDERR = 1, 2
local PATH_BYTES = 256
local TIOCGWINSZ = 0x5413
local NO_SIGNAL, ESRCH = 0, 3
local WIDTH_DEFAULT, HEIGHT_DEFAULT = 80, 24

-- Asked for anew each time, since windows change.
local function window(member, variable, default)
  local size = ffi.new("struct weir_winsize[1]")
  if ffi.C.ioctl(STDERR, TIOCGWINSZ, size) == 0 and size[0][member] > 0 then
    return size[0][member]
  end
  return tonumber(os.getenv(variable)) or default
end

local function width()
  return window("columns", "COLUMNS", WIDTH_DEFAULT)
end

local function height()
  return window("rows", "LINES", HEIGHT_DEFAULT)
end

local clock = C.weir_clock_real()

local function now_ms()
  return tonumber(clock.monotonic_ns(clock.context)) / 1e6
end

-- Where runs are found, or nil where no place is safe.
local function runtime_directory(make)
  local path = ffi.new("char[?]", PATH_BYTES)
  local code = C.weir_runtime_directory(path, PATH_BYTES, make and 1 or 0)
  return code == C.WEIR_OK and ffi.string(path) or nil
end

-- The names in a directory; none where there is no such directory.
local function list(path)
  local found, names = ffi.new("weir_glob"), {}
  local pattern = path:gsub("[%[%]*?\\]", "\\%0") .. "/*"
  if ffi.C.glob(pattern, 0, nil, found) == 0 then
    for i = 0, tonumber(found.count) - 1 do
      names[#names + 1] = ffi.string(found.paths[i]):match("[^/]*$")
    end
  end
  ffi.C.globfree(found)
  return names
end

local function is_gone(pid)
  return ffi.C.kill(pid, NO_SIGNAL) ~= 0 and ffi.errno() == ESRCH
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
    -- After so long, whatever this thread is at. Where that cannot be, it takes as long as it does.
    quit_within = function(wait_ns, words, code)
      C.weir_exit_within(wait_ns, words, code)
    end,
    begin_worker = C.weir_early_new, -- the state of one, for weir.run.engine
    env = os.getenv,
    read_stdin = function()
      return io.stdin:read("*a")
    end,
    flush = function()
      io.stdout:flush()
    end,
    now_ms = now_ms,
    width = width,
    height = height,
    pid = ffi.C.getpid,
    is_gone = is_gone,
    runtime_directory = runtime_directory,
    list = list,
    out_is_terminal = ffi.C.isatty(STDOUT) == 1,
    err_is_terminal = ffi.C.isatty(STDERR) == 1,
  }
end

return M
