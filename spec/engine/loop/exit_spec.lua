local program = require("spec.support.program")

local place = program.each_place()

describe("an exit within a time", function()
  it("comes while the main thread waits for ever, with a word", function()
    place:write("wait.lua", ([[
local ffi = require("ffi")
ffi.cdef "int weir_exit_within(int64_t, const char *, int); int pause(void);"
ffi.load("%s/libweir.so").weir_exit_within(1e6, "enough\n", 7)
while true do ffi.C.pause() end
]]):format(program.path:gsub("/weir$", "")))
    local result = place:run("luajit wait.lua")
    assert.equal(7, result.code)
    assert.equal("enough\n", result.err)
  end)

  it("comes not where the process ends before", function()
    place:write("end.lua", ([[
local ffi = require("ffi")
ffi.cdef "int weir_exit_within(int64_t, const char *, int); void _exit(int);"
ffi.load("%s/libweir.so").weir_exit_within(3600e9, "never\n", 7)
ffi.C._exit(3)
]]):format(program.path:gsub("/weir$", "")))
    local result = place:run("luajit end.lua")
    assert.same({ 3, "" }, { result.code, result.err })
  end)
end)
