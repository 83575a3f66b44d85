--- Lines of a format to JSON with an LPeg grammar, in LuaJIT.
--
--     luajit by_lpeg.lua combined|csv FILE

local lpeg = require("lpeg")
local encode = require("cjson").encode

local P, S, R = lpeg.P, lpeg.S, lpeg.R
local C, Cg, Cs, Ct = lpeg.C, lpeg.Cg, lpeg.Cs, lpeg.Ct

local formats = {}

-- A grammar that gives the record itself.
function formats.combined(lines)
  local word = (1 - S(' "')) ^ 1
  local number = R("09") ^ 1 / tonumber
  local quoted = (P("\\") * 1 + (1 - P('"'))) ^ 0
  local function field(name, pattern)
    return Cg(pattern, name)
  end
  local function optional(name, pattern)
    return P("-") * #S(' "') + field(name, pattern)
  end
  local combined = Ct(field("client", C(word)) * " " * word * " " * optional("user", C(word))
    * " [" * field("time", C((1 - P("]")) ^ 1)) * '] "'
    * field("method", C(word)) * " " * field("path", C(word)) * " "
    * field("protocol", C(word)) * '" '
    * field("status", number) * " " * optional("bytes", number)
    * ' "' * optional("referrer", C(quoted)) * '" "' * optional("agent", C(quoted)) * '"')
  for line in lines do
    io.write(encode(combined:match(line)), "\n")
  end
end

-- RFC 4180, but for newlines in quotes. Two columns are numbers.
function formats.csv(lines)
  local plain = C((1 - S(',"')) ^ 0)
  local quoted = '"' * Cs((1 - P('"') + P('""') / '"') ^ 0) * '"'
  local value = quoted + plain
  local row = Ct(value * ("," * value) ^ 0) * -1
  local names = row:match(lines())
  local numbers = { status = true, latency_ms = true }
  for line in lines do
    local values, record = row:match(line), {}
    for i, name in ipairs(names) do
      record[name] = numbers[name] and tonumber(values[i]) or values[i]
    end
    io.write(encode(record), "\n")
  end
end

io.stdout:setvbuf("full", 256 * 1024)
formats[arg[1]](io.lines(arg[2]))
