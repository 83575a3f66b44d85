--- `weir help control`: the contract with whoever connects to a run.

local M = {}

M.text = [[
Control

A run can be asked how it is and told what to do, over a Unix socket that only you can
use (mode 0600). `weir run --control PATH` says where it is. Without the flag, a run has
one at $XDG_RUNTIME_DIR/weir/PIPELINE-PID.sock (without that variable in
/run/user/UID/weir, root's in /run/weir, else in /tmp/weir-UID), where `weir ctl` and
`weir top` look for it: at once if a source of it waits for others, as soon as what
listens does so; else if it lasts longer than a second. `--control off` is for none.

    weir top                              what runs, live
    weir ctl stats                        once, as JSON
    weir ctl tap errors count=5           five records that pass a node, a line each
    weir ctl traffic pause                where several run: by name, or by path

It speaks JSON-RPC 2.0, a request a line and an answer a line:

    {"jsonrpc":"2.0","id":1,"method":"version"}
    {"jsonrpc":"2.0","id":1,"result":{"protocol":1,"pipeline":"traffic",...}}

Methods; each takes "pipeline" too, which must be the name of the one that runs

  version   weir's version, protocol, pid, pipeline, methods. protocol is 1 until
            something in this page changes its meaning; members may be added.
  stats     all numbers of now: state, elapsed_s, read, written, dead, nodes, tasks,
            edges, errors, memory. Counts are of records; a rate has "s", of the last
            second, and "m", of the last minute, both of longer where nobody had asked
            for that long; latencies are in seconds. `weir help metrics` says what each
            number means.
  graph     nodes (name, kind, where, inputs), the tasks they are cut into, and the
            edges between them.
  pause     sources rest; what is under way arrives, and what a source gives that was
            waiting for it already, a batch. Answers {"state":"paused"}.
  resume    they go on.
  drain     ends the run well, as one Ctrl-C does: sources stop, what is under way
            arrives within drain_timeout.
  stop      ends it now, as a second Ctrl-C does: what is under way is given up and
            counted, files keep what they had, the exit code is 130.
  tap       {"node":NAME,"count":N}: a sample of records that pass a node, N of them
            (10). Answers {"tap":T}, then says in lines without id
              {"jsonrpc":"2.0","method":"tap","params":{"tap":T,"node":NAME,
               "records":[...],"passed":P,"told":N,"done":false}}
            passed is how many have gone by, told how many were shown. A node is a
            source, any stage, a buffer, or a sink by what it is sent. A tap holds
            nothing up: what you do not read in time you do not see. Looking at a stage
            inside a segment (`weir explain`) costs that a little speed; a tap that
            nobody has open costs nothing.
  untap     {"tap":T} ends it; without T all of yours. Closing the connection does too.

Errors have the codes of JSON-RPC (-32700 no JSON, -32600 no request, -32601 no such
method, -32602 wrong params), -32000 for another pipeline, -32001 for no such node.

Limits: 32 clients, after which one that has been silent for a minute makes room for
another; 64 KiB a request; 64 requests in a batch; 8 taps a client; who does
not read 256 KiB of answers is not heard until it has.
]]

return M
