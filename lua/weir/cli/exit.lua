--- Exit codes: what the caller of the program may rely on.

local M = {}

M.OK = 0
M.FAILED = 1
M.USAGE = 2
M.SCRIPT = 3
M.ERRORS = 4
M.INTERRUPTED = 130
M.PIPE = 141

M.text = [[
Exit codes

    0  finished, and the ledger balances; dead letters alone do not change it
    1  the run failed: a source, a sink or the engine
    2  the command line is wrong
    3  the script has an error
    4  too many errors for --max-errors, on_error = "stop" or --strict
  130  interrupted a second time: what was being written is not complete
  141  the reader of standard output went away, as in `weir ... | head`

Ctrl-C once stops the sources, lets everything in flight arrive, and ends as usual,
with code 0. What does not arrive within drain_timeout (30 s) is given up: code 1; what
of it lies on disk, or was read by weir.tail, is not lost: the next run gives it again.
A disk that does not answer any more is waited for as long.

With code 1, and above --max-errors, files keep what they had before the run. With
--strict they are written all the same: the code tells what is in them, and the dead
letters tell what is not.
]]

-- The kind of an error, of run.open or of a result, to its code.
local by_kind = {
  usage = M.USAGE,
  script = M.SCRIPT,
  errors = M.ERRORS,
  pipe = M.PIPE,
}

--- The exit code for an error { kind = }.
function M.of_error(err)
  return by_kind[err.kind] or M.FAILED
end

--- The exit code for the result of a run.
---@param result table  of engine:result()
---@param strict boolean?  dead letters count as failure
function M.of_result(result, strict)
  if not result.ok then
    return M.of_error(result)
  elseif not result.ledger.balanced then
    return M.FAILED
  elseif strict and result.dead > 0 then
    return M.ERRORS
  end
  return M.OK
end

return M
