--- Sockets for specs: the other side of what the engine opens, in the same process.
--
--     local client = sockets.connect(port)
--     client:send('{"a":1}\n')
--     client:close()
--
-- Every read has an end: a socket that says nothing for a long time fails the spec.

local ffi = require("ffi")

ffi.cdef([[
struct spec_in { uint16_t family; uint16_t port; uint32_t address; uint8_t zero[8]; };
struct spec_in6 { uint16_t family; uint16_t port; uint32_t flow; uint8_t address[16];
  uint32_t scope; };
struct spec_un { uint16_t family; char path[108]; };
struct spec_linger { int on; int seconds; };
struct spec_time { long seconds; long microseconds; };
struct spec_rlimit_files { unsigned long soft, hard; };
int socket(int domain, int type, int protocol);
int connect(int fd, const void *address, uint32_t size);
int bind(int fd, const void *address, uint32_t size);
int listen(int fd, int backlog);
int accept(int fd, void *address, uint32_t *size);
int getsockname(int fd, void *address, uint32_t *size);
int setsockopt(int fd, int level, int option, const void *value, uint32_t size);
int shutdown(int fd, int how);
long send(int fd, const void *bytes, size_t size, int flags);
long recv(int fd, void *bytes, size_t size, int flags);
int close(int fd);
uint16_t htons(uint16_t port);
uint32_t inet_addr(const char *text);
int fork(void);
void _exit(int status);
int waitpid(int pid, int *status, int options);
int kill(int pid, int signal);
int getpid(void);
int ioctl(int fd, unsigned long request, int *out);
int prlimit(int pid, int resource, const void *limit, void *old);
]])

local C = ffi.C

local AF_UNIX, AF_INET, AF_INET6 = 1, 2, 10
local STREAM, DATAGRAM, NONBLOCK = 1, 2, 0x800
local SOL_SOCKET, SO_RCVBUF, SO_LINGER, SO_RCVTIMEO = 1, 8, 13, 20
local NOSIGNAL, DONTWAIT = 0x4000, 0x40
local SIOCOUTQ, EAGAIN, ECONNRESET = 0x5411, 11, 104
local PATIENCE_S = 300
local PORT_MIN, PORT_COUNT = 20000, 12000
local RLIMIT_NOFILE = 7

local M = {}

local Socket = {}
Socket.__index = Socket

local open = {}

local function check(code)
  if code < 0 then
    local errno = ffi.errno()
    error(errno == EAGAIN and ("nothing came for %d s"):format(PATIENCE_S)
      or "a socket: errno " .. errno, 2)
  end
  return code
end

local function wrap(fd)
  check(fd)
  local patience = ffi.new("struct spec_time", PATIENCE_S, 0)
  C.setsockopt(fd, SOL_SOCKET, SO_RCVTIMEO, patience, ffi.sizeof(patience))
  local socket = setmetatable({ fd = fd }, Socket)
  open[socket] = true
  return socket
end

local function inet(port)
  return ffi.new("struct spec_in", {
    family = AF_INET, port = C.htons(port), address = C.inet_addr("127.0.0.1"),
  })
end

local function path_of(path)
  return ffi.new("struct spec_un", { family = AF_UNIX, path = path })
end

local function to(address, family, kind)
  local socket = wrap(C.socket(family, kind, 0))
  check(C.connect(socket.fd, address, ffi.sizeof(address)))
  return socket
end

--- A connection to a port of this machine.
function M.connect(port)
  return to(inet(port), AF_INET, STREAM)
end

--- One that is on its way: nobody waits until it has arrived.
function M.connect_soon(port)
  local socket = wrap(C.socket(AF_INET, STREAM + NONBLOCK, 0))
  local address = inet(port)
  C.connect(socket.fd, address, ffi.sizeof(address))
  return socket
end

function M.connect6(port)
  local address = ffi.new("struct spec_in6", { family = AF_INET6, port = C.htons(port) })
  address.address[15] = 1
  return to(address, AF_INET6, STREAM)
end

function M.connect_path(path)
  return to(path_of(path), AF_UNIX, STREAM)
end

--- A socket that sends datagrams to a port, or to a path.
function M.datagrams(where)
  if type(where) == "string" then
    return to(path_of(where), AF_UNIX, DATAGRAM)
  end
  return to(inet(where), AF_INET, DATAGRAM)
end

local function port_of(fd)
  local address, size = inet(0), ffi.new("uint32_t[1]", ffi.sizeof("struct spec_in"))
  check(C.getsockname(fd, address, size))
  return C.htons(address.port)
end

--- A socket that listens on a port of its own, or on the given one.
---@param port number?
---@param backlog number?  how many may wait to be accepted, and one more
function M.listen(port, backlog)
  local socket = wrap(C.socket(AF_INET, STREAM, 0))
  C.setsockopt(socket.fd, SOL_SOCKET, 2, ffi.new("int[1]", 1), 4)
  local address = inet(port or 0)
  check(C.bind(socket.fd, address, ffi.sizeof(address)))
  check(C.listen(socket.fd, backlog or 16))
  socket.port = port_of(socket.fd)
  return socket
end

