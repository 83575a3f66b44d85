--- The one-liner: `weir -e ':filter "status >= 500":select("ts", "path")' FILE...`.
--
-- chain <- (':' NAME arguments)+, applied to the stream of the files. Unless its last
-- call is :to, standard output is added.

local M = {}

M.EXPECTED = [[a chain such as ':filter "status >= 500":select("ts", "path")']]

-- What is skipped as one piece, so that a ":to" inside a text does not count.
local function skip_text(text, at)
  local long = text:match("^%[(=*)%[", at)
  if long then
    local _, last = text:find("]" .. long .. "]", at, true)
    return (last or #text) + 1
  end
  local quote = text:match("^[\"']", at)
  if quote then
    local i = at + 1
    while i <= #text and text:sub(i, i) ~= quote do
      i = i + (text:sub(i, i) == "\\" and 2 or 1)
    end
    return i + 1
  end
end

local function skip_comment(text, at)
  if text:sub(at, at + 1) == "--" then
    return skip_text(text, at + 2) or (text:find("\n", at, true) or #text) + 1
  end
end

-- The name of the last method called outside all brackets.
local function last_method(text)
  local depth, last, at = 0, nil, 1
  while at <= #text do
    local past = skip_comment(text, at) or skip_text(text, at)
    if not past then
      local byte = text:sub(at, at)
      if byte:find("[({[]") then
        depth = depth + 1
      elseif byte:find("[)}%]]") then
        depth = depth - 1
      elseif byte == ":" and depth == 0 then
        last = text:match("^:%s*([%a_][%w_]*)", at)
      end
    end
    at = past or at + 1
  end
  return last
end

--- The script of a chain: a chunk that takes the source and the module, `(s, weir)`.
-- Its first line is the chain's first line, so messages point into the chain.
---@param text string
---@return string? chunk  nil if the text is no chain
---@return string? expected
---@return string? bare  the chunk without an end of ours: for messages of the compiler
function M.source(text)
  if not text:find("^%s*:") then
    return nil, M.EXPECTED
  end
  text = text:gsub("[%s;]+$", "")
  local bare = "local s, weir = ...; s = weir.from(s) " .. text
  local sink = last_method(text) == "to" and "" or "\n:to(weir.stdout{})"
  return bare .. sink, nil, bare
end

return M
