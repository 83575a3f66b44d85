--- Writes a program: instructions over registers without number of limit, as values
-- and states are worked out (state.lua). `allocate.lua` then fits them into the machine.
--
--     value := { constant = true, k } | { register }
--            | { inverted = value }      true where the value is not, and the reverse
--            | { phi = values, edges }   one of several, by the edge that was taken
--            | { record = true } | { made = id } | { table = t } | { fn } | { builtin }
--
-- An edge is a place in the program before a jump, where what the target wants to
-- know is written later.

local branches = require("weir.expr.lift.branches")
local State = require("weir.expr.lift.state")
local tables = require("weir.expr.lift.tables")

local M = {}

local Builder = {}
Builder.__index = Builder
for _, methods in ipairs({ branches, tables }) do
  for name, method in pairs(methods) do
    Builder[name] = method
  end
end

local SIZE_MAX = 1000 -- instructions
local FRAME_STEP = 512 -- more slots than a function has

local NIL = { constant = true }
M.NIL = NIL

function M.constant(value)
  if value == nil then
    return NIL
  end
  return { constant = true, k = value }
end

--- Whether an argument is left out, or nil.
function M.is_nil(value)
  return value == nil or value.constant and value.k == nil
end

--- Ends the lifting with a reason.
function M.refuse(message, ...)
  error({ refused = message:format(...) }, 0)
end

--- The same; the line is put behind it.
function Builder:refuse(message, ...)
  local place = self.line and (" at line %d"):format(self.line) or ""
  M.refuse("%s%s", message:format(...), place)
end

function Builder:emit(instruction)
  self.size = self.size + 1
  if self.size > SIZE_MAX then
    M.refuse("is too long")
  end
  self.out[#self.out + 1] = instruction
end

function Builder:register()
  self.registers = self.registers + 1
  return self.registers
end

--- Emits what computes a value; gives the value.
function Builder:compute(instruction)
  instruction.to = self:register()
  self:emit(instruction)
  return { register = instruction.to }
end

--- Where the slots of one more call begin.
function Builder:frame()
  self.frames = self.frames + 1
  return self.frames * FRAME_STEP
end

function Builder.label()
  return { edges = {} }
end

function Builder:_edge(label, state)
  local edge = { moves = {}, state = state or State.copy(self.state) }
  self.out[#self.out + 1] = edge.moves
  label.edges[#label.edges + 1] = edge
end

--- A conditional jump. `state` is what is known where it is taken, if more than here.
function Builder:branch(instruction, label, state)
  self:_edge(label, state)
  instruction.label = label
  self:emit(instruction)
end

function Builder:jump(label)
  self:_edge(label)
  self:emit({ op = "jump", label = label })
  self.state = nil
end

--- Ends a path with an instruction after which it meets others at the label, without a
-- jump; see `meet`.
function Builder:leave(label, instruction)
  self:_edge(label)
  self:emit(instruction)
  self.state = nil
end

--- The paths that left for the label go on together, if any did.
function Builder:meet(label)
  self.state = #label.edges > 0 and State.merge(label.edges) or nil
end

--- The edges of a label meet here. No state is left if none leads here.
function Builder:place(label)
  if self.state then
    self:_edge(label)
  end
  if #label.edges == 0 then
    return
  end
  self:emit({ op = "label", label = label })
  self.state = State.merge(label.edges)
end

-- Runs with everything emitted going to another list.
function Builder:_into(list, fn)
  local out = self.out
  self.out = list
  local result = fn()
  self.out = out
  return result
end

local KINDS = {
  record = "the record",
  made = "a table",
  table = "a table",
  fn = "a function",
  builtin = "a function",
}

function Builder:_phi_register(value)
  if not value.register then
    local register = self:register()
    for i, edge in ipairs(value.edges) do
      self:_into(edge.moves, function()
        local from = self:operand(value.phi[i] or NIL)
        self:emit({ op = "move", to = register, a = from })
      end)
    end
    value.register = register
  end
  return value.register
end

--- The value as an operand: a register or `{ k = constant }`.
function Builder:operand(value)
  if value.constant then
    return { k = value.k }
  elseif value.register then
    return value.register
  elseif value.phi then
    return self:_phi_register(value)
  elseif value.inverted then
    -- Not kept in the value: who reads it next may be on another path.
    return self:compute({ op = "not", a = self:operand(value.inverted) }).register
  end
  for kind, words in pairs(KINDS) do
    if value[kind] ~= nil then
      self:refuse("uses %s as a value", words)
    end
  end
end

--- The value as it is now: a constant or in a register.
function Builder:settled(value)
  local operand = self:operand(value)
  return type(operand) == "number" and { register = operand } or value
end

-- What is known, where the record has one shape.
function Builder:_shaped()
  if self.state.shape == "mixed" then
    M.refuse("meets records of two shapes, changed ones and new ones")
  end
  return self.state
end

--- A field of the record.
function Builder:field(name)
  local state = self:_shaped()
  local value = state.fields[name]
  if value == nil then
    value = self:compute({ op = "get", field = name })
    state.fields[name] = value
  end
  return value
end

--- A field as the bytes it came in, for output only: its register, and its value if known.
function Builder:bytes(name)
  local known = self:_shaped().fields[name]
  return self:compute({ op = "get_json", field = name }).register, known
end

--- Sets a field of the record; nil takes it away.
function Builder:assign(name, value)
  local state = self:_shaped()
  if self.frozen then
    self:refuse("changes the record, which only :map may")
  end
  local settled = self:stored(value)
  self:emit({ op = "set", field = name, a = self:operand(settled) })
  state.fields[name] = settled
end

--- The same to bytes, and what is known of them.
function Builder:assign_bytes(name, register, known)
  local state = self:_shaped()
  self:emit({ op = "set", field = name, a = register })
  state.fields[name] = known
end

--- A state of its own with what is known here.
function Builder:copy_state()
  return State.copy(self.state)
end

--- A field of a nested value.
function Builder:nested(value, name, lenient)
  local of = self:operand(value)
  if type(of) == "table" then
    self:refuse("looks for the field %s in a constant", name)
  end
  local key = ("%d.%s%s"):format(of, lenient and "?" or "", name)
  local seen = self.state.seen
  if not seen[key] then
    seen[key] = self:compute({ op = "get", field = name, of = of, lenient = lenient })
  end
  return seen[key]
end

--- Begins a program.
---@param options table?  `quiet`: tables of the script stay as they are
function M.new(options)
  local code = {}
  return setmetatable({
    code = code,
    out = code,
    size = 0,
    registers = 0,
    frames = 0,
    tables = {},
    quiet = options ~= nil and options.quiet or false,
    state = State.new(),
  }, Builder)
end

return M
