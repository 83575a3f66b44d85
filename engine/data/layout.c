// layout.c -- rows that look alike: fields of many rows found at once.
//
// If two rows have the same bytes before every colon, a name can only belong to colons
// whose bytes in the layout end like it. If that is one colon at depth one, its key
// decides; if there is none the field is absent; anything else is unsure.

#include "engine/data/layout.h"

#include <string.h>

enum {
  BRACKETS_MAX = WEIR_LAYOUT_COLONS_MAX,
};

// What is known of a row.
enum { UNKNOWN = 0, ALIKE = 1, UNLIKE = 2 };

// In place of a colon's number.
enum { NO_COLON = -1, MANY_COLONS = -2 };

// A row's part of the index.
struct row {
  const uint32_t *colons;
  const uint32_t *brackets;
  uint32_t colon_count;
  uint32_t bracket_count;
};

static inline struct row row_of(const weir_batch *batch, uint32_t number)
{
  const uint32_t *colons = batch->row_colons + number;
  const uint32_t *brackets = batch->row_brackets + number;
  return (struct row){
      .colons = batch->colons + colons[0],
      .brackets = batch->brackets + brackets[0],
      .colon_count = colons[1] - colons[0],
      .bracket_count = brackets[1] - brackets[0],
  };
}

static inline uint32_t tail_of(const weir_batch *batch, uint32_t colon)
{
  uint32_t tail;
  memcpy(&tail, batch->bytes.bytes + colon - WEIR_KEY_TAIL, sizeof tail);
  return tail;
}

// The first colon of a batch may stand too near to its start to look before it.
static int has_window(const struct row *row)
{
  return row->colon_count > 0 && row->colons[0] >= WEIR_KEY_WINDOW;
}

static void learn(weir_layout *layout, const weir_batch *batch, uint32_t number)
{
  struct row row = row_of(batch, number);
  layout->colon_count = 0;
  if (!has_window(&row) || row.colon_count > WEIR_LAYOUT_COLONS_MAX ||
      row.bracket_count > BRACKETS_MAX)
    return;
  uint32_t bracket = 0;
  uint32_t depth = 0;
  layout->shallow = 0;
  for (uint32_t i = 0; i < row.colon_count; i++) {
    for (; bracket < row.bracket_count && row.brackets[bracket] < row.colons[i];
         bracket++) {
      char kind = batch->bytes.bytes[row.brackets[bracket]];
      depth += kind & 2 ? 1u : 0u - 1u;  // see json_scan.c
      layout->kinds[bracket] = (uint8_t)kind;
      layout->colons_before[bracket] = (uint8_t)i;
    }
    layout->tails[i] = tail_of(batch, row.colons[i]);
    layout->shallow |= (uint64_t)(depth == 1) << i;
  }
  for (; bracket < row.bracket_count; bracket++) {
    layout->kinds[bracket] = (uint8_t)batch->bytes.bytes[row.brackets[bracket]];
    layout->colons_before[bracket] = (uint8_t)row.colon_count;
  }
  layout->colon_count = row.colon_count;
  layout->bracket_count = row.bracket_count;
}

// Two brackets are those around the row; more must be mixed with the colons alike.
static int same_brackets(const weir_layout *layout, const weir_batch *batch,
                         const struct row *row)
{
  for (uint32_t i = 0; i < row->bracket_count; i++) {
    uint32_t at = row->brackets[i];
    uint32_t before = layout->colons_before[i];
    if ((uint8_t)batch->bytes.bytes[at] != layout->kinds[i] ||
        (before > 0 && row->colons[before - 1] > at) ||
        (before < row->colon_count && row->colons[before] < at))
      return 0;
  }
  return 1;
}

static inline int looks_like(const weir_layout *layout, const weir_batch *batch,
                             uint32_t number)
{
  struct row row = row_of(batch, number);
  if (row.colon_count != layout->colon_count ||
      row.bracket_count != layout->bracket_count || !has_window(&row))
    return 0;
  uint32_t differ = 0;
  uint32_t i = 0;
  for (; i + 4 <= row.colon_count; i += 4) {
    uint32_t a = tail_of(batch, row.colons[i]) ^ layout->tails[i];
    uint32_t b = tail_of(batch, row.colons[i + 1]) ^ layout->tails[i + 1];
    uint32_t c = tail_of(batch, row.colons[i + 2]) ^ layout->tails[i + 2];
    uint32_t d = tail_of(batch, row.colons[i + 3]) ^ layout->tails[i + 3];
    differ |= (a | b) | (c | d);
  }
  for (; i < row.colon_count; i++)
    differ |= tail_of(batch, row.colons[i]) ^ layout->tails[i];
  return differ == 0 && (row.bracket_count == 2 || same_brackets(layout, batch, &row));
}

