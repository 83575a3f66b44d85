// batch.c -- room in a batch, and the numbers of its rows.

#include "engine/data/batch.h"

#include "engine/base/err.h"
#include "engine/base/mem.h"

enum { FIRST = 256 };

static const uint32_t untraced = UINT32_MAX;

void weir_batch_hold_receipt(weir_batch *batch, const weir_batch *from)
{
  if (from->receipt != NULL)
    batch->receipt = weir_receipt_join(batch->receipt, from->receipt);
}

void weir_batch_drop_receipt(weir_batch *batch)
{
  weir_receipt_unref(batch->receipt);
  batch->receipt = NULL;
}

void weir_batch_derive(weir_batch *batch, const weir_batch *from)
{
  batch->source = from->source;
  batch->partition = from->partition;
  batch->sequence = from->sequence;
  batch->position = from->position;
  batch->record_first = from->record_first;
  batch->epoch = from->epoch;
  batch->graph_version = from->graph_version;
  batch->watermark_ns = from->watermark_ns;
  batch->ingest_ns = from->ingest_ns;
  batch->deadline_ns = from->deadline_ns;
  batch->priority = from->priority;
  batch->derived = 1;
  weir_peers_unref(batch->peers);
  batch->peers = from->peers != NULL ? weir_peers_ref(from->peers) : NULL;
  weir_batch_hold_receipt(batch, from);
}

// Doubling, so that a scan that asks for a little more each time stays linear.
static size_t grown(size_t have, size_t wanted)
{
  size_t capacity = have > 0 ? have * 2 : FIRST;
  return capacity > wanted ? capacity : wanted;
}

// Behind the items is a little slack: scanners store whole vectors of offsets.
static int resize(uint32_t **items, size_t count)
{
  uint32_t *block = weir_mem_resize(*items, count * sizeof **items + WEIR_BUF_PAD);
  if (block == NULL)
    return WEIR_ENOMEM;
  *items = block;
  return WEIR_OK;
}

int weir_batch_reserve_rows(weir_batch *batch, uint32_t row_count)
{
  if (row_count <= batch->row_capacity)
    return WEIR_OK;
  size_t capacity = grown(batch->row_capacity, row_count);
  if (capacity >= UINT32_MAX)
    return WEIR_ENOMEM;
  weir_span *rows = weir_mem_resize(batch->rows, capacity * sizeof *rows);
  if (rows == NULL)
    return WEIR_ENOMEM;
  batch->rows = rows;
  weir_span *origins = weir_mem_resize(batch->origins, capacity * sizeof *origins);
  if (origins == NULL)
    return WEIR_ENOMEM;
  batch->origins = origins;
  if (resize(&batch->row_colons, capacity + 1) != WEIR_OK ||
      resize(&batch->row_brackets, capacity + 1) != WEIR_OK)
    return WEIR_ENOMEM;
  batch->row_capacity = (uint32_t)capacity;
  return WEIR_OK;
}

int weir_batch_reserve_cells(weir_batch *batch, size_t cell_count)
{
  if (cell_count <= batch->cell_capacity)
    return WEIR_OK;
  size_t capacity = grown(batch->cell_capacity, cell_count);
  if (capacity > SIZE_MAX / 2 / sizeof *batch->cells)
    return WEIR_ENOMEM;
  weir_cell *cells = weir_mem_resize(batch->cells, capacity * sizeof *cells);
  if (cells == NULL)
    return WEIR_ENOMEM;
  batch->cells = cells;
  batch->cell_capacity = capacity;
  return WEIR_OK;
}

static int reserve_offsets(uint32_t **items, uint32_t *capacity, uint32_t count)
{
  if (count <= *capacity)
    return WEIR_OK;
  size_t wanted = grown(*capacity, count);
  if (wanted > UINT32_MAX || resize(items, wanted) != WEIR_OK)
    return WEIR_ENOMEM;
  *capacity = (uint32_t)wanted;
  return WEIR_OK;
}

int weir_batch_reserve_index(weir_batch *batch, uint32_t colons, uint32_t brackets)
{
  int code = reserve_offsets(&batch->colons, &batch->colon_capacity, colons);
  if (code != WEIR_OK)
    return code;
  return reserve_offsets(&batch->brackets, &batch->bracket_capacity, brackets);
}

