// packed.c -- batches in a log.

#include "engine/log/packed.h"

#include <stddef.h>
#include <string.h>

#include "engine/base/err.h"

enum { FLAG_ENDS_SEQUENCE = 1 };

struct head {
  uint32_t size;
  uint32_t source;
  uint32_t partition;
  uint32_t priority;
  uint64_t sequence;
  uint64_t position;
  uint64_t record_first;
  uint64_t epoch;
  uint64_t graph_version;
  int64_t watermark_ns;
  int64_t ingest_ns;
  int64_t deadline_ns;
  uint32_t flags;
  uint32_t rows;
  uint32_t peers_size;
  uint32_t topics_size;
};

struct row {
  uint32_t size;
  weir_span origin;  // as a derived batch has it
};

struct peer {
  uint64_t position;
  uint64_t own;
  uint32_t name_size;
};

struct topic {
  uint32_t row;
  uint32_t size;
};

enum { PEER = 20 };  // without what the compiler pads

_Static_assert(sizeof(struct head) == 96 && offsetof(struct head, flags) == 80 &&
                   sizeof(struct row) == 12 && sizeof(struct topic) == 8 &&
                   offsetof(struct peer, name_size) == 16,
               "as the header says");

static const uint32_t unknown = UINT32_MAX;

static struct head head_of(const weir_batch *batch)
{
  return (struct head){
      .size = sizeof(struct head),
      .source = batch->source,
      .partition = batch->partition,
      .priority = batch->priority,
      .sequence = batch->sequence,
      .position = batch->position,
      .record_first = batch->record_first,
      .epoch = batch->epoch,
      .graph_version = batch->graph_version,
      .watermark_ns = batch->watermark_ns,
      .ingest_ns = batch->ingest_ns,
      .deadline_ns = batch->deadline_ns,
      .flags = batch->ends_sequence ? FLAG_ENDS_SEQUENCE : 0,
      .rows = batch->row_count,
  };
}

static weir_span origin_of(const weir_batch *batch, uint32_t row)
{
  uint64_t number = weir_batch_row_number(batch, row);
  uint64_t behind = number - batch->record_first;
  return (weir_span){
      .start = weir_batch_row_origin(batch, row).start,
      .end = number > 0 && behind < unknown ? (uint32_t)behind : unknown,
  };
}

static int pack_rows(const weir_batch *batch, weir_buf *scratch)
{
  size_t size = batch->row_count * sizeof(struct row);
  if (weir_buf_reserve(scratch, size) != WEIR_OK)
    return WEIR_ENOMEM;
  for (uint32_t i = 0; i < batch->row_count; i++) {
    struct row row = {batch->rows[i].end - batch->rows[i].start, origin_of(batch, i)};
    weir_buf_append(scratch, &row, sizeof row);
  }
  return WEIR_OK;
}

static int pack_peers(const weir_batch *batch, weir_buf *scratch)
{
  struct peer peer = {0};
  weir_peer found;
  for (size_t i = 0; weir_peers_at(batch->peers, i, &peer.position, &found); i++) {
    peer.own = found.position;
    peer.name_size = (uint32_t)strlen(found.name);
    if (weir_buf_reserve(scratch, PEER + peer.name_size) != WEIR_OK)
      return WEIR_ENOMEM;
    weir_buf_append(scratch, &peer, PEER);
    weir_buf_append(scratch, found.name, peer.name_size);
  }
  return WEIR_OK;
}

static int pack_topics(const weir_batch *batch, weir_buf *scratch)
{
  struct topic topic = {0};
  const char *label;
  size_t size;
  for (size_t i = 0; weir_topics_at(batch->topics, i, &topic.row, &label, &size); i++) {
    topic.size = (uint32_t)size;
    if (weir_buf_reserve(scratch, sizeof topic + size) != WEIR_OK)
      return WEIR_ENOMEM;
    weir_buf_append(scratch, &topic, sizeof topic);
    weir_buf_append(scratch, label, size);
  }
  return WEIR_OK;
}

static int pack_texts(const weir_batch *batch, weir_buf *scratch)
{
  if (weir_buf_reserve(scratch, batch->bytes.size + batch->row_count) != WEIR_OK)
    return WEIR_ENOMEM;
  for (uint32_t i = 0; i < batch->row_count; i++) {
    weir_span row = batch->rows[i];
    weir_buf_append(scratch, batch->bytes.bytes + row.start, row.end - row.start);
    weir_buf_byte(scratch, '\n');
  }
  return WEIR_OK;
}

