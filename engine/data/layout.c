// layout.c -- rows that look alike: fields of many rows found at once.
//
// If two rows have the same keys before every colon, and their brackets stand alike
// between them, then what one of them has at which colon the other one has there too.
// Of keys that are longer than a window only the end is compared, so that a row's own
// key decides. A name that two colons may have is unsure.

#include "engine/data/layout.h"

#include <string.h>

#include "engine/base/mem.h"
#include "engine/data/row.h"

enum {
  BRACKETS_MAX = WEIR_LAYOUT_COLONS_MAX,
};

// What is known of a row.
enum { UNKNOWN = 0, ALIKE = 1, UNLIKE = 2, PERHAPS = 3 };

// In place of a colon's number.
enum { NO_COLON = -1, MANY_COLONS = -2 };

struct weir_layout {
  uint32_t tails[WEIR_LAYOUT_COLONS_MAX];  // the bytes before each colon
  uint8_t depths[WEIR_LAYOUT_COLONS_MAX];  // 1 in the record itself
  uint8_t kinds[BRACKETS_MAX];             // the brackets,
  uint8_t colons_before[BRACKETS_MAX];     // and how many colons come before each
  uint32_t colon_count;                    // 0: nothing learned
  uint32_t bracket_count;
};

weir_layout *weir_layout_new(void) { return weir_mem_new(sizeof(weir_layout)); }

void weir_layout_free(weir_layout *layout) { weir_mem_free(layout); }

static inline uint32_t tail_at(const char *bytes, uint32_t colon)
{
  uint32_t tail;
  memcpy(&tail, bytes + colon - WEIR_KEY_TAIL, sizeof tail);
  return tail;
}

static int opens(uint8_t bracket) { return (bracket & 2) != 0; }  // see json_scan.c

static void learn(weir_layout *layout, const weir_batch *batch, uint32_t number)
{
  weir_row row = weir_row_of(batch, number);
  layout->colon_count = layout->bracket_count = 0;
  // The first colon of a batch may stand too near to its start to look before it.
  if (row.colon_count == 0 || row.colons[0] < WEIR_KEY_WINDOW ||
      row.colon_count > WEIR_LAYOUT_COLONS_MAX || row.bracket_count > BRACKETS_MAX)
    return;
  uint32_t colon = 0;
  uint32_t depth = 0;
  for (uint32_t i = 0; i < row.bracket_count; i++) {
    for (; colon < row.colon_count && row.colons[colon] < row.brackets[i]; colon++)
      layout->depths[colon] = (uint8_t)depth;
    layout->kinds[i] = (uint8_t)row.bytes[row.brackets[i]];
    layout->colons_before[i] = (uint8_t)colon;
    depth += opens(layout->kinds[i]) ? 1u : 0u - 1u;
  }
  for (uint32_t i = 0; i < row.colon_count; i++)
    layout->tails[i] = tail_at(row.bytes, row.colons[i]);
  layout->colon_count = row.colon_count;
  layout->bracket_count = row.bracket_count;
}

// Brackets within the outermost ones must be mixed with the colons alike.
static int same_brackets(const weir_layout *layout, const weir_batch *batch,
                         uint32_t number)
{
  const weir_row row = weir_row_of(batch, number);
  uint32_t kinds = 0;  // that differ
  uint32_t sides = 0;  // the top bit says that some bracket stands on the wrong one
  for (uint32_t i = 1; i + 1 < row.bracket_count; i++) {
    uint32_t at = row.brackets[i];
    uint32_t colon = layout->colons_before[i];
    uint32_t next = colon < row.colon_count ? row.colons[colon] : INT32_MAX;
    kinds |= (uint32_t)(uint8_t)row.bytes[at] ^ layout->kinds[i];
    sides |= (at - row.colons[colon - 1]) | (next - at);
  }
  return (kinds | sides >> 31) == 0;
}

