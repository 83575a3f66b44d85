--- The terminal while a program has all of it: keys one by one, another screen, and
-- everything as it was in the end, whatever ends the program.

local ffi = require("ffi")

ffi.cdef([[
struct weir_termios { unsigned int input, output, control, lines; unsigned char line, keys[32];
  unsigned int input_speed, output_speed; };
int tcgetattr(int fd, struct weir_termios *out);
int tcsetattr(int fd, int when, const struct weir_termios *in);
struct weir_pollfd { int fd; short events, revents; };
int poll(struct weir_pollfd *fds, unsigned long count, int timeout_ms);
long read(int fd, void *room, size_t size);
typedef struct { unsigned long bits[16]; } weir_sigset;
int sigemptyset(weir_sigset *set);
int sigaddset(weir_sigset *set, int number);
int sigprocmask(int how, const weir_sigset *set, weir_sigset *old);
int signalfd(int fd, const weir_sigset *set, int flags);
int close(int fd);
]])

local M = {}

local STDIN = 0
local POLLIN = 1
local CANONICAL, ECHO, SIGNALS = 2, 8, 1
local AT_LEAST = 6 -- VMIN
local SIGHUP, SIGINT, SIGTERM, SIGWINCH = 1, 2, 15, 28
local SIG_BLOCK, SIG_SETMASK = 0, 2
local INFO_BYTES = 128

-- Another screen, without a cursor, where a line that is too long is cut.
local ENTER = "\27[?1049h\27[?25l\27[?7l"
local LEAVE = "\27[?7h\27[?25h\27[?1049l"
-- A terminal that knows these shows nothing of what is between them before its end.
local BEGIN, END = "\27[?2026h", "\27[?2026l"

local Terminal = {}
Terminal.__index = Terminal

-- Signals come as something to read, so that none falls between two looks.
local function take_signals()
  local set, old = ffi.new("weir_sigset"), ffi.new("weir_sigset")
  ffi.C.sigemptyset(set)
  for _, number in ipairs({ SIGHUP, SIGINT, SIGTERM, SIGWINCH }) do
    ffi.C.sigaddset(set, number)
  end
  ffi.C.sigprocmask(SIG_BLOCK, set, old)
  return ffi.C.signalfd(-1, set, 0), old
end

--- The terminal of this process, or nil if it has none, or one that can only print.
---@param world table
function M.open(world)
  local was = ffi.new("struct weir_termios")
  local can_draw = world.out_is_terminal and world.env("TERM") ~= "dumb"
  if not can_draw or ffi.C.tcgetattr(STDIN, was) ~= 0 then
    return nil
  end
  local self = setmetatable({ world = world, was = was, keys = {} }, Terminal)
  self.signals, self.old_signals = take_signals()
  local raw = ffi.new("struct weir_termios", was)
  raw.lines = bit.band(raw.lines, bit.bnot(CANONICAL + ECHO + SIGNALS))
  raw.keys[AT_LEAST] = 1
  ffi.C.tcsetattr(STDIN, 0, raw)
  world.out(ENTER)
  return self
end

local NAMES = { ["\27[A"] = "up", ["\27[B"] = "down", ["\27OA"] = "up", ["\27OB"] = "down",
  ["\27"] = "escape", ["\t"] = "tab" }

-- Keys that come together, as from a slow line; one that is a sequence comes whole.
local function keys_of(text)
  local keys = {}
  while text ~= "" do
    local one = text:match("^\27[%[O][%d;]*[%a~]") or text:sub(1, 1)
    keys[#keys + 1] = NAMES[one] or one
    text = text:sub(#one + 1)
  end
  return keys
end

local KEYS_BYTES = 64
local typed = ffi.new("char[?]", KEYS_BYTES)

-- A terminal that has gone says what Ctrl-D says.
function Terminal:_read_key()
  local count = tonumber(ffi.C.read(STDIN, typed, KEYS_BYTES))
  self.keys = count > 0 and keys_of(ffi.string(typed, count)) or { "\4" }
  return table.remove(self.keys, 1)
end

local function read_signal(self)
  local info = ffi.new("uint32_t[?]", INFO_BYTES / 4)
  ffi.C.read(self.signals, info, INFO_BYTES)
  return info[0] == SIGWINCH and "resized" or "ended"
end

--- Waits for a key ("key", its byte or name), a signal ("ended" or "resized"), something to read
-- at the descriptor ("readable"), or the end of the time (nil).
---@param descriptor integer
---@param timeout_ms number
function Terminal:wait(descriptor, timeout_ms)
  if self.keys[1] then
    return "key", table.remove(self.keys, 1)
  end
  local fds = ffi.new("struct weir_pollfd[3]", {
    { STDIN, POLLIN }, { self.signals, POLLIN }, { descriptor, POLLIN },
  })
  ffi.C.poll(fds, 3, math.max(0, timeout_ms))
  if fds[1].revents ~= 0 then
    return read_signal(self)
  elseif fds[0].revents ~= 0 then
    return "key", self:_read_key()
  end
  return fds[2].revents ~= 0 and "readable" or nil
end

--- Draws lines from the top, over what was there.
---@param lines string[]
function Terminal:draw(lines)
  self.world.out(BEGIN .. "\27[H" .. table.concat(lines, "\27[K\r\n") .. "\27[K\27[J" .. END)
  self.world.flush()
end

function Terminal:close()
  self.world.out(LEAVE)
  self.world.flush()
  ffi.C.tcsetattr(STDIN, 0, self.was)
  ffi.C.close(self.signals)
  ffi.C.sigprocmask(SIG_SETMASK, self.old_signals, nil)
end

return M
