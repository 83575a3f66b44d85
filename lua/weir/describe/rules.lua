--- Topics of `weir help` that are no function: the rules that hold for all of them.

local M = {}

local function topic(name, summary, body)
  return { name = name, group = "rules", signature = name, summary = summary, body = body }
end

M.docs = {
  topic("expr", "What may stand wherever a value of a record is wanted: a function of the record,"
    .. " or a text. The shortest text is a field's name; a text constant is quoted inside.", [[

    :filter(function(r) return r.status >= 500 end)
    :filter "status >= 500 and not path ~ '^/health'"

    a  a.b  tags[1]  ['a key']   a field, one inside it, an item of a list
    'text'  5  true              constants
    == != < <= > >=              false where a field is missing or null
    a ~ '^/api'                  a pattern of Lua; also contains, starts_with, ends_with
    a in (1, 2)                  one of these
    exists a   a is null         there at all, null too; missing or null
    + - * / % ..                 null where a field is missing or null
    and  or  not                 as in Lua; `not` takes a whole comparison
    upper(a)  floor(a)           functions of Lua's string and math, tonumber, tostring
    @path @offset @record @peer  where the record came from: see meta
    @topic @type                 what it was published under: see bus

Numbers and texts do not mix: == between them is false, and < is an error that
sets the record aside. Values of CSV are texts: give the codec types, or write
tonumber(a).]]),
  topic("lambdas", "What a function of a record may do. It gets r, which answers like a table:"
    .. " r.a, r.a.b, r.tags[1], #r.tags, pairs(r), ipairs(r.tags).", [[

    missing, null     a missing field reads as nil, JSON null as weir.null, which
                      is true in an `if`; with either, < is Lua's error
    changing          r.x = 5 writes, r.x = nil removes, r.x = weir.null writes
                      null; not in filter, route and other conditions
    big integers      what a number of Lua cannot hold keeps every digit; == and <
                      are exact, + - * are exact or an error
    tables            next, table.* and unpack want weir.to_table(r)
    errors            set the record aside, with the line; the run goes on
    time, chance      weir.now() and weir.random(), so that runs can be repeated
    a look            print and weir.log("info", text) go to standard error
    limits            a loop without end and a hunger for memory are errors
    cost              fields, arithmetic, comparisons, texts and if are done for
                      a thousand records at a time; a function with a loop or a
                      closure is called for each. weir explain says which, and why
    workers           several run it at once, unless it changes something outside;
                      records come out in their order all the same. parallel = true
                      or false in a stage's last table says otherwise

There is no io, no os.execute, no ffi and no debug. require "lib.x" finds files
beside the script.]]),
  topic("int", "Integers of records keep every digit, between -2^63 and 2^64 - 1. One that a number"
    .. " of Lua cannot hold reads as a number of another kind, with type \"number\".", [[

    == < <=           exact, also between both kinds
    + - * %           exact, or an error where the result has more than 64 bits
    / ^               the nearest number of Lua
    tostring(i), ..   every digit; tonumber(i) is the nearest number of Lua
    t[i]              never finds what was put there: two that are equal are two
                      keys. Say t[tostring(i)].

Keys of group_by, sort and top compare by value and need none of this.]]),
  topic("require", 'require "lib.x" runs lib/x.lua or lib/x/init.lua beside the script, once, and'
    .. " gives what it returns. It sees what the script sees, and requires weir as the script"
    .. " does; the files of other projects and of LuaRocks are not looked for.", [[

    local shop = require "lib.shop"
    weir.from "orders.jsonl" :pipe(shop.paid) :to "paid.jsonl"]]),
  topic("columns", "What makes a record: a list of field names, and expressions by name. Left of"
    .. " = is always the new name. They come out as listed, then the named ones by name.", [[

    :select("ts", "host")
    :select{ "ts", "host", slow = "ms > 250" }]]),
  topic("names", "State, metrics, tests, taps and reload hold on to names. A stage is called what"
    .. " :name says, a source or sink what its `name` says; else kind:subject, as in"
    .. " aggregate:service or file:access.jsonl, never by its place. Equal names of stages without"
    .. " state count up (filter, filter:2); of stages with state they are refused."),
  topic("units", "Quantities are texts that carry their unit.", [[

    durations   "250ms" "10s" "5m" "1h" "7d"
    sizes       "64KiB" "16MiB" "1GiB", or bytes as a number
    rates       "100/s" "5/m"
    shares      0.01 or "1%"]]),
  topic("paths", "The path of a file sink may have blanks: fields of the record, and time in UTC."
    .. " A record goes into the file that its fields name; a value never adds a / or .. to"
    .. " the path. A record without the field is a dead letter.", [[

    :to "{tenant}/%Y-%m-%d.jsonl"
    :to "{user.name}.jsonl"          a field inside a field; {['a.b']} if it is called so

Folders of such a path are made; the folder of a plain path must be there. The
time is that of arrival.]]),
  topic("on_error", "What a stage does with a record that fails, in its last table or for all in"
    .. " weir.options.", [[

    on_error = "dead_letter"      set it aside: :side "dead", else weir.dead_letters()
    on_error = "skip"             drop and count it
    on_error = "stop"             end the run
    on_error = fn(err, r)         the record that fn returns replaces it; err is a text]]),
  topic("parallel", "Whether several workers may run a stage at once, in its last table. Without a"
    .. " word they do, unless it remembers something or its function changes what is outside; weir"
    .. " explain says for each segment how it runs, and why.", [[

    parallel = true     also where a function seems to change what is outside: each
                        worker then has that for itself
    parallel = false    one worker alone]]),
  topic("retries", "What has failed and may pass is tried again, wherever it says retries.", [[

    retries = 3         so often, in a row
    retries = { max = 10, backoff = "100ms", max_backoff = "30s", jitter = 0.2,
                breaker = { failures = 5, pause = "1m" } }

The waits double from backoff to max_backoff, a share of each, jitter, left to chance.
A breaker is not there unless it is said: so many failures in a row bring a pause, then
there is one try, and another pause if that fails too. breaker = 5 is short for five,
and 1m. Whatever else is not said is as above, but max:

    tcp, unix           10 until the first connection, and no end of them after it
    exec, :exec         10 until the first record or answer, and no end after it
    http                10 for each request
    udp                 10
    map_async           none unless said; of a record, for what a request raised
    file, sqlite        for ever, up to 5s apart, where it passes by itself, as a
                        full disk or a lock; none if every input ends by itself

The first connection has an end to it since a mistake is likelier then than a peer
that is away. When retries are used up a source or a sink fails, and the run with it;
of http and map_async what was to be sent is a dead letter.]]),
}

return M
