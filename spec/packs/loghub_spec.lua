--- Real logs against the columns that the loghub collection publishes for them.
--
-- EventId and EventTemplate come from a template miner and LineId is the line's
-- number; no pattern has them. All other columns are compared on all lines. Where a
-- column is not a field as it stands, `columns` below says how it is made of fields:
--   Apache     Content includes "[client ...] ", which the pattern takes apart
--   HDFS       Date and Time are one field, time
--   Linux      Month, Date and Time are one field, and Level is the host
--   OpenSSH    Date, Day and Time are one field, and Component is the host
--   OpenStack  Date and Time are one field; a missing request is "-" in ADDR
-- Blanks at the end of a line are not in Content.

local lpeg = require("lpeg")
local support = require("spec.support.pattern")

local PLACE = "../shared/data/loghub/"

local function word(text, which)
  local number = 0
  for one in text:gmatch("%S+") do
    number = number + 1
    if number == which then
      return one
    end
  end
end

local function part(field, which)
  return function(row)
    return word(row[field], which)
  end
end

local function field(name, missing)
  return function(row)
    local value = row[name]
    if type(value) == "table" then
      return value.number
    end
    return value or missing
  end
end

local function content(row)
  return (row.message:gsub("%s+$", ""))
end

local logs = {
  Apache = {
    pattern = "apache.error",
    columns = {
      Time = field("time"),
      Level = field("level"),
      Content = function(row)
        return (row.client and ("[client %s] "):format(row.client) or "") .. content(row)
      end,
    },
  },
  HDFS = {
    pattern = "hdfs",
    columns = {
      Date = part("time", 1), Time = part("time", 2), Pid = field("pid"), Level = field("level"),
      Component = field("component"), Content = content,
    },
  },
  Linux = {
    pattern = "linux.messages",
    columns = {
      Month = part("time", 1), Date = part("time", 2), Time = part("time", 3),
      Level = field("host"), Component = field("program"), PID = field("pid", ""),
      Content = content,
    },
  },
  OpenSSH = {
    pattern = "openssh",
    columns = {
      Date = part("time", 1), Day = part("time", 2), Time = part("time", 3),
      Component = field("host"), Pid = field("pid"), Content = content,
    },
  },
  OpenStack = {
    pattern = "openstack.nova",
    columns = {
      Logrecord = field("file"), Date = part("time", 1), Time = part("time", 2),
      Pid = field("pid"), Level = field("level"), Component = field("component"),
      ADDR = field("request", "-"), Content = content,
    },
  },
}

local mined = { LineId = true, EventId = true, EventTemplate = true }

local function read(path)
  local file = io.open(path, "rb")
  local text = file and file:read("*a")
  if file then
    file:close()
  end
  return text
end

local P, C, Cs, Ct = lpeg.P, lpeg.C, lpeg.Cs, lpeg.Ct
local quoted = '"' * Cs((P('""') / '"' + (1 - P('"'))) ^ 0) * '"'
local cell = quoted + C((1 - P(",")) ^ 0)
local cells = Ct(cell * ("," * cell) ^ 0) * -1 -- a line of CSV

local function table_of(text)
  local header, rows = nil, {}
  for line in text:gmatch("([^\r\n]+)") do
    local found = cells:match(line)
    if not header then
      header = found
    else
      local row = {}
      for column, name in ipairs(header) do
        row[name] = found[column]
      end
      rows[#rows + 1] = row
    end
  end
  return rows, header
end

describe("loghub", function()
  for name, log in pairs(logs) do
    it(("%s: %s finds the published columns on all lines"):format(name, log.pattern), function()
      local text = read(PLACE .. name .. "_2k.log")
      if not text then
        return pending("the loghub collection is not at " .. PLACE)
      end
      local expected, header = table_of(read(PLACE .. name .. "_2k.log_structured.csv"))
      local rows, faults = support.stock(log.pattern)(text)
      assert.same({}, faults)
      assert.equal(2000, #rows)
      assert.equal(2000, #expected)
      for _, column in ipairs(header) do
        assert.is_true(mined[column] or log.columns[column] ~= nil, column)
      end
      for number, row in ipairs(rows) do
        for column, value in pairs(log.columns) do
          if value(row) ~= expected[number][column] then
            assert.equal(expected[number][column], value(row),
              ("%s of line %d"):format(column, number))
          end
        end
      end
    end)
  end
end)
