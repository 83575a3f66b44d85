// path.c -- finding a member of a nested object by guess.
//
// An object's bracket stands right behind the colon of its key. So if the brackets
// before the guessed colon are those of the row that was guessed from, and the object's
// is behind its key, then the colon belongs to a member of that object and the key to
// one of the record. No later colon may have either key, as far as it would count.

#include "engine/data/path.h"

#include <string.h>

#include "engine/base/mem.h"
#include "engine/data/json_text.h"
#include "engine/data/key.h"
#include "engine/data/row.h"

enum {
  KINDS_MAX = 24,  // more brackets than this up to the object's end are not guessed
};

// Where a member stands in a row; all are numbers, from 0, in its index.
struct place {
  uint32_t outer;    // colon of the object's key
  uint32_t open;     // bracket of the object
  uint32_t inner;    // colon of the member
  uint32_t bracket;  // how many brackets come before that
  uint32_t close;    // bracket that closes the object
};

struct weir_path {
  weir_key outer;
  weir_key inner;
  struct place guess;  // close is 0: none
  char kinds[KINDS_MAX];
  char names[];
};

weir_path *weir_path_new(weir_slice outer, weir_slice inner)
{
  weir_path *path = weir_mem_new(sizeof *path + outer.size + inner.size + 1);
  char *second = path->names + outer.size;
  if (outer.size > 0)
    memcpy(path->names, outer.bytes, outer.size);
  if (inner.size > 0)
    memcpy(second, inner.bytes, inner.size);
  path->outer = weir_key_of((weir_slice){path->names, outer.size});
  path->inner = weir_key_of((weir_slice){second, inner.size});
  return path;
}

void weir_path_free(weir_path *path) { weir_mem_free(path); }

// The tail is compared first, and is enough for nearly all keys.
static inline int is_key(const weir_key *key, const weir_row *row, uint32_t number)
{
  uint32_t colon = row->colons[number];
  uint32_t tail;
  if (colon >= WEIR_KEY_TAIL) {
    memcpy(&tail, row->bytes + colon - WEIR_KEY_TAIL, sizeof tail);
    if (((tail ^ key->tail) & key->tail_mask) != 0)
      return 0;
  }
  return weir_key_is(key, row->bytes, row->span.start, colon);
}

static inline int opens(char bracket) { return (bracket & 2) != 0; }  // json_scan.c

// Whether the bracket begins the value behind the colon, as an object.
static int is_object(const weir_row *row, uint32_t colon, uint32_t bracket)
{
  if (bracket >= row->bracket_count)
    return 0;
  const char *at = row->bytes + row->brackets[bracket];
  const char *value = row->bytes + row->colons[colon] + 1;
  return *at == '{' && (value == at || weir_json_after_blanks(value, at) == at);
}

// The bracket that closes the object in which bracket comes next; 0 if none does.
static uint32_t closer_of(const weir_row *row, uint32_t bracket)
{
  uint32_t depth = 1;
  for (; bracket < row->bracket_count; bracket++) {
    depth += opens(row->bytes[row->brackets[bracket]]) ? 1u : 0u - 1u;
    if (depth == 0)
      return bracket;
  }
  return 0;
}

static int ends_member(char byte) { return byte == ',' || byte == '}'; }

// Whether nothing stands behind the bracket that has no place there.
static int is_clean(const weir_row *row, uint32_t bracket)
{
  const char *end = row->bytes + row->span.end;
  const char *next =
      weir_json_after_blanks(row->bytes + row->brackets[bracket] + 1, end);
  return next < end && ends_member(*next);
}

// Whether the value behind the colon is what the bracket begins; one blank may come
// first.
static inline int begins(const weir_row *row, uint32_t colon, uint32_t bracket)
{
  return bracket == colon + 1 || (bracket == colon + 2 && row->bytes[colon + 1] == ' ');
}

// The same brackets up to the one that closes the object, and the colons of both keys
// between those that they were between.
static int same_brackets(const weir_path *path, const weir_row *row)
{
  const struct place *guess = &path->guess;
  const uint32_t *brackets = row->brackets;
  uint32_t colon = row->colons[guess->inner];
  if (!begins(row, row->colons[guess->outer], brackets[guess->open]) ||
      brackets[guess->bracket - 1] > colon || brackets[guess->bracket] < colon)
    return 0;
  char off = 0;
  for (uint32_t i = 0; i <= guess->close; i++)
    off |= row->bytes[brackets[i]] ^ path->kinds[i];
  return off == 0 && ends_member(row->bytes[brackets[guess->close] + 1]);
}

static int is_last(const weir_path *path, const weir_row *row)
{
  uint32_t closer = row->brackets[path->guess.close];
  uint32_t i = path->guess.inner + 1;
  for (; i < row->colon_count && row->colons[i] < closer; i++) {
    if (is_key(&path->inner, row, i))
      return 0;
  }
  for (; i < row->colon_count; i++) {
    if (is_key(&path->outer, row, i))
      return 0;
  }
  return 1;
}

static int holds(const weir_path *path, const weir_row *row)
{
  const struct place *guess = &path->guess;
  return guess->close > 0 && guess->inner < row->colon_count &&
         guess->close < row->bracket_count && is_key(&path->inner, row, guess->inner) &&
         is_key(&path->outer, row, guess->outer) && same_brackets(path, row) &&
         is_last(path, row);
}

// What a walk over the index has seen: the last member `outer`, and of its `inner`
// ones the last; 0 brackets before them say that there is none.
static struct place look_through(const weir_path *path, const weir_row *row)
{
  struct place place = {0};
  uint32_t bracket = 0;
  uint32_t depth = 0;
  int inside = 0;  // of the value of a member `outer`, or before it
  for (uint32_t i = 0; i < row->colon_count; i++) {
    for (; bracket < row->bracket_count && row->brackets[bracket] < row->colons[i];
         bracket++) {
      depth += opens(row->bytes[row->brackets[bracket]]) ? 1u : 0u - 1u;
      inside = inside && depth > 1;
    }
    if (depth == 1) {
      inside = is_key(&path->outer, row, i);
      if (inside)
        place = (struct place){.outer = i, .open = bracket};
    } else if (depth == 2 && inside && is_key(&path->inner, row, i)) {
      place.inner = i;
      place.bracket = bracket;
    }
  }
  return place;
}

static void remember(weir_path *path, const weir_row *row, const struct place *place)
{
  path->guess = *place;
  if (place->close >= KINDS_MAX) {
    path->guess.close = 0;
    return;
  }
  for (uint32_t i = 0; i <= place->close; i++)
    path->kinds[i] = row->bytes[row->brackets[i]];
}

static uint32_t walk(weir_path *path, const weir_row *row)
{
  struct place place = look_through(path, row);
  if (place.open == 0 || !is_object(row, place.outer, place.open))
    return WEIR_PATH_UNSURE;
  place.close = closer_of(row, place.open + 1);
  if (place.close == 0 || !is_clean(row, place.close))
    return WEIR_PATH_UNSURE;
  if (place.bracket == 0)
    return WEIR_PATH_ABSENT;
  remember(path, row, &place);
  return row->colons[place.inner];
}

uint32_t weir_path_find(weir_path *path, const weir_batch *batch, uint32_t number)
{
  if (!batch->plain_keys || path->outer.odd || path->inner.odd)
    return WEIR_PATH_UNSURE;
  weir_row row = weir_row_of(batch, number);
  return holds(path, &row) ? row.colons[path->guess.inner] : walk(path, &row);
}
