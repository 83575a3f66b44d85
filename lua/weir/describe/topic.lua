--- Topics of a bus: words with dots between, and patterns of them.
--
--     topic   = word { "." word }      -- a template: "{region}" in a word is a field's value
--     pattern = ( word | "*" ) { "." ( word | "*" ) } [ "." ">" ] | ">"
--
-- A value never adds a word, so how many words a topic has is known before there are any
-- records; and which of them are the same for all.

local M = {}

local function split(text)
  local words = {}
  for word in (text .. "."):gmatch("(.-)%.") do
    words[#words + 1] = word
  end
  return words
end

-- A template of the engine (engine/data/template.h) as words: each its text, with "\0" for
-- every blank.
local function words_of(template)
  local text = template:gsub("{{", "\1"):gsub("}}", "\2"):gsub("%%%%", "\3")
    :gsub("%b{}", "\0"):gsub("%%.", "\0")
    :gsub("\1", "{"):gsub("\2", "}"):gsub("\3", "%%")
  return split(text)
end

--- Whether a topic or type has blanks for fields or times.
function M.varies(template)
  for _, word in ipairs(words_of(template)) do
    if word:find("%z") then
      return true
    end
  end
  return false
end

--- What stands in a template without blanks.
function M.plain(template)
  return table.concat(words_of(template), ".")
end

-- Some of which stand for something in here.
local function problem_of_bytes(text)
  if text:find("%c") then
    return ("the topic %q has a control character in it"):format(text)
  end
end

local function problem_of_words(text, words)
  for _, word in ipairs(words) do
    if word == "" then
      return ('the topic "%s" has an empty word: words stand between dots'):format(text)
    elseif word:find("%s") then
      return ('the topic "%s" has a blank in it'):format(text)
    end
  end
end

--- What is wrong with the topic of a publisher, or nil.
function M.problem(topic)
  local problem = problem_of_bytes(topic)
  if problem then
    return problem
  end
  local words = words_of(topic)
  for _, word in ipairs(words) do
    if word == "*" or word == ">" then
      return ('a sink publishes to one topic at a time, and "%s" is a pattern of several; for a'
        .. ' field of the record say "{field}"'):format(topic)
    end
  end
  return problem_of_words(topic, words)
end

--- What is wrong with the pattern of a subscriber, or nil.
function M.pattern_problem(pattern)
  if pattern:find("#", 1, true) then
    return ('in "%s" the rest of a topic is written ">", one word "*"'):format(pattern)
  elseif pattern:find("[{}]") then
    return ('"%s" has blanks for fields, and a subscriber has no record yet to fill them from;'
      .. ' any one word is "*"'):format(pattern)
  end
  local words = split(pattern)
  for i, word in ipairs(words) do
    if word == ">" and i < #words then
      return ('in "%s" the ">" stands for the rest, so it comes last'):format(pattern)
    elseif #word > 1 and word:find("[*>]") then
      return ('in "%s" a "*" or ">" must be a whole word'):format(pattern)
    end
  end
  return problem_of_bytes(pattern) or problem_of_words(pattern, words)
end

-- Whether a word of a topic may become this one.
local function may_be(word, wanted)
  local first, last = word:match("^(%Z*)%z"), word:match("%z(%Z*)$")
  if not first then
    return word == wanted
  end
  return #wanted > #first + #last and wanted:sub(1, #first) == first
    and wanted:sub(#wanted - #last + 1) == last
end

--- Whether a record that is published to a topic may reach a pattern.
---@param topic string  a template
---@param pattern string
function M.may_match(topic, pattern)
  local words, wanted = words_of(topic), split(pattern)
  for i, word in ipairs(wanted) do
    if word == ">" then
      return #words >= i
    elseif not words[i] or word ~= "*" and not may_be(words[i], word) then
      return false
    end
  end
  return #words == #wanted
end

--- Whether a type of a publisher, which may have none, is one of those that are wanted.
---@param type string?  a template
---@param wanted string[]?  nil: any
function M.may_have_type(type, wanted)
  if not wanted or (type and M.varies(type)) then
    return wanted == nil or #wanted > 0
  end
  local plain = type and M.plain(type)
  for _, one in ipairs(wanted) do
    if one == plain then
      return true
    end
  end
  return false
end

return M
