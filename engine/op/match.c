// match.c -- backtracking over the pattern, an item at a time.
//
// attempt() walks pattern and text together and recurses only where it may have to
// come back: at captures, and at items that repeat. The compiled form that would be
// faster is not worth it: patterns are short, and looked at where they lie.
//
//   1. A fault, once set, makes every attempt fail, so recursion unwinds by itself.
//   2. Each turn of each loop takes a step.
//   3. A NUL in the pattern ends it, as it does in LuaJIT.

#include "engine/op/match.h"

#include <string.h>

#include "engine/op/match_class.h"

_Static_assert(sizeof(((weir_match *)0)->start) / sizeof(int32_t) ==
                   WEIR_MATCH_CAPTURES_MAX,
               "captures");

typedef const unsigned char *bytes;

typedef struct matcher {
  weir_match *match;
  bytes text;
  bytes text_end;
  bytes pattern_end;
  int depth;
  int fault;
} matcher;

static bytes attempt(matcher *m, bytes s, bytes p);

static bytes refuse(matcher *m, int fault)
{
  if (m->fault == 0)
    m->fault = fault;
  return NULL;
}

static bool step(matcher *m)
{
  if (++m->match->steps <= WEIR_MATCH_STEPS_MAX)
    return true;
  refuse(m, WEIR_MATCH_STEPS);
  return false;
}

// Behind the pattern, and behind the text, there is a NUL.
static unsigned char item_at(const matcher *m, bytes p)
{
  return p < m->pattern_end ? *p : 0;
}

// One past the single item at p, which is a byte, an escape or a set.
static bytes item_end(matcher *m, bytes p)
{
  unsigned char opener = *p++;
  if (opener == '%')
    return item_at(m, p) == 0 ? refuse(m, WEIR_MATCH_ESCAPE) : p + 1;
  if (opener != '[')
    return p;
  if (item_at(m, p) == '^')
    p++;
  do {  // the first byte is in the set even if it is a ]
    if (item_at(m, p) == 0)
      return refuse(m, WEIR_MATCH_SET);
    if (*p++ == '%' && item_at(m, p) != 0)
      p++;
  } while (item_at(m, p) != ']');
  return p + 1;
}

// Does the byte at s match the single item from p to end?
static bool fits(const matcher *m, bytes s, bytes p, bytes end)
{
  if (s >= m->text_end)
    return false;
  switch (*p) {
  case '.':
    return true;
  case '%':
    return weir_match_in_class(*s, p[1]);
  case '[':
    return weir_match_in_set(*s, p, end - 1);
  default:
    return *p == *s;
  }
}

static bytes longest_first(matcher *m, bytes s, bytes p, bytes end)
{
  bytes last = s;
  while (fits(m, last, p, end)) {
    if (!step(m))
      return NULL;
    last++;
  }
  for (;; last--) {
    bytes found = attempt(m, last, end + 1);
    if (found != NULL || m->fault != 0 || last == s)
      return found;
  }
}

static bytes shortest_first(matcher *m, bytes s, bytes p, bytes end)
{
  for (;; s++) {
    bytes found = attempt(m, s, end + 1);
    if (found != NULL || m->fault != 0)
      return found;
    if (!fits(m, s, p, end))
      return NULL;
  }
}

static bytes open_capture(matcher *m, bytes s, bytes p, int32_t size)
{
  weir_match *match = m->match;
  if (match->captures >= WEIR_MATCH_CAPTURES_MAX)
    return refuse(m, WEIR_MATCH_CAPTURES);
  match->start[match->captures] = (int32_t)(s - m->text);
  match->size[match->captures] = size;
  match->captures++;
  bytes found = attempt(m, s, p);
  if (found == NULL)
    match->captures--;
  return found;
}

static bytes close_capture(matcher *m, bytes s, bytes p)
{
  weir_match *match = m->match;
  int32_t i = match->captures - 1;
  while (i >= 0 && match->size[i] != WEIR_MATCH_OPEN)
    i--;
  if (i < 0)
    return refuse(m, WEIR_MATCH_CLOSE);
  match->size[i] = (int32_t)(s - m->text) - match->start[i];
  bytes found = attempt(m, s, p);
  if (found == NULL)
    match->size[i] = WEIR_MATCH_OPEN;
  return found;
}

// %1: the text of a capture again.
static bytes repeat_capture(matcher *m, bytes s, int digit)
{
  const weir_match *match = m->match;
  int i = digit - '1';
  if (i < 0 || i >= match->captures || match->size[i] == WEIR_MATCH_OPEN)
    return refuse(m, WEIR_MATCH_REFERENCE);
  // A position has no bytes; LuaJIT takes its size for a huge one, which never fits.
  if (match->size[i] == WEIR_MATCH_POSITION || m->text_end - s < match->size[i])
    return NULL;
  size_t size = (size_t)match->size[i];
  m->match->steps += (uint32_t)(size / 16);
  return memcmp(m->text + match->start[i], s, size) == 0 ? s + size : NULL;
}

