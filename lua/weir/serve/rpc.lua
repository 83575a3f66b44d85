--- JSON-RPC 2.0, a request a line: from a line to the line that answers it.
--
--     local answer = rpc.answer('{"jsonrpc":"2.0","id":1,"method":"version"}', {
--       version = function(params) return { protocol = 1 } end,
--     })
--
-- Whatever comes in, what goes out is an answer, or nothing to a notification. It knows
-- nothing of sockets.

local json = require("weir.native.json")

local M = {}

M.PARSE, M.INVALID, M.UNKNOWN, M.PARAMS, M.INTERNAL = -32700, -32600, -32601, -32602, -32603

local DEPTH_MAX, BATCH_MAX = 16, 64

--- Raised by a method: what the caller did wrong.
---@param code integer
function M.refuse(code, message, ...)
  error({ rpc = code, message = message:format(...) }, 0)
end

local function failure(id, code, message)
  return { jsonrpc = "2.0", id = id, error = { code = code, message = message } }
end

-- A number is kept as it was written: some do not fit into one of Lua.
local function is_id(id)
  return type(id) == "string" or json.is_raw(id) or id == json.null
end

local function is_request(request)
  return type(request) == "table" and not json.is_array(request)
    and request.jsonrpc == "2.0" and type(request.method) == "string"
    and (request.id == nil or is_id(request.id))
    and (request.params == nil or type(request.params) == "table" and request.params ~= json.null)
end

local function call(request, methods, context)
  local method = methods[request.method]
  if not method then
    M.refuse(M.UNKNOWN, "there is no method %q", request.method)
  end
  local params = request.params or {}
  if json.is_array(params) then
    M.refuse(M.PARAMS, "params are named: an object")
  end
  return method(params, context)
end

local function id_of(request)
  if type(request) == "table" and is_id(request.id) then
    return request.id
  end
  return json.null
end

-- The answer to one request, or nil to a notification.
local function answer_one(request, methods, context)
  if not is_request(request) then
    return failure(id_of(request), M.INVALID,
      'a request is {"jsonrpc":"2.0","id":1,"method":"..."}')
  end
  local ok, result = pcall(call, request, methods, context)
  if request.id == nil then
    return nil
  elseif ok then
    return { jsonrpc = "2.0", id = request.id, result = result == nil and json.null or result }
  elseif type(result) == "table" and result.rpc then
    return failure(request.id, result.rpc, result.message)
  end
  return failure(request.id, M.INTERNAL, tostring(result))
end

local function answer_batch(requests, methods, context)
  if #requests == 0 or #requests > BATCH_MAX then
    return failure(json.null, M.INVALID, ("a batch is 1 to %d requests"):format(BATCH_MAX))
  end
  local answers = {}
  for _, request in ipairs(requests) do
    answers[#answers + 1] = answer_one(request, methods, context)
  end
  return #answers > 0 and json.array(answers) or nil
end

--- The line that answers a line, without its newline; nil where nothing is to be said.
---@param line string
---@param methods table<string, fun(params: table, context: any): any>
---@param context any  handed to the method
function M.answer(line, methods, context)
  local value, message = json.decode(line, { null = json.null, depth = DEPTH_MAX, exact = "id" })
  local answer
  if value == nil then
    answer = failure(json.null, M.PARSE, message)
  elseif json.is_array(value) then
    answer = answer_batch(value, methods, context)
  else
    answer = answer_one(value, methods, context)
  end
  return answer and json.encode(answer)
end

--- A line that answers nothing: what a method promised to tell.
function M.notice(method, params)
  return json.encode({ jsonrpc = "2.0", method = method, params = params })
end

--- A line that says why the connection ends.
function M.farewell(code, message)
  return json.encode(failure(json.null, code, message))
end

return M
