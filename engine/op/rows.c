// rows.c -- the records that one worker has in its hands.

#include "engine/op/rows.h"

#include <string.h>

#include "engine/base/check.h"
#include "engine/base/err.h"
#include "engine/base/mem.h"
#include "engine/op/context.h"

static const size_t batch_size_max = (size_t)1 << 31;

weir_rows *weir_rows_new(void)
{
  weir_rows *rows = weir_mem_new(sizeof *rows);
  for (uint32_t i = 0; i < WEIR_ROWS_SLOTS_MAX; i++) {
    int code = weir_doc_init(&rows->slots[i].doc);
    WEIR_ASSERT(code == WEIR_OK);
  }
  return rows;
}

void weir_rows_dispose(weir_rows *rows)
{
  if (!rows->freed || rows->afloat > 0)
    return;
  weir_buf_fini(&rows->read);
  weir_buf_fini(&rows->encoded);
  weir_buf_fini(&rows->built);
  weir_cells_fini(&rows->cells);
  weir_mem_free(rows->berths);
  weir_mem_free(rows);
}

void weir_rows_free(weir_rows *rows)
{
  if (rows == NULL)
    return;
  for (uint32_t i = 0; i < WEIR_ROWS_SLOTS_MAX; i++) {
    weir_doc_fini(&rows->slots[i].doc);
    rows->slots[i].open = 0;
  }
  rows->freed = 1;
  weir_rows_dispose(rows);
}

static weir_slot *begin(weir_rows *rows, uint32_t slot)
{
  WEIR_ASSERT(slot < WEIR_ROWS_SLOTS_MAX);
  weir_slot *opened = &rows->slots[slot];
  opened->generation++;
  opened->open = 1;
  opened->doc.frozen = 0;
  weir_arena_reset(&opened->doc.arena);
  return opened;
}

void weir_rows_open(weir_rows *rows, uint32_t slot, const weir_batch *batch,
                    uint32_t row)
{
  weir_slot *opened = begin(rows, slot);
  opened->batch = batch;
  opened->row = row;
  weir_doc_row(&opened->doc, batch, row);
}

int weir_rows_open_text(weir_rows *rows, uint32_t slot, const char *bytes, size_t size,
                        int32_t from)
{
  WEIR_ASSERT(from < WEIR_ROWS_SLOTS_MAX);
  const weir_batch *batch = from >= 0 ? rows->slots[from].batch : NULL;
  uint32_t row = from >= 0 ? rows->slots[from].row : 0;
  weir_slot *opened = begin(rows, slot);
  opened->batch = batch;
  opened->row = row;
  weir_doc_text(&opened->doc, (weir_slice){"{}", 2}, WEIR_OBJECT);
  return weir_rows_renew(&opened->doc, (weir_slice){bytes, size});
}

void weir_rows_close(weir_rows *rows, uint32_t slot)
{
  weir_slot *closed = begin(rows, slot);
  closed->batch = NULL;
  closed->open = 0;
}

void weir_rows_enter(weir_rows *rows, uint32_t slot, uint32_t frozen)
{
  rows->slots[slot].generation++;
  rows->slots[slot].doc.frozen = frozen;
}

static int is_cells(const weir_doc *doc)
{
  return doc->batch != NULL && doc->batch->form == WEIR_FORM_CELLS;
}

int weir_rows_textify(weir_rows *rows, weir_doc *doc)
{
  weir_node *root = &doc->nodes[WEIR_NODE_ROOT];
  if (!is_cells(doc) || root->text.bytes != NULL)
    return WEIR_OK;
  weir_buf_clear(&rows->built);
  weir_cells_write(&rows->cells, doc->batch, doc->row, &rows->built);
  char *copy = weir_arena_copy(&doc->arena, rows->built.bytes, rows->built.size);
  if (copy == NULL)
    return WEIR_ENOMEM;
  root->text = (weir_slice){copy, rows->built.size};
  return WEIR_OK;
}

int weir_rows_renew(weir_doc *doc, weir_slice text)
{
  char *copy = weir_arena_copy(&doc->arena, text.bytes, text.size);
  if (copy == NULL)
    return WEIR_ENOMEM;
  weir_doc_text(doc, (weir_slice){copy, text.size}, WEIR_OBJECT);
  return WEIR_OK;
}

void weir_rows_render(weir_rows *rows, const weir_doc *doc, uint32_t node,
                      weir_buf *out)
{
  if (is_cells(doc) && node == WEIR_NODE_ROOT && !doc->nodes[node].dirty)
    weir_cells_write(&rows->cells, doc->batch, doc->row, out);
  else
    weir_doc_write(doc, node, out);
}

static int add_row(weir_batch *out, size_t start)
{
  if (out->bytes.size >= batch_size_max) {
    out->bytes.size = start;
    return WEIR_EFULL;
  }
  int code = weir_batch_reserve_rows(out, out->row_count + 1);
  if (code != WEIR_OK) {
    out->bytes.size = start;
    return code;
  }
  out->rows[out->row_count++] = (weir_span){(uint32_t)start, (uint32_t)out->bytes.size};
  weir_buf_byte(&out->bytes, '\n');
  out->form = WEIR_FORM_JSON;
  out->line_rows = 1;
  out->indexed = 0;
  return WEIR_OK;
}

int weir_rows_write(weir_rows *rows, uint32_t slot, weir_batch *out)
{
  const weir_slot *written = &rows->slots[slot];
  if (!written->open)
    return WEIR_ESTALE;
  size_t start = out->bytes.size;
  weir_rows_render(rows, &written->doc, WEIR_NODE_ROOT, &out->bytes);
  int code = add_row(out, start);
  if (code == WEIR_OK && written->batch != NULL)
    weir_batch_trace_rows(out, written->batch, written->row, 1);
  return code;
}

int weir_rows_text(weir_rows *rows, uint32_t slot, weir_buf *out)
{
  const weir_slot *written = &rows->slots[slot];
  if (!written->open)
    return WEIR_ESTALE;
  weir_rows_render(rows, &written->doc, WEIR_NODE_ROOT, out);
  return WEIR_OK;
}

void weir_rows_source(weir_rows *rows, uint32_t slot, weir_origin *out)
{
  const weir_slot *opened = &rows->slots[slot];
  const weir_batch *batch = opened->batch;
  *out = (weir_origin){.batch = batch, .row = opened->row};
  if (batch == NULL)
    return;
  out->source = batch->source;
  out->partition = batch->partition;
  out->number = weir_batch_row_number(batch, opened->row);
  out->position = batch->position + weir_batch_row_origin(batch, opened->row).start;
  weir_peer peer;
  if (weir_batch_row_peer(batch, opened->row, &peer)) {
    out->peer = peer.name;
    out->position = peer.position;
    out->peers = batch->peers;
  }
  if (weir_topics_find(batch->topics, opened->row, &out->topic))
    out->topics = batch->topics;
  if (batch->form == WEIR_FORM_CELLS) {
    weir_buf_clear(&rows->built);
    weir_cells_write(&rows->cells, batch, opened->row, &rows->built);
    out->raw = (weir_slice){rows->built.bytes, rows->built.size};
    return;
  }
  weir_span span = batch->rows[opened->row];
  out->raw = (weir_slice){batch->bytes.bytes + span.start, span.end - span.start};
}

int weir_rows_assign_text(weir_rows *rows, uint32_t slot, const char *bytes,
                          size_t size)
{
  weir_slot *assigned = &rows->slots[slot];
  if (!assigned->open)
    return WEIR_ESTALE;
  assigned->generation++;
  return weir_rows_renew(&assigned->doc, (weir_slice){bytes, size});
}
