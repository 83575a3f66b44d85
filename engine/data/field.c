// field.c -- finding a field by guess.
//
// The answer is fixed by the row alone: the last colon at depth one whose key is
// the name. A guess says which colon that is; it is taken only if the key is there,
// the brackets before it are those of the row that was guessed from (so the depth
// is one again), and no colon behind it has the same key. All else walks the
// colons. Keys are compared as bytes, sixteen at once, which the scan allows by
// plain_keys: no key has an escape or a blank behind it.

#include "engine/data/field.h"

#include <string.h>

#include "engine/base/err.h"
#include "engine/base/mem.h"
#include "engine/data/json.h"
#include "engine/data/json_masks.h"
#include "engine/data/json_text.h"
#include "engine/data/key.h"
#include "engine/data/row.h"

enum {
  KINDS_MAX = 24,  // more brackets than this before a field are not guessed
};

// The way of a good guess is one piece of code; what is off it is called.
#define INLINE static inline __attribute__((always_inline))

struct weir_field {
  weir_key key;
  uint32_t colon;         // the guess: number of the colon in its row,
  uint32_t bracket;       // how many brackets come before it
  char kinds[KINDS_MAX];  // and which
  uint64_t schema_id;
  int column;
  size_t size;
  char name[];
};

weir_field *weir_field_new(const char *name, size_t size)
{
  weir_field *field = weir_mem_new(sizeof *field + size + 1);
  field->size = size;
  if (size > 0)
    memcpy(field->name, name, size);
  field->key = weir_key_of((weir_slice){field->name, size});
  return field;
}

void weir_field_free(weir_field *field) { weir_mem_free(field); }

weir_slice weir_field_name(const weir_field *field)
{
  return (weir_slice){field->name, field->size};
}

// Whether the plain key right before the colon is the name. Safe anywhere.
INLINE int is_key(const weir_field *field, const weir_row *row, uint32_t colon)
{
  size_t quoted = field->size + 2;
  if (colon - row->span.start < quoted)
    return 0;
  const char *end = row->bytes + colon;
  if (colon < WEIR_KEY_WINDOW)
    return end[-1] == '"' && *(end - quoted) == '"' &&
           memcmp(end - quoted + 1, field->name, field->size) == 0;
  uint64_t words[2];
  memcpy(words, end - WEIR_KEY_WINDOW, sizeof words);
  const weir_key *key = &field->key;
  if ((((words[0] ^ key->bytes[0]) & key->mask[0]) |
       ((words[1] ^ key->bytes[1]) & key->mask[1])) != 0)
    return 0;
  return quoted <= WEIR_KEY_WINDOW ||
         (*(end - quoted) == '"' &&
          memcmp(end - quoted + 1, field->name, field->size) == 0);
}

// Whether the last bytes before a colon allow the name: cheaper than is_key, and
// enough for nearly all colons.
INLINE int may_be_key(const weir_field *field, const weir_row *row, uint32_t colon)
{
  uint32_t tail;
  if (colon < sizeof tail)
    return 1;
  memcpy(&tail, row->bytes + colon - sizeof tail, sizeof tail);
  return ((tail ^ field->key.tail) & field->key.tail_mask) == 0;
}

// Whether any of these colons has the key, at whatever depth.
INLINE int occurs(const weir_field *field, const weir_row *row, uint32_t first,
                  uint32_t end)
{
  for (uint32_t i = first; i < end; i++) {
    if (may_be_key(field, row, row->colons[i]) && is_key(field, row, row->colons[i]))
      return 1;
  }
  return 0;
}

// Whether the brackets before the guessed colon are the remembered ones.
static int same_brackets(const weir_field *field, const weir_row *row)
{
  uint32_t count = field->bracket;
  uint32_t colon = row->colons[field->colon];
  if (count >= row->bracket_count || row->brackets[count - 1] > colon ||
      row->brackets[count] < colon)
    return 0;
  for (uint32_t i = 0; i < count; i++) {
    if (row->bytes[row->brackets[i]] != field->kinds[i])
      return 0;
  }
  return 1;
}