// %bxy: from an x to the y that balances it.
static bytes balanced(matcher *m, bytes s, bytes p)
{
  if (item_at(m, p) == 0 || item_at(m, p + 1) == 0)
    return refuse(m, WEIR_MATCH_BALANCE);
  if (s >= m->text_end || *s != p[0])
    return NULL;
  size_t open = 1;
  while (++s < m->text_end) {
    if (!step(m))
      return NULL;
    if (*s == p[1]) {
      if (--open == 0)
        return s + 1;
    } else if (*s == p[0]) {
      open++;
    }
  }
  return NULL;
}

// %f[set]: between a byte that is not in the set and one that is.
static bool at_frontier(const matcher *m, bytes s, bytes p, bytes end)
{
  int before = s == m->text ? 0 : s[-1];
  int after = s < m->text_end ? *s : 0;
  return !weir_match_in_set(before, p, end - 1) && weir_match_in_set(after, p, end - 1);
}

// An escape that is more than a class. True: *s and *p have moved on or *s is NULL.
static bool special_escape(matcher *m, bytes *s, bytes *p)
{
  unsigned char kind = item_at(m, *p + 1);
  if (kind == 'b') {
    *s = balanced(m, *s, *p + 2);
    *p += 4;
  } else if (kind == 'f') {
    bytes set = *p + 2;
    if (item_at(m, set) != '[') {
      *s = refuse(m, WEIR_MATCH_FRONTIER);
      return true;
    }
    bytes end = item_end(m, set);
    if (end == NULL || !at_frontier(m, *s, set, end))
      *s = NULL;
    *p = end;
  } else if (kind >= '0' && kind <= '9') {
    *s = repeat_capture(m, *s, kind);
    *p += 2;
  } else {
    return false;
  }
  return true;
}

// Matches the rest of the pattern at s, without recursion up to what may come back.
static bytes rest(matcher *m, bytes s, bytes p)
{
  while (s != NULL && step(m)) {
    switch (item_at(m, p)) {
    case 0:
      return s;
    case '(':
      if (item_at(m, p + 1) == ')')
        return open_capture(m, s, p + 2, WEIR_MATCH_POSITION);
      return open_capture(m, s, p + 1, WEIR_MATCH_OPEN);
    case ')':
      return close_capture(m, s, p + 1);
    case '$':
      if (item_at(m, p + 1) == 0)
        return s == m->text_end ? s : NULL;
      break;
    case '%':
      if (special_escape(m, &s, &p))
        continue;
      break;
    default:
      break;
    }
    bytes end = item_end(m, p);
    if (end == NULL)
      return NULL;
    switch (item_at(m, end)) {
    case '*':
      return longest_first(m, s, p, end);
    case '-':
      return shortest_first(m, s, p, end);
    case '+':
      return fits(m, s, p, end) ? longest_first(m, s + 1, p, end) : NULL;
    case '?':
      if (fits(m, s, p, end)) {
        bytes found = attempt(m, s + 1, end + 1);
        if (found != NULL)
          return found;
      }
      p = end + 1;
      break;
    default:
      s = fits(m, s, p, end) ? s + 1 : NULL;
      p = end;
    }
  }
  return NULL;
}

static bytes attempt(matcher *m, bytes s, bytes p)
{
  if (m->fault != 0)
    return NULL;
  if (++m->depth > WEIR_MATCH_DEPTH_MAX)
    return refuse(m, WEIR_MATCH_DEPTH);
  bytes found = rest(m, s, p);
  m->depth--;
  return found;
}

// The byte that every match starts with, or -1: text without it is skipped quickly.
static int first_byte(bytes p, bytes end)
{
  if (p == end || *p == 0 || strchr("^$*+?.([%-)", *p) != NULL)
    return -1;
  if (p + 1 < end && strchr("*?-", p[1]) != NULL)
    return -1;
  return *p;
}

int weir_match_search(weir_match *match, const char *text, size_t size,
                      const char *pattern, size_t pattern_size, bool caret)
{
  matcher m = {
      .match = match,
      .text = (bytes)text,
      .text_end = (bytes)text + size,
      .pattern_end = (bytes)pattern + pattern_size,
  };
  bytes p = (bytes)pattern;
  bool anchored = caret && pattern_size > 0 && *p == '^';
  if (anchored)
    p++;
  int first = anchored ? -1 : first_byte(p, m.pattern_end);

  match->steps = 0;
  for (bytes s = m.text + match->from; s <= m.text_end; s++) {
    if (first >= 0) {
      s = memchr(s, first, (size_t)(m.text_end - s));
      if (s == NULL)
        return 0;
    }
    match->captures = 0;
    m.depth = 0;
    bytes end = attempt(&m, s, p);
    if (m.fault != 0)
      return m.fault;
    if (end != NULL) {
      match->first = (int32_t)(s - m.text);
      match->last = (int32_t)(end - m.text);
      return 1;
    }
    if (anchored)
      return 0;
  }
  return 0;
}

int64_t weir_match_literal(const char *text, size_t size, size_t from,
                           const char *literal, size_t literal_size)
{
  const char *found = memmem(text + from, size - from, literal, literal_size);
  return found != NULL ? found - text : -1;
}
