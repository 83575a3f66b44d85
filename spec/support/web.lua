--- A server of HTTP for specs, beside: it answers as it is told, and writes down what came.

local sockets = require("spec.support.sockets")

local M = {}

-- One request: its head and its body.
local function read_request(client)
  local text = ""
  while true do
    local head, rest = text:match("^(.-\r\n)\r\n(.*)$")
    local size = head and tonumber(head:lower():match("content%-length: (%d+)") or 0)
    if size and #rest >= size then
      return head, rest:sub(1, size)
    end
    local part = client:read()
    if not part then
      return nil
    end
    text = text .. part
  end
end

local function answer(client, status, body, headers)
  client:send(("HTTP/1.1 %d X\r\nConnection: close\r\nContent-Length: %d\r\n%s\r\n%s"):format(
    status, #body, headers or "", body))
  client:close()
end

--- Serves each answer once: { status = 200, headers = "A: b\r\n", body = "", drop = true }, or
-- { raw = "HTTP/1.1 200..." }, all of it as it is.
-- The heads and bodies of requests go to the file `path`, one after the other.
---@return number port
function M.serve(answers, path)
  local server = sockets.listen()
  sockets.beside(function()
    local file = assert(io.open(path, "w"))
    for _, given in ipairs(answers) do
      local client = server:accept()
      local head, body = read_request(client)
      file:write(head, "\n", body, "\n--\n")
      file:flush()
      if given.drop or given.raw then
        client:send(given.raw or "")
        client:close()
      else
        answer(client, given.status or 200, given.body or "", given.headers)
      end
    end
  end)
  local port = server.port
  server:close()
  return port
end

--- Waits for so many requests, then answers the last one first, with their paths as bodies;
-- and so on, for each of the crowds.
---@param crowds number[]
---@return number port
function M.crowds(crowds)
  local server = sockets.listen(nil, 64)
  sockets.beside(function()
    for _, count in ipairs(crowds) do
      local clients, heads = {}, {}
      for i = 1, count do
        clients[i] = server:accept()
        heads[i] = read_request(clients[i])
      end
      for i = count, 1, -1 do
        answer(clients[i], 200, heads[i]:match("^%S+ (%S+)"))
      end
    end
  end)
  local port = server.port
  server:close()
  return port
end

--- Answers one request with its path when somebody has opened the pipe `path` to write.
---@return number port
function M.held(path)
  local server = sockets.listen()
  sockets.beside(function()
    local client = server:accept()
    local head = read_request(client)
    io.open(path):read("*a")
    answer(client, 200, head:match("^%S+ (%S+)"))
  end)
  local port = server.port
  server:close()
  return port
end

--- Takes connections and never says a word, for as long as the spec lasts.
---@return number port
function M.silent()
  return sockets.listen(nil, 64).port
end

return M
