// medley.c -- lines that many peers have sent, decoded together.

#include "engine/io/medley.h"

#include "engine/base/err.h"

void weir_medley_init(weir_medley *medley, weir_decoder *decoder, weir_clock clock)
{
  *medley = (weir_medley){.decoder = decoder, .clock = clock, .record = 1};
  weir_buf_init(&medley->left);
}

void weir_medley_fini(weir_medley *medley)
{
  weir_peers_unref(medley->left_peers);
  weir_buf_fini(&medley->left);
}

int weir_medley_begin(weir_medley *medley, weir_batch *batch)
{
  weir_batch_clear_rows(batch);
  weir_buf_clear(&batch->bytes);
  weir_peers_unref(batch->peers);
  batch->peers = medley->left_peers;
  batch->position = medley->position;
  medley->left_peers = NULL;
  if (medley->left.size == 0)
    return 0;
  weir_buf_append(&batch->bytes, medley->left.bytes, medley->left.size);
  weir_buf_clear(&medley->left);
  return 1;
}

void weir_medley_note(const weir_medley *medley, weir_batch *batch, size_t start,
                      const weir_peer *peer)
{
  if (batch->peers == NULL)
    batch->peers = weir_peers_new();
  weir_peers_add(batch->peers, medley->position + start, peer);
}

int weir_medley_decode(weir_medley *medley, weir_batch *batch)
{
  weir_decoder *decoder = medley->decoder;
  if (decoder->ops->resume != NULL)
    decoder->ops->resume(decoder);
  size_t size = batch->bytes.size;
  size_t consumed = 0;
  batch->input_size = size;
  int rc = decoder->ops->decode(decoder, batch, 1, &consumed);
  if (rc != WEIR_OK)
    return rc;
  if (consumed < size) {
    weir_buf_append(&medley->left, batch->bytes.bytes + consumed, size - consumed);
    medley->left_peers = weir_peers_ref(batch->peers);
  }
  medley->position += consumed;
  return WEIR_OK;
}

void weir_medley_pass(weir_medley *medley, size_t size) { medley->position += size; }

void weir_medley_finish(weir_medley *medley, weir_batch *batch)
{
  batch->record_first = medley->record;
  batch->sequence = medley->sequence++;
  batch->ingest_ns = medley->clock.wall_ns(medley->clock.context);
  medley->record += (uint64_t)batch->row_count + batch->fault_count;
}