int weir_log_append_batch(weir_log *log, const weir_batch *batch, weir_buf *scratch,
                          uint64_t *number)
{
  if (batch->form != WEIR_FORM_JSON || batch->row_count == 0)
    return WEIR_EINVAL;
  struct head head = head_of(batch);
  weir_buf_clear(scratch);
  weir_buf_append(scratch, &head, sizeof head);
  int rc = pack_rows(batch, scratch);
  size_t peers_at = scratch->size;
  if (rc == WEIR_OK)
    rc = pack_peers(batch, scratch);
  head.peers_size = (uint32_t)(scratch->size - peers_at);
  if (rc == WEIR_OK)
    rc = pack_topics(batch, scratch);
  head.topics_size = (uint32_t)(scratch->size - peers_at - head.peers_size);
  memcpy(scratch->bytes, &head, sizeof head);
  if (rc == WEIR_OK && !batch->line_rows)
    rc = pack_texts(batch, scratch);
  if (rc != WEIR_OK)
    return rc;
  weir_slice parts[] = {
      {scratch->bytes, scratch->size},
      {batch->bytes.bytes, batch->bytes.size},
  };
  return weir_log_append(log, WEIR_LOG_BATCH, batch->row_count, parts,
                         batch->line_rows ? 2 : 1, number);
}

static void take_head(weir_batch *out, const struct head *head)
{
  out->source = head->source;
  out->partition = head->partition;
  out->priority = head->priority;
  out->sequence = head->sequence;
  out->position = head->position;
  out->record_first = head->record_first;
  out->epoch = head->epoch;
  out->graph_version = head->graph_version;
  out->watermark_ns = head->watermark_ns;
  out->ingest_ns = head->ingest_ns;
  out->deadline_ns = head->deadline_ns;
  out->ends_sequence = (head->flags & FLAG_ENDS_SEQUENCE) != 0;
  out->derived = 1;
}

// Whether the sizes are those of the texts.
static int take_rows(weir_batch *out, const char *rows, uint32_t count)
{
  uint64_t start = 0;
  for (uint32_t i = 0; i < count; i++, rows += sizeof(struct row)) {
    struct row row;
    memcpy(&row, rows, sizeof row);
    uint64_t end = start + row.size;
    if (end >= out->bytes.size || out->bytes.bytes[end] != '\n')
      return 0;
    out->rows[i] = (weir_span){(uint32_t)start, (uint32_t)end};
    out->origins[i] = row.origin;
    start = end + 1;
  }
  return start == out->bytes.size;
}

// Whether the peers fill their part exactly.
static int take_peers(weir_batch *out, const char *at, size_t left)
{
  weir_buf name;
  weir_buf_init(&name);
  struct peer peer = {0};
  while (left >= PEER) {
    memcpy(&peer, at, PEER);
    if (peer.name_size > left - PEER)
      break;
    weir_buf_clear(&name);
    weir_buf_append(&name, at + PEER, peer.name_size);
    weir_buf_byte(&name, '\0');
    if (out->peers == NULL)
      out->peers = weir_peers_new();
    weir_peers_add(out->peers, peer.position, &(weir_peer){name.bytes, peer.own});
    at += PEER + peer.name_size;
    left -= PEER + peer.name_size;
  }
  weir_buf_fini(&name);
  return left == 0;
}

// Whether the topics fill theirs, and each label is what it is said to be.
static int take_topics(weir_batch *out, const char *at, size_t left)
{
  struct topic topic = {0};
  while (left >= sizeof topic) {
    memcpy(&topic, at, sizeof topic);
    at += sizeof topic;
    left -= sizeof topic;
    const char *end = topic.size <= left ? at + topic.size : NULL;
    if (end == NULL)
      return 0;
    const char *type = topic.size > 0 ? memchr(at, '\0', topic.size - 1) : at;
    if (type == NULL || (topic.size > 0 && end[-1] != '\0'))
      return 0;
    weir_topics_add(&out->topics, topic.row, at, topic.size);
    at = end;
    left -= topic.size;
  }
  return left == 0;
}

// Whether all that follows the head fits into what is left behind it.
static int fits(const struct head *head, size_t left)
{
  size_t rows = (size_t)head->rows * sizeof(struct row);
  return head->rows <= left / sizeof(struct row) && head->peers_size <= left - rows &&
         head->topics_size <= left - rows - head->peers_size;
}

int weir_log_entry_batch(const weir_log_entry *entry, weir_batch *out)
{
  const char *at = entry->payload.bytes;
  size_t left = entry->payload.size;
  struct head head;
  if (entry->kind != WEIR_LOG_BATCH || left < sizeof head)
    return WEIR_ECORRUPT;
  memcpy(&head, at, sizeof head);
  if (head.size < sizeof head || head.size > left || head.rows != entry->count ||
      !fits(&head, left - head.size))
    return WEIR_ECORRUPT;
  const char *rows = at + head.size;
  const char *peers = rows + head.rows * sizeof(struct row);
  const char *topics = peers + head.peers_size;
  const char *texts = topics + head.topics_size;
  size_t size = (size_t)(at + left - texts);
  if (weir_batch_reserve_rows(out, head.rows) != WEIR_OK ||
      weir_buf_reserve(&out->bytes, size) != WEIR_OK)
    return WEIR_ENOMEM;
  weir_buf_append(&out->bytes, texts, size);
  if (!take_rows(out, rows, head.rows) || !take_peers(out, peers, head.peers_size) ||
      !take_topics(out, topics, head.topics_size)) {
    weir_buf_clear(&out->bytes);
    return WEIR_ECORRUPT;
  }
  take_head(out, &head);
  out->row_count = head.rows;
  out->traced = head.rows;
  out->line_rows = 1;
  return WEIR_OK;
}