INLINE int guess(const weir_field *field, const weir_row *row)
{
  if (field->colon >= row->colon_count || field->bracket == 0)
    return 0;
  if (!is_key(field, row, row->colons[field->colon]))
    return 0;
  // With two brackets all colons are at depth one.
  if (row->bracket_count != 2 && !same_brackets(field, row))
    return 0;
  return !occurs(field, row, field->colon + 1, row->colon_count);
}

// Any key, from where no string is open: the string that ends before the colon.
static int is_odd_key(const weir_field *field, const char *at, const char *colon)
{
  weir_json_walk walk = {0};
  const char *last = NULL;
  while (at < colon) {
    if (*at++ != '"')
      continue;
    walk.key_escaped = 0;
    const char *quote = weir_json_closing_quote(at, colon, &walk.key_escaped);
    if (quote == NULL)
      return 0;
    walk.key = (weir_slice){at, (size_t)(quote - at)};
    at = quote + 1;
    last = at;
  }
  return last != NULL && weir_json_after_blanks(last, colon) == colon &&
         weir_json_key_is(&walk, field->name, field->size);
}

// How many colons at depth one have the key; the last is the next guess.
static int walk_row(weir_field *field, const weir_row *row, int plain)
{
  uint32_t bracket = 0;
  uint32_t depth = 0;
  int count = 0;
  uint32_t outside = row->span.start;  // no string is open here
  for (uint32_t i = 0; i < row->colon_count; i++) {
    uint32_t colon = row->colons[i];
    if (plain && !may_be_key(field, row, colon))
      continue;
    for (; bracket < row->bracket_count && row->brackets[bracket] < colon; bracket++) {
      outside = row->brackets[bracket];
      depth += row->bytes[outside] & 2 ? 1u : 0u - 1u;  // see json_scan.c
    }
    const char *from = row->bytes + outside;
    outside = colon;
    if (depth != 1 || !(plain ? is_key(field, row, colon)
                              : is_odd_key(field, from, row->bytes + colon)))
      continue;
    count++;
    field->colon = i;
    field->bracket = bracket;
  }
  return count;
}

static void remember_kinds(weir_field *field, const weir_row *row)
{
  if (field->bracket > KINDS_MAX) {
    field->bracket = 0;
    return;
  }
  for (uint32_t i = 0; i < field->bracket; i++)
    field->kinds[i] = row->bytes[row->brackets[i]];
}

static int walk(weir_field *field, const weir_batch *batch, uint32_t number, int plain)
{
  weir_row row = weir_row_of(batch, number);
  int count = walk_row(field, &row, plain);
  if (count > 0)
    remember_kinds(field, &row);
  return count;
}

static int ends_member(char byte) { return byte == ',' || byte == '}'; }

// The end of a number that a member ends with; NULL for anything else.
INLINE const char *after_number(const char *at, const char *end)
{
  const char *start = at;
  while (at < end && ((unsigned char)(*at - '0') < 10 || *at == '.'))
    at++;
  return at > start && at < end && ends_member(*at) ? at : NULL;
}

// Whether nothing but blanks stands between the value and what ends it.
static int any_value_behind(const char *at, const char *end, weir_slice *out)
{
  at = weir_json_after_blanks(at, end);
  const char *stop = weir_json_after_value(at, end);
  if (stop == NULL)
    stop = end;
  const char *next = weir_json_after_blanks(stop, end);
  int clean = next < end && ends_member(*next) && stop > at;
  if (__builtin_expect(next < end && !ends_member(*next), 0)) {
    while (next < end && !ends_member(*next))
      next++;
    stop = next;
  }
  *out = (weir_slice){at, (size_t)(stop - at)};
  return clean;
}

