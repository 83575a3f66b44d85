// detached.c -- records that outlive the call that received them.

#include <string.h>

#include "engine/base/err.h"
#include "engine/base/mem.h"
#include "engine/op/context.h"

enum { BERTHS_FIRST = 64, BERTHS_MAX = 1 << 30 };

static int room_for_berth(weir_rows *rows)
{
  if (rows->berth_free > 0 || rows->berth_count < rows->berth_capacity)
    return WEIR_OK;
  uint32_t capacity =
      rows->berth_capacity > 0 ? rows->berth_capacity * 2 : BERTHS_FIRST;
  if (capacity > BERTHS_MAX)
    return WEIR_ENOMEM;
  weir_berth *berths = weir_mem_resize(rows->berths, capacity * sizeof *berths);
  if (berths == NULL)
    return WEIR_ENOMEM;
  rows->berths = berths;
  rows->berth_capacity = capacity;
  return WEIR_OK;
}

static uint32_t take_berth(weir_rows *rows, weir_detached *detached)
{
  uint32_t number = rows->berth_free;
  if (number > 0) {
    number--;
    rows->berth_free = rows->berths[number].next_free;
  } else {
    number = rows->berth_count++;
    rows->berths[number] = (weir_berth){0};
  }
  rows->berths[number].detached = detached;
  rows->afloat++;
  return number;
}

// A new detached record of this text.
static weir_record *launch(weir_rows *rows, weir_slice text, uint32_t kind,
                           const weir_origin *origin, uint32_t frozen)
{
  if (room_for_berth(rows) != WEIR_OK)
    return NULL;
  weir_detached *detached = weir_mem_try(sizeof *detached);
  if (detached == NULL)
    return NULL;
  *detached = (weir_detached){.origin = *origin, .references = 1};
  if (weir_doc_init(&detached->doc) != WEIR_OK)
    goto free_detached;
  if (weir_rows_renew(&detached->doc, text) != WEIR_OK)
    goto free_doc;
  detached->doc.nodes[WEIR_NODE_ROOT].kind = kind;
  // What a filter may not change, it may not change through a copy either: the
  // change would be lost without a word.
  detached->doc.frozen = frozen;
  // The batch may be gone long before this record.
  detached->origin.batch = NULL;
  detached->origin.raw = (weir_slice){NULL, 0};
  if (origin->peers != NULL)
    weir_peers_ref(origin->peers);
  if (origin->topics != NULL)
    weir_topics_ref(origin->topics);
  weir_place place = {.detached = detached, .number = take_berth(rows, detached)};
  return weir_place_handle(rows, &place, WEIR_NODE_ROOT);

free_doc:
  weir_doc_fini(&detached->doc);
free_detached:
  weir_mem_free(detached);
  return NULL;
}

weir_record *weir_record_detach(weir_rows *rows, const weir_record *record)
{
  weir_place place;
  weir_origin origin;
  if (weir_place_find(rows, record, &place) != WEIR_OK ||
      weir_record_source(rows, record, &origin) != WEIR_OK)
    return NULL;
  weir_buf_clear(&rows->built);
  weir_rows_render(rows, place.doc, place.node, &rows->built);
  return launch(rows, (weir_slice){rows->built.bytes, rows->built.size},
                place.doc->nodes[place.node].kind, &origin, place.doc->frozen);
}

weir_record *weir_rows_detach(weir_rows *rows, uint32_t slot)
{
  return weir_record_detach(rows, weir_rows_slot(rows, slot));
}

int weir_rows_adopt(weir_rows *rows, uint32_t slot, weir_record *record)
{
  weir_place place;
  int code = weir_place_find(rows, record, &place);
  if (code != WEIR_OK)
    return code;
  if (place.doc->nodes[place.node].kind != WEIR_OBJECT)
    return WEIR_ETYPE;
  if (place.slot == &rows->slots[slot] && place.node == WEIR_NODE_ROOT)
    return WEIR_OK;
  weir_buf_clear(&rows->built);
  // A whole record is what it came as; a value in it must be one to stand alone.
  if (place.node == WEIR_NODE_ROOT)
    weir_rows_render(rows, place.doc, place.node, &rows->built);
  else
    code = weir_record_json(rows, record, &rows->built);
  if (code != WEIR_OK)
    return code;
  return weir_rows_assign_text(rows, slot, rows->built.bytes, rows->built.size);
}

int weir_record_source(weir_rows *rows, const weir_record *record, weir_origin *out)
{
  weir_place place;
  int code = weir_place_find(rows, record, &place);
  if (code != WEIR_OK)
    return code;
  if (place.detached != NULL)
    *out = place.detached->origin;
  else
    weir_rows_source(rows, place.number, out);
  return WEIR_OK;
}

void weir_record_release(weir_rows *rows, weir_record *record)
{
  weir_place place;
  if (weir_place_find(rows, record, &place) != WEIR_OK || place.detached == NULL)
    return;
  weir_detached *detached = place.detached;
  if (--detached->references > 0)
    return;
  weir_doc_fini(&detached->doc);
  weir_peers_unref(detached->origin.peers);
  weir_topics_unref(detached->origin.topics);
  weir_mem_free(detached);
  weir_berth *berth = &rows->berths[place.number];
  berth->detached = NULL;
  berth->generation++;
  berth->next_free = rows->berth_free;
  rows->berth_free = place.number + 1;
  rows->afloat--;
  weir_rows_dispose(rows);
}
