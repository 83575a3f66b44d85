#!/bin/bash
# killed.sh -- what becomes of records when weir is killed, again and again.
#
#     scripts/dev/faults/killed.sh [tail|spill] [N] [SEED]
#
# One process writes numbered lines to a file that is rotated all the while; weir follows
# it and appends what it reads to another. With "spill" most of it goes through a buffer
# on disk, since what follows is slower. N times (200) weir is killed with SIGKILL, at a
# moment left to chance, and started again. In the end every number must be there; how
# many came twice is told. Exit code 1 if one is lost.
#
# A line that a kill cut in the middle is followed by a newline and comes again whole;
# such pieces are counted as torn.

set -eu
what=${1:-tail}
kills=${2:-200}
RANDOM=${3:-$$}
weir=${WEIR:-$(cd "$(dirname "$0")/../../.." && pwd)/build/weir}
PATIENCE_S=300
place=$(mktemp -d)
writer=
follower=
leave() {
  kill -9 $writer $follower 2>/dev/null || true
  wait 2>/dev/null || true
  rm -rf "$place"
}
trap leave EXIT
cd "$place"

case $what in
  tail) between= ;;
  spill) between=':buffer{ max_records = 50, overflow = "spill" }
    :throttle{ rate = "10000/s", burst = 100 }' ;;
  *) echo "killed.sh: say tail or spill, not '$what'" >&2; exit 2 ;;
esac

cat > follow.lua <<L
local weir = require "weir"
weir.from(weir.tail{ name = "app", path = "app.log*" })
  :filter "n >= 0"
  $between
  :to(weir.file{ path = "out.jsonl", append = true })
L

# Lines in bursts, some of them in two pieces, until told to stop; then the last number.
cat > write.lua <<'L'
local n, lines = 0, 0
local function exists(name)
  local file = io.open(name)
  return file and file:close()
end
local function rotate()
  -- Nothing is deleted: that a file may go only when it was read is not what is tried.
  local last = 1
  while exists("app.log." .. last) do last = last + 1 end
  for i = last - 1, 1, -1 do os.rename("app.log." .. i, "app.log." .. i + 1) end
  os.rename("app.log", "app.log.1")
end
math.randomseed(tonumber(arg[1]))
local file = assert(io.open("app.log", "ab"))
while not exists("stop") do
  for _ = 1, math.random(200) do
    n = n + 1
    local line = ('{"n":%d,"pad":"%s"}\n'):format(n, ("x"):rep(math.random(0, 200)))
    local cut = math.random(20) == 1 and math.random(#line) or #line
    file:write(line:sub(1, cut))
    if cut < #line then file:flush() file:write(line:sub(cut + 1)) end
  end
  file:flush()
  if math.random(200) == 1 then
    rotate()
    file:write('{"n":-1}\n') -- late, to the file that was moved
    file:close()
    file = assert(io.open("app.log", "ab"))
  end
  os.execute("sleep 0.01")
end
file:close()
local done = assert(io.open("written", "w"))
done:write(n, "\n")
done:close()
L

cat > count.lua <<'L'
local written, seen, given, torn = tonumber(arg[1]), {}, 0, 0
for line in io.lines("out.jsonl") do
  local n = tonumber(line:match('^{"n":(%d+),"pad":"x*"}$'))
  if n then
    given, seen[n] = given + 1, true
  elseif line ~= "" then
    torn = torn + 1
  end
end
local lost = 0
for n = 1, written do
  if not seen[n] then lost = lost + 1 end
end
print(("kills %s  written %d  lost %d  twice %d  torn %d"):format(arg[2], written, lost,
  given - (written - lost), torn))
os.exit(lost == 0 and 0 or 1)
L

# Whether a segment of the log has more than its head.
holds() {
  find state -name '*.log' -size +1k 2>/dev/null | grep -q .
}

start() {
  "$weir" run -q --state-dir state follow.lua & follower=$!
}

luajit write.lua "$RANDOM" & writer=$!
held=0
for ((i = 0; i < kills; i++)); do
  start
  sleep "0.0$((RANDOM % 10))$((RANDOM % 10))"
  [ $((RANDOM % 8)) -gt 0 ] || sleep "1.$((RANDOM % 10))"  # until positions are safe
  kill -9 $follower
  wait $follower 2>/dev/null || true
  ! holds || held=$((held + 1))
done
touch stop
wait $writer
writer=
written=$(cat written)

# Until every one is there: files that were rotated come in any order, so the last number
# says nothing. Then it is stopped, as a user would; what is missing by then is lost.
start
SECONDS=0
until luajit count.lua "$written" "$kills" > told || [ $SECONDS -gt $PATIENCE_S ]; do
  sleep 0.1
done
kill -INT $follower
wait $follower
follower=
[ "$what" = tail ] || echo "records were on disk after $held kills"
luajit count.lua "$written" "$kills"