INLINE int value_behind(const char *at, const char *end, weir_slice *out)
{
  const char *stop = after_number(at, end);
  if (stop == NULL)
    return any_value_behind(at, end, out);
  *out = (weir_slice){at, (size_t)(stop - at)};
  return 1;
}

// `place` is a constant wherever this is inlined.
INLINE int look_up(weir_field *field, const weir_batch *batch, uint32_t number,
                   int place, weir_slice *json)
{
  weir_row row = weir_row_of(batch, number);
  int plain = batch->plain_keys && !field->key.odd;
  int count = 1;
  if (!plain || !guess(field, &row) || (place && occurs(field, &row, 0, field->colon)))
    count = walk(field, batch, number, plain);
  if (count == 0)
    return 0;
  const char *colon = row.bytes + row.colons[field->colon];
  int clean = value_behind(colon + 1, row.bytes + row.span.end, json);
  return place && clean && count == 1 ? 2 : 1;
}

int weir_field_find(weir_field *field, const weir_batch *batch, uint32_t row,
                    weir_slice *json)
{
  return look_up(field, batch, row, 0, json);
}

int weir_field_place(weir_field *field, const weir_batch *batch, uint32_t row,
                     weir_slice *json)
{
  return look_up(field, batch, row, 1, json);
}

int weir_field_value_place(const weir_batch *batch, uint32_t row, uint32_t colon,
                           weir_slice *json)
{
  const char *bytes = batch->bytes.bytes;
  return value_behind(bytes + colon + 1, bytes + batch->rows[row].end, json);
}

weir_slice weir_field_value(const weir_batch *batch, uint32_t row, uint32_t colon)
{
  weir_slice json;
  weir_field_value_place(batch, row, colon, &json);
  return json;
}

int weir_field_column(weir_field *field, const weir_schema *schema)
{
  uint64_t id = weir_schema_id(schema);
  if (field->schema_id != id) {
    field->schema_id = id;
    field->column = weir_schema_find(schema, field->name, field->size);
  }
  return field->column;
}

int weir_field_place_in(weir_field *field, weir_slice object, weir_slice *json)
{
  int count = 0;
  weir_json_walk members = weir_json_walk_start(object);
  if (members.closer != '}')
    return 0;
  while (weir_json_walk_next(&members)) {
    if (!weir_json_key_is(&members, field->name, field->size))
      continue;
    *json = members.value;
    count++;
  }
  return count == 1 && members.code == WEIR_OK ? 2 : count > 0;
}

// The last colon at depth one with the key, as it is with an index, or NULL.
static const char *last_colon(const weir_field *field, weir_slice object)
{
  const char *end = object.bytes + object.size;
  const char *outside = object.bytes;  // no string is open here
  const char *found = NULL;
  weir_json_strings strings = {0};
  size_t depth = 0;
  for (const char *at = object.bytes; at < end; at += WEIR_JSON_BLOCK) {
    weir_json_masks masks = weir_json_masks_at(&strings, at, (size_t)(end - at));
    for (uint64_t bits = masks.colons | masks.brackets; bits != 0; bits &= bits - 1) {
      const char *mark = at + __builtin_ctzll(bits);
      if (*mark != ':')
        depth += *mark & 2 ? 1u : 0u - (size_t)1;  // see json_scan.c
      else if (depth == 1 && is_odd_key(field, outside, mark))
        found = mark;
      if (depth == 0)
        return found;
      outside = mark;
    }
    if (end - at <= WEIR_JSON_BLOCK)
      break;
  }
  return found;
}

int weir_field_find_in(weir_field *field, weir_slice object, weir_slice *json)
{
  const char *end = object.bytes + object.size;
  const char *start = weir_json_after_blanks(object.bytes, end);
  if (start == end || *start != '{')
    return 0;
  const char *colon = last_colon(field, (weir_slice){start, (size_t)(end - start)});
  if (colon != NULL)
    value_behind(colon + 1, end, json);
  return colon != NULL;
}