--- One that listens at a path.
function M.listen_path(path)
  local socket = wrap(C.socket(AF_UNIX, STREAM, 0))
  local address = path_of(path)
  check(C.bind(socket.fd, address, ffi.sizeof(address)))
  check(C.listen(socket.fd, 16))
  return socket
end

local next_port

--- A port that was free a moment ago, and that the kernel gives to nobody who has not asked
-- for it: it takes others where a client did not choose.
---@param open_at (fun(port: integer): table)?  how it will be opened: M.listen, M.receive
function M.free_port(open_at)
  next_port = next_port or C.getpid() * 16
  for _ = 1, PORT_COUNT do
    next_port = next_port + 1
    local ok, socket = pcall(open_at or M.listen, PORT_MIN + next_port % PORT_COUNT)
    if ok then
      socket:close()
      return socket.port
    end
  end
  error("there is no free port")
end

--- A socket that datagrams come to.
function M.receive(port)
  local socket = wrap(C.socket(AF_INET, DATAGRAM, 0))
  local address = inet(port or 0)
  check(C.bind(socket.fd, address, ffi.sizeof(address)))
  socket.port = port_of(socket.fd)
  return socket
end

function M.receive_path(path)
  local socket = wrap(C.socket(AF_UNIX, DATAGRAM, 0))
  local address = path_of(path)
  check(C.bind(socket.fd, address, ffi.sizeof(address)))
  return socket
end

function Socket:accept()
  return wrap(C.accept(self.fd, nil, nil))
end

function Socket:set_receive_room(bytes)
  C.setsockopt(self.fd, SOL_SOCKET, SO_RCVBUF, ffi.new("int[1]", bytes), 4)
end

--- Sends all of it.
function Socket:send(text)
  local sent = 0
  while sent < #text do
    local count = tonumber(C.send(self.fd, ffi.cast("const char *", text) + sent, #text - sent,
      NOSIGNAL))
    assert(count > 0, "send: errno " .. ffi.errno())
    sent = sent + count
  end
end

--- Sends what there is room for now; how much.
function Socket:send_some(text)
  return tonumber(C.send(self.fd, text, #text, NOSIGNAL + DONTWAIT))
end

--- What comes next, or nil at the end.
function Socket:read(size)
  local room = ffi.new("char[?]", size or 65536)
  local count = tonumber(C.recv(self.fd, room, size or 65536, 0))
  if count < 0 and ffi.errno() == ECONNRESET then
    return nil
  end
  return check(count) > 0 and ffi.string(room, count) or nil
end

--- All until the peer ends.
function Socket:read_all()
  local parts = {}
  for part in function() return self:read() end do
    parts[#parts + 1] = part
  end
  return table.concat(parts)
end

--- Says that nothing more comes, and goes on reading.
function Socket:finish()
  C.shutdown(self.fd, 1)
end

function Socket:close()
  if open[self] then
    open[self] = nil
    C.close(self.fd)
  end
end

--- Closes when the peer's machine knows that no more comes.
function Socket:leave()
  self:finish()
  local unknown = ffi.new("int[1]", 1)
  while unknown[0] > 0 do
    check(C.ioctl(self.fd, SIOCOUTQ, unknown))
  end
  self:close()
end

--- Closes so that the peer sees the connection reset.
function Socket:reset()
  local now = ffi.new("struct spec_linger", 1, 0)
  C.setsockopt(self.fd, SOL_SOCKET, SO_LINGER, now, ffi.sizeof(now))
  self:close()
end

local children = {}

--- Calls fn in a process of its own, which ends with it: for a peer that has to act while
-- the engine waits for it.
function M.beside(fn)
  local pid = C.fork()
  if pid == 0 then
    local ok = pcall(fn)
    C._exit(ok and 0 or 1)
  end
  children[#children + 1] = pid
end

--- Waits for what is done beside.
function M.wait()
  local status = ffi.new("int[1]")
  for _, pid in ipairs(children) do
    C.waitpid(pid, status, 0)
    assert(status[0] == 0, "what was done beside has failed")
  end
  children = {}
end

--- Waits until a process beside has made a file, however long that takes.
function M.until_there(path)
  local file
  repeat
    file = io.open(path)
  until file
  file:close()
end

--- Closes what a spec has left open.
function M.clean()
  for _, pid in ipairs(children) do
    C.kill(pid, 9)
    C.waitpid(pid, nil, 0)
  end
  children = {}
  for socket in pairs(open) do
    socket:close()
  end
end

--- Calls fn while no descriptor above this one can be had.
function M.with_descriptors(count, fn)
  local old = ffi.new("struct spec_rlimit_files")
  C.prlimit(0, RLIMIT_NOFILE, nil, old)
  C.prlimit(0, RLIMIT_NOFILE, ffi.new("struct spec_rlimit_files", count, old.hard), nil)
  local ok, message = pcall(fn)
  C.prlimit(0, RLIMIT_NOFILE, old, nil)
  assert(ok, message)
end

--- The lowest descriptor that is free now.
function M.next_descriptor()
  local fd = C.socket(AF_INET, STREAM, 0)
  C.close(fd)
  return fd
end

return M