static inline int is_alike(const weir_layout *layout, const weir_batch *batch,
                           uint32_t number, uint8_t *known)
{
  if (*known == UNKNOWN)
    *known = looks_like(layout, batch, number) ? ALIKE : UNLIKE;
  return *known == ALIKE;
}

void weir_layout_start(weir_layout *layout, const weir_layout_rows *rows)
{
  enum { TRIES = 3, SAMPLES = 8 };
  const weir_batch *batch = rows->batch;
  memset(rows->known, batch->plain_keys ? UNKNOWN : UNLIKE, rows->count);
  if (!batch->plain_keys)
    return;
  for (uint32_t i = 0;; i++) {
    uint32_t same = 0;
    for (uint32_t j = 0; j < SAMPLES; j++) {
      uint32_t number = rows->first + j * rows->count / SAMPLES;
      same += (uint32_t)looks_like(layout, batch, number);
    }
    if (same >= SAMPLES / 2 || i == TRIES)
      return;
    // Not the first one, which in a new batch has no bytes before it.
    learn(layout, batch, rows->first + (1 + i * rows->count / TRIES) % rows->count);
  }
}

static inline int is_key(const weir_key *key, const char *colon, const char *row)
{
  uint64_t words[2];
  memcpy(words, colon - WEIR_KEY_WINDOW, sizeof words);
  if ((((words[0] ^ key->bytes[0]) & key->mask[0]) |
       ((words[1] ^ key->bytes[1]) & key->mask[1])) != 0)
    return 0;
  size_t size = key->name.size;
  return size <= WEIR_KEY_WINDOW - 2 ||
         ((size_t)(colon - row) >= size + 2 && colon[-(ptrdiff_t)size - 2] == '"' &&
          memcmp(colon - 1 - size, key->name.bytes, size) == 0);
}

// The number of the only colon that may be the name's.
static int candidate(const weir_layout *layout, const weir_key *key)
{
  int found = NO_COLON;
  for (uint32_t i = 0; i < layout->colon_count; i++) {
    if (((layout->tails[i] ^ key->tail) & key->tail_mask) != 0)
      continue;
    if (found >= 0)
      return MANY_COLONS;
    found = (int)i;
  }
  return found >= 0 && !(layout->shallow >> found & 1) ? NO_COLON : found;
}

static int opens(uint8_t bracket) { return (bracket & 2) != 0; }  // see json_scan.c

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

weir_layout_place weir_layout_look_up(const weir_layout *layout,
                                      const weir_field *field)
{
  weir_layout_place place = {.key = weir_key_of(weir_field_name(field))};
  place.colon = place.key.odd ? MANY_COLONS : candidate(layout, &place.key);
  find_brackets(layout, &place);
  return place;
}

void weir_layout_find(const weir_layout *layout, const weir_layout_place *place,
                      const weir_layout_rows *rows, const uint16_t *numbers,
                      uint32_t count, uint32_t *colons)
{
  const weir_batch *batch = rows->batch;
  const uint32_t *starts = batch->row_colons + rows->first;
  int32_t colon = place->colon;
  uint32_t answer = colon == NO_COLON ? WEIR_LAYOUT_ABSENT : WEIR_LAYOUT_UNSURE;
  for (uint32_t i = 0; i < count; i++) {
    uint32_t row = numbers[i];
    colons[i] = WEIR_LAYOUT_UNSURE;
    if (!is_alike(layout, batch, rows->first + row, &rows->known[row]))
      continue;
    colons[i] = answer;
    if (colon < 0)
      continue;
    uint32_t at = batch->colons[starts[row] + (uint32_t)colon];
    const char *bytes = batch->bytes.bytes;
    int is =
        is_key(&place->key, bytes + at, bytes + batch->rows[rows->first + row].start);
    colons[i] = is ? at : WEIR_LAYOUT_ABSENT;
  }
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

uint32_t weir_layout_until(const weir_layout *layout, const weir_layout_rows *rows,
                           uint32_t number, uint32_t end)
{
  while (number < end &&
         is_alike(layout, rows->batch, rows->first + number, &rows->known[number]))
    number++;
  return number;
}

int weir_layout_lacks(const weir_layout_place *place)
{
  return place->colon == NO_COLON;
}
