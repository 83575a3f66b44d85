# lib.sh -- what the faults share; each begins with `. "$(dirname "$0")/lib.sh"`.
#
#     script NAME <<EOF         a pipeline, below max_memory
#     start NAME [FLAG...]      in the background, as $pid; standard streams are the caller's
#     finish [silent]           waits for it; its exit code is $code; silent: it gives no
#                               summary
#     expect 'sentence' test... counts, and tells what is not so
#     await SECONDS test...     until it is so, or that is over: then it is told
#     serve MODE...             a server at $PORT (see server.lua); served: what it got, once
#                               the run is over and its connections have ended
#     verdict                   one line, and the exit code
#
# Works in a directory of its own. After a run `summary` is its summary and `errors` what
# it said; the peak of its memory is looked at each time.

set -u
LC_ALL=C
fault=$(basename "$0")
root=$(cd "$(dirname "$0")/../../.." && pwd)
weir=$root/${BUILD:-build}/weir
dir=$(mktemp -d)
cd "$dir" || exit 2

MEMORY_MIB=64
OWN_MIB=48 # the program itself: code, states, threads' stacks
passed=0
failed=0
notes=

server=
leave() {
  # With what it does for each connection.
  [ -z "$server" ] || kill $(pgrep -P "$server") "$server" 2>/dev/null
  [ ! -e "$dir/small" ] || umount "$dir/small" 2>/dev/null
  rm -rf "$dir"
}
trap leave EXIT

# Numbered records of about 100 bytes, up to a number, or without end.
records() {
  COUNT=${1:-} luajit -e '
    local pad = ("x"):rep(70)
    for n = 1, tonumber(os.getenv("COUNT")) or math.huge do
      if not io.write(("{\"n\":%d,\"pad\":\"%s\"}\n"):format(n, pad)) then break end
    end' 2>/dev/null
}

script() {
  { printf 'local weir = require "weir"\nweir.options{ max_memory = "%dMiB", ' "$MEMORY_MIB"
    printf 'drain_timeout = "2s" }\n'
    cat; } >"$1.lua"
}

start() {
  name=$1
  shift
  rm -f pid summary
  exec 3<&0 # in the background standard input would be /dev/null
  /usr/bin/time -q -f %M -o peak sh -c 'echo $$ >pid; exec "$@"' - "$weir" run "$name.lua" \
    --summary json "$@" <&3 3<&- 2>errors &
  job=$!
  exec 3<&-
  until [ -s pid ]; do sleep 0.01; done
  pid=$(cat pid)
}

finish() {
  wait "$job"
  code=$?
  grep '^{' errors >summary
  peak_mib=$(($(tail -n 1 peak) / 1024))
  notes="$notes, $peak_mib MiB"
  expect "memory stays below $((MEMORY_MIB + OWN_MIB)) MiB, and not $peak_mib" \
    [ "$peak_mib" -le $((MEMORY_MIB + OWN_MIB)) ]
  [ "${1:-}" = silent ] || expect "the ledger adds up" grep -q '"balanced":true' summary
}

# A number of the summary.
number() {
  sed -n "s/.*\"$1\":\([0-9]*\).*/\1/p" summary | head -n 1
}

expect() {
  sentence=$1
  shift
  if "$@"; then
    passed=$((passed + 1))
  else
    failed=$((failed + 1))
    printf '%s: not so: %s\n' "$fault" "$sentence"
  fi
}

await() {
  tenths=$(($1 * 10))
  shift
  while ! "$@" 2>/dev/null && [ $tenths -gt 0 ]; do
    sleep 0.1
    tenths=$((tenths - 1))
  done
  expect "in time: $*" "$@"
}

# Processor time of the run, in ticks.
ticks() {
  awk '{ print $14 + $15 }' "/proc/$pid/stat"
}

serve() {
  PORT=${PORT:-$((20000 + $$ % 20000))}
  export PORT
  rm -rf place
  mkdir place
  (cd "$root" && exec luajit scripts/dev/faults/server.lua "$PORT" "$dir/place" "$@") &
  server=$!
  await 10 [ -e place/listens ]
}

# Those that were reset ended on their own. Only whole records count.
served() {
  for file in place/got.*; do
    await 60 [ -e "place/ended.${file##*.}" ]
  done
  kill "$server"
  wait "$server" 2>/dev/null
  server=
  for file in place/got.*; do
    sed '$ { /}$/ !d }' "$file"
  done >output
}

# That it holds each of the first records; $twice of them are there again.
holds_all() {
  twice=$(($(wc -l <"$2") - $1))
  sort -u "$2" >have
  records "$1" | sort | cmp -s - have
}

# That a file holds the first records, all of them, in order.
holds_first() {
  [ "$(wc -l <"$2")" = "$1" ] && records "$1" | cmp -s - "$2"
}

verdict() {
  [ "$failed" = 0 ] || { cat errors; cat summary; } 2>/dev/null | cut -c1-2000
  printf '%-12s %d passed, %d failed%s\n' "$fault" "$passed" "$failed" "$notes"
  [ "$failed" = 0 ]
  exit
}