// What differs in the bytes before the colons, from the last one on.
static inline uint32_t tails_off(const uint32_t *tails, const char *bytes,
                                 const uint32_t *colons, size_t count)
{
  size_t i = count;
  uint32_t off = 0;
  for (; i >= 4; i -= 4) {
    off |= tail_at(bytes, colons[i - 1]) ^ tails[i - 1];
    off |= tail_at(bytes, colons[i - 2]) ^ tails[i - 2];
    off |= tail_at(bytes, colons[i - 3]) ^ tails[i - 3];
    off |= tail_at(bytes, colons[i - 4]) ^ tails[i - 4];
  }
  for (; i > 0; i--)
    off |= tail_at(bytes, colons[i - 1]) ^ tails[i - 1];
  return off;
}

// Finds out of some rows whether they look like the layout. Two brackets are those
// around the row; more are looked at afterwards.
static void compare(const weir_layout *layout, const weir_layout_rows *rows,
                    const uint16_t *numbers, uint32_t count)
{
  const weir_batch *batch = rows->batch;
  const uint32_t *starts = batch->row_colons + rows->first;
  const uint32_t *brackets = batch->row_brackets + rows->first;
  const uint32_t *colons = batch->colons;
  const char *bytes = batch->bytes.bytes;
  uint8_t *known = rows->known;
  uint32_t colon_count = layout->colon_count;
  uint32_t bracket_count = layout->bracket_count;
  uint8_t same = bracket_count == 2 ? ALIKE : PERHAPS;
  for (uint32_t i = 0; i < count; i++) {
    size_t row = numbers[i];
    if (known[row] != UNKNOWN)
      continue;
    const uint32_t *first = colons + starts[row];
    // The first colon of a batch may stand too near to its start to look before it.
    int is = starts[row + 1] - starts[row] == colon_count &&
             brackets[row + 1] - brackets[row] == bracket_count &&
             *first >= WEIR_KEY_WINDOW &&
             tails_off(layout->tails, bytes, first, colon_count) == 0;
    known[row] = is ? same : UNLIKE;
  }
  for (uint32_t i = 0; i < count && same == PERHAPS; i++) {
    uint8_t *now = &known[numbers[i]];
    if (*now == PERHAPS)
      *now = same_brackets(layout, batch, rows->first + numbers[i]) ? ALIKE : UNLIKE;
  }
}

// Whether the layout seems to fit few of the rows.
static int fits_few(const weir_layout *layout, const weir_layout_rows *rows)
{
  enum { SAMPLES = 8 };
  uint32_t fits = 0;
  for (uint32_t i = 0; i < SAMPLES; i++) {
    uint16_t number = (uint16_t)(i * rows->count / SAMPLES);
    compare(layout, rows, &number, 1);
    fits += rows->known[number] == ALIKE;
  }
  return fits < SAMPLES / 2;
}

void weir_layout_start(weir_layout *layout, const weir_layout_rows *rows)
{
  enum { TRIES = 3 };
  const weir_batch *batch = rows->batch;
  memset(rows->known, batch->plain_keys ? UNKNOWN : UNLIKE, rows->count);
  if (!batch->plain_keys)
    return;
  for (uint32_t i = 0; i < TRIES && fits_few(layout, rows); i++) {
    // Not the first one, which in a new batch has no bytes before it.
    learn(layout, batch, rows->first + (1 + i * rows->count / TRIES) % rows->count);
    memset(rows->known, UNKNOWN, rows->count);
  }
}

// What is nested behind the colon, if it is.
static void find_brackets(const weir_layout *layout, weir_layout_place *place)
{
  place->opens = place->closes = -1;
  uint32_t at = 0;
  while (at < layout->bracket_count && layout->colons_before[at] <= place->colon)
    at++;
  if (at == layout->bracket_count || !opens(layout->kinds[at]))
    return;
  place->opens = (int32_t)at;
  for (uint32_t depth = 0; at < layout->bracket_count; at++) {
    depth += opens(layout->kinds[at]) ? 1u : 0u - 1u;
    if (depth == 0) {
      place->closes = (int32_t)at;
      return;
    }
  }
}