int weir_batch_add_fault(weir_batch *batch, weir_fault fault)
{
  if (batch->fault_count == batch->fault_capacity) {
    size_t capacity = grown(batch->fault_capacity, 0);
    weir_fault *faults = weir_mem_resize(batch->faults, capacity * sizeof *faults);
    if (faults == NULL)
      return WEIR_ENOMEM;
    batch->faults = faults;
    batch->fault_capacity = (uint32_t)capacity;
  }
  batch->faults[batch->fault_count++] = fault;
  return WEIR_OK;
}

void weir_batch_clear_rows(weir_batch *batch)
{
  batch->row_count = 0;
  batch->fault_count = 0;
  batch->indexed = 0;
  batch->plain_keys = 0;
  batch->line_rows = 0;
  batch->has_origins = 0;
  batch->traced = 0;
}

static int is_of_source(const weir_batch *batch, const weir_batch *from)
{
  return from->source == batch->source && from->partition == batch->partition &&
         from->peers == batch->peers;
}

// A derived row's origin is where its record began and which one it was, both less
// what the batch says of its first one.
static weir_span origin_of(const weir_batch *batch, const weir_batch *from,
                           uint32_t row)
{
  uint64_t position = from->position + weir_batch_row_origin(from, row).start;
  uint64_t number = weir_batch_row_number(from, row);
  if (is_of_source(batch, from) && number >= batch->record_first &&
      number - batch->record_first < untraced && position >= batch->position &&
      position - batch->position < untraced)
    return (weir_span){(uint32_t)(position - batch->position),
                       (uint32_t)(number - batch->record_first)};
  return (weir_span){0, untraced};
}

// The usual case: rows of a source's batch in their places, numbered without gaps, and
// not far from those that the batch began with.
static int is_gapless(const weir_batch *batch, const weir_batch *from)
{
  const uint32_t near = untraced / 2;
  return is_of_source(batch, from) && !from->derived && !from->has_origins &&
         from->fault_count == 0 && batch->record_first != 0 &&
         from->record_first >= batch->record_first &&
         from->record_first - batch->record_first < near && from->row_count < near &&
         from->position >= batch->position && from->position - batch->position < near &&
         from->bytes.size < near;
}

void weir_batch_trace_rows(weir_batch *batch, const weir_batch *from, uint32_t row,
                           uint32_t count)
{
  uint32_t first = batch->row_count - count;
  if (from->topics != NULL || batch->topics != NULL)
    weir_topics_carry(&batch->topics, first, from->topics, row, count);
  if (!batch->derived || batch->traced != first)
    return;
  weir_span *origins = batch->origins + first;
  batch->traced = batch->row_count;
  if (!is_gapless(batch, from)) {
    for (uint32_t i = 0; i < count; i++)
      origins[i] = origin_of(batch, from, row + i);
    return;
  }
  const weir_span *rows = from->rows + row;
  uint32_t position = (uint32_t)(from->position - batch->position);
  uint32_t number = (uint32_t)(from->record_first - batch->record_first) + row;
  for (uint32_t i = 0; i < count; i++)
    origins[i] = (weir_span){position + rows[i].start, number + i};
}

weir_span weir_batch_row_origin(const weir_batch *batch, uint32_t row)
{
  if (batch->derived) {
    uint32_t start = row < batch->traced ? batch->origins[row].start : 0;
    return (weir_span){start, start};
  }
  return batch->has_origins ? batch->origins[row] : batch->rows[row];
}

uint64_t weir_batch_row_number(const weir_batch *batch, uint32_t row)
{
  if (batch->record_first == 0)
    return 0;
  if (batch->derived) {
    int known = row < batch->traced && batch->origins[row].end != untraced;
    return known ? batch->record_first + batch->origins[row].end : 0;
  }
  // Faults are in order, so those before the row are a prefix; find its length.
  uint32_t low = 0;
  uint32_t high = batch->fault_count;
  while (low < high) {
    uint32_t middle = low + (high - low) / 2;
    if (batch->faults[middle].before <= row)
      low = middle + 1;
    else
      high = middle;
  }
  return batch->record_first + row + low;
}

int weir_batch_row_peer(const weir_batch *batch, uint32_t row, weir_peer *out)
{
  if (batch->peers == NULL || weir_batch_row_number(batch, row) == 0)
    return 0;
  uint64_t position = batch->position + weir_batch_row_origin(batch, row).start;
  return weir_peers_find(batch->peers, position, out);
}

uint64_t weir_batch_fault_number(const weir_batch *batch, uint32_t fault)
{
  if (batch->record_first == 0)
    return 0;
  return batch->record_first + batch->faults[fault].before + fault;
}
