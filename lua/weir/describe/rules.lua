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

    == != < <= > >=         comparing a missing or null field is false
    + - * / % ..            on a missing or null field they give null
    and or not
    in (1, 2)   ~ 'pattern' (Lua's)   contains   starts_with   ends_with
    exists   is null
    a.b   tags[1]   @path   upper(host)]]),
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
  topic("on_error", "What a stage does with a record that fails, in its last table or for all in"
    .. " weir.options.", [[

    on_error = "dead_letter"      set it aside: :side "dead", else weir.dead_letters()
    on_error = "skip"             drop and count it
    on_error = "stop"             end the run
    on_error = fn(err, r)         the record that fn returns replaces it]]),
}

return M
