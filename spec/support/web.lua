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

--- Serves each answer once: { status = 200, headers = "A: b\r\n", body = "", drop = true }.
-- The heads and bodies of requests go to the file `path`, one after the other.
---@return number port
function M.serve(answers, path)
  local server = sockets.listen()
  sockets.beside(function()
    local file = assert(io.open(path, "w"))
    for _, answer in ipairs(answers) do
      local client = server:accept()
      local head, body = read_request(client)
      file:write(head, "\n", body, "\n--\n")
      file:flush()
      if not answer.drop then
        local text = answer.body or ""
        client:send(("HTTP/1.1 %d X\r\nConnection: close\r\nContent-Length: %d\r\n%s\r\n%s"):format(
          answer.status or 200, #text, answer.headers or "", text))
      end
      client:close()
    end
  end)
  local port = server.port
  server:close()
  return port
end

return M
