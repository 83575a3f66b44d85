--- Integers beyond the exact range of doubles: weir.int.
--
-- They come out of records, from 2^53 on, between -2^63 and 2^64 - 1, and behave like
-- numbers: equal and ordered exactly, + - * % exact, an error on overflow. What has a
-- fraction, / and ^ give doubles. A result below 2^53 is a plain number again.

local ffi = require("ffi")
local C = require("weir.cdef").load("engine/op/integer.h", "engine/data/number.h",
  "engine/base/err.h")

local M = {}

local weir_int = ffi.typeof("weir_int")
local left, right, result = ffi.new("weir_value"), ffi.new("weir_value"), ffi.new("weir_value")
local buf = ffi.gc(ffi.new("weir_buf"), C.weir_buf_fini)

local NUMBER, INTEGER = C.WEIR_NUMBER, C.WEIR_INTEGER

function M.is(value)
  return type(value) == "cdata" and ffi.istype(weir_int, value)
end

--- An integer from a weir_value of kind INTEGER.
function M.from(value)
  return weir_int(value.magnitude, value.negative)
end

--- Fills a weir_value from a number or an integer; false for anything else.
function M.fill(value, number)
  if type(number) == "number" then
    value.kind, value.number = NUMBER, number
  elseif M.is(number) then
    value.kind, value.magnitude, value.negative = INTEGER, number.magnitude, number.negative
  else
    return false
  end
  return true
end

local function compute(op, a, b)
  if not (M.fill(left, a) and M.fill(right, b)) then
    local other = M.is(a) and b or a
    error("attempt to perform arithmetic on a " .. type(other) .. " value", 3)
  end
  if C.weir_int_compute(op, left, right, result) ~= C.WEIR_OK then
    error("integer overflow: the exact result does not fit 64 bits", 3)
  end
  if result.kind == NUMBER then
    return result.number
  end
  return M.from(result)
end

--- The nearest double.
function M.tonumber(value)
  M.fill(left, value)
  return C.weir_int_number(left)
end

local function double(value)
  if not M.fill(left, value) then
    error("attempt to perform arithmetic on a " .. type(value) .. " value", 3)
  end
  return C.weir_int_number(left)
end

local function is_nan(value)
  return type(value) == "number" and value ~= value
end

-- Below 0, 0, above 0; nil if one of them is no number, or NaN.
local function compare(a, b)
  if is_nan(a) or is_nan(b) or not (M.fill(left, a) and M.fill(right, b)) then
    return nil
  end
  return C.weir_number_compare(left, right)
end

local function order(a, b)
  local sign = compare(a, b)
  if sign == nil and not (type(a) == "number" or type(b) == "number") then
    error("attempt to compare a number with a " .. type(M.is(a) and b or a) .. " value", 3)
  end
  return sign
end

local function text(value)
  if not M.is(value) then
    return tostring(value)
  end
  C.weir_buf_clear(buf)
  C.weir_write_integer(buf, value.magnitude, value.negative)
  return ffi.string(buf.bytes, buf.size)
end

local Int = {}

function Int.__add(a, b)
  local sum = compute(C.WEIR_INT_ADD, a, b)
  return sum
end

function Int.__sub(a, b)
  local difference = compute(C.WEIR_INT_SUB, a, b)
  return difference
end

function Int.__mul(a, b)
  local product = compute(C.WEIR_INT_MUL, a, b)
  return product
end

function Int.__mod(a, b)
  local rest = compute(C.WEIR_INT_MOD, a, b)
  return rest
end

function Int.__unm(a)
  local opposite = compute(C.WEIR_INT_SUB, 0, a)
  return opposite
end

function Int.__div(a, b)
  local dividend, divisor = double(a), double(b)
  return dividend / divisor
end

function Int.__pow(a, b)
  local base, exponent = double(a), double(b)
  return base ^ exponent
end

function Int.__eq(a, b)
  return compare(a, b) == 0
end

function Int.__lt(a, b)
  local sign = order(a, b)
  return sign ~= nil and sign < 0
end

function Int.__le(a, b)
  local sign = order(a, b)
  return sign ~= nil and sign <= 0
end

function Int.__concat(a, b)
  return text(a) .. text(b)
end

Int.__tostring = text

function Int.__index()
  error("attempt to index a number value", 2)
end

function Int.__newindex()
  error("attempt to index a number value", 2)
end

ffi.metatype(weir_int, Int)

return M