// The number of the only colon at depth one whose key may be the name.
static int32_t candidate(const weir_layout *layout, const weir_key *key)
{
  int32_t found = NO_COLON;
  for (uint32_t i = 0; i < layout->colon_count; i++) {
    if (layout->depths[i] == 1 &&
        ((layout->tails[i] ^ key->tail) & key->tail_mask) == 0)
      found = found == NO_COLON ? (int32_t)i : MANY_COLONS;
  }
  return key->odd ? MANY_COLONS : found;
}

weir_layout_place weir_layout_look_up(const weir_layout *layout,
                                      const weir_field *field)
{
  weir_layout_place place = {.key = weir_key_of(weir_field_name(field))};
  place.colon = candidate(layout, &place.key);
  find_brackets(layout, &place);
  return place;
}

// Whether the key before the colon ends like the name.
static inline int ends_like(const weir_key *key, const char *bytes, uint32_t colon)
{
  uint64_t words[2];
  memcpy(words, bytes + colon - WEIR_KEY_WINDOW, sizeof words);
  return (((words[0] ^ key->bytes[0]) & key->mask[0]) |
          ((words[1] ^ key->bytes[1]) & key->mask[1])) == 0;
}

static void find_none(const weir_layout_place *place, const weir_layout_rows *rows,
                      const uint16_t *numbers, uint32_t count, uint32_t *colons)
{
  uint32_t none = place->colon == NO_COLON ? WEIR_LAYOUT_ABSENT : WEIR_LAYOUT_UNSURE;
  for (uint32_t i = 0; i < count; i++)
    colons[i] = rows->known[numbers[i]] == ALIKE ? none : WEIR_LAYOUT_UNSURE;
}

// Whether something is unknown between the first and the last of some rows; mostly all
// of it is known since the first field.
static int asks_anew(const weir_layout_rows *rows, const uint16_t *numbers,
                     uint32_t count)
{
  return count > 0 && memchr(rows->known + numbers[0], UNKNOWN,
                             numbers[count - 1] - numbers[0] + (size_t)1) != NULL;
}

void weir_layout_find(const weir_layout *layout, const weir_layout_place *place,
                      const weir_layout_rows *rows, const uint16_t *numbers,
                      uint32_t count, uint32_t *colons)
{
  if (asks_anew(rows, numbers, count))
    compare(layout, rows, numbers, count);
  if (place->colon < 0) {
    find_none(place, rows, numbers, count, colons);
    return;
  }
  const weir_key *key = &place->key;
  const uint32_t *starts = rows->batch->row_colons + rows->first;
  const uint32_t *all = rows->batch->colons + place->colon;
  const uint8_t *known = rows->known;
  const char *bytes = rows->batch->bytes.bytes;
  for (uint32_t i = 0; i < count; i++) {
    uint32_t row = numbers[i];
    colons[i] = WEIR_LAYOUT_UNSURE;
    if (known[row] != ALIKE)
      continue;
    uint32_t at = all[starts[row]];
    colons[i] = ends_like(key, bytes, at) ? at : WEIR_LAYOUT_ABSENT;
  }
  if (key->name.size <= WEIR_KEY_WINDOW - 2)
    return;
  for (uint32_t i = 0; i < count; i++) {
    if (colons[i] > WEIR_LAYOUT_UNSURE && !weir_key_is(key, bytes, 0, colons[i]))
      colons[i] = WEIR_LAYOUT_ABSENT;
  }
}

uint32_t weir_layout_until(const weir_layout *layout, const weir_layout_rows *rows,
                           uint32_t number, uint32_t end)
{
  for (; number < end; number++) {
    uint16_t row = (uint16_t)number;
    compare(layout, rows, &row, 1);
    if (rows->known[number] != ALIKE)
      break;
  }
  return number;
}

uint32_t weir_layout_end(const weir_layout_place *place, const weir_layout_rows *rows,
                         uint32_t number, uint32_t colon)
{
  if (place->closes < 0)
    return 0;
  const weir_batch *batch = rows->batch;
  const uint32_t *brackets =
      batch->brackets + batch->row_brackets[rows->first + number];
  return brackets[place->opens] == colon + 1 ? brackets[place->closes] + 1 : 0;
}

int weir_layout_lacks(const weir_layout_place *place)
{
  return place->colon == NO_COLON;
}
