local ffi = require("ffi")
local support = require("spec.engine.log.support")

local C = support.C

local function bytes(first, step)
  local out = {}
  for i = 0, 31 do
    out[i + 1] = string.char((first + step * i) % 256)
  end
  return table.concat(out)
end

local vectors = {
  { "", 0 },
  { "123456789", 0xe3069283 },
  { bytes(0, 0), 0x8a9136aa },
  { bytes(255, 0), 0x62a8ab43 },
  { bytes(0, 1), 0x46dd794e },
  { bytes(31, -1), 0x113fdb5c },
}

local kinds = { "weir_crc32c", "weir_crc32c_table" }
if C.weir_crc32c_has_sse42() ~= 0 then
  kinds[3] = "weir_crc32c_sse42"
end

describe("crc32c", function()
  for _, kind in ipairs(kinds) do
    it("is what RFC 3720 says, by " .. kind, function()
      for _, vector in ipairs(vectors) do
        assert.equal(vector[2], C[kind](0, vector[1], #vector[1]))
      end
    end)
  end

  it("is the same by all ways, wherever the bytes begin and are cut", function()
    local seed = support.seed()
    local room = ffi.new("char[600]")
    for i = 0, 599 do
      room[i] = math.random(0, 255)
    end
    for _ = 1, 3000 do
      local at, size = math.random(0, 64), math.random(0, 500)
      local cut, begun = math.random(0, size), math.random(0, 2 ^ 32 - 1)
      local expected = C.weir_crc32c_table(begun, room + at, size)
      for _, kind in ipairs(kinds) do
        local front = C[kind](begun, room + at, cut)
        assert.equal(expected, C[kind](front, room + at + cut, size - cut), seed)
      end
    end
  end)
end)
