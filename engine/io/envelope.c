// envelope.c -- rows as a peer wants them.

#include "engine/io/envelope.h"

#include "engine/base/err.h"
#include "engine/wire/frame.h"

void weir_envelope_init(weir_envelope *envelope, weir_encoder *encoder, uint32_t frame)
{
  *envelope = (weir_envelope){.encoder = encoder, .frame = frame};
  weir_buf_init(&envelope->preamble);
  weir_buf_init(&envelope->row);
}

void weir_envelope_fini(weir_envelope *envelope)
{
  weir_encoder_free(envelope->encoder);
  weir_buf_fini(&envelope->preamble);
  weir_buf_fini(&envelope->row);
}

static void add_record(const weir_envelope *envelope, weir_buf *out, const char *bytes,
                       size_t size)
{
  enum weir_frame frame = (enum weir_frame)envelope->frame;
  if (frame == WEIR_FRAME_LINE) {
    weir_buf_append(out, bytes, size);
    return;
  }
  if (size > 0 && bytes[size - 1] == '\n')
    size--;
  char header[WEIR_FRAME_HEADER_MAX + 1];
  weir_buf_append(out, header, weir_frame_header(frame, size, header));
  weir_buf_append(out, bytes, size);
}

// What an encoder writes before its first row, such as a CSV's header, is what the same
// row does not have when it is written again.
static int learn_preamble(weir_envelope *envelope, const weir_batch *batch,
                          uint32_t row)
{
  weir_encoder *encoder = envelope->encoder;
  weir_buf *scratch = &envelope->row;
  weir_buf_clear(scratch);
  if (encoder->ops->begin != NULL)
    encoder->ops->begin(encoder, scratch);
  int rc = encoder->ops->row(encoder, batch, row, scratch);
  if (rc != WEIR_OK)
    return rc;
  size_t with = scratch->size;
  encoder->ops->row(encoder, batch, row, scratch);
  size_t size = with - (scratch->size - with);
  if (size > 0)
    add_record(envelope, &envelope->preamble, scratch->bytes, size);
  envelope->begun = 1;
  return WEIR_OK;
}

static int add_row(weir_envelope *envelope, weir_outbox *outbox,
                   const weir_batch *batch, uint32_t row)
{
  weir_encoder *encoder = envelope->encoder;
  int rc = envelope->begun ? WEIR_OK : learn_preamble(envelope, batch, row);
  int is_line = envelope->frame == WEIR_FRAME_LINE;
  weir_buf *out = is_line ? &outbox->bytes : &envelope->row;
  if (!is_line)
    weir_buf_clear(out);
  size_t before = out->size;
  if (rc == WEIR_OK)
    rc = encoder->ops->row(encoder, batch, row, out);
  if (rc != WEIR_OK) {
    out->size = before;
    return rc;
  }
  if (!is_line)
    add_record(envelope, &outbox->bytes, out->bytes, out->size);
  weir_outbox_add(outbox, outbox->bytes.size);
  return WEIR_OK;
}

static void add_lines(weir_outbox *outbox, const weir_batch *batch)
{
  size_t start = outbox->bytes.size;
  weir_buf_append(&outbox->bytes, batch->bytes.bytes, batch->bytes.size);
  for (uint32_t i = 0; i < batch->row_count; i++)
    weir_outbox_add(outbox, start + batch->rows[i].end + 1);
}

size_t weir_envelope_add(weir_envelope *envelope, weir_outbox *outbox,
                         const weir_batch *batch, weir_refusals *refused)
{
  weir_encoder *encoder = envelope->encoder;
  size_t before = outbox->bytes.size;
  if (encoder->ops->lines && batch->line_rows && envelope->frame == WEIR_FRAME_LINE) {
    add_lines(outbox, batch);
    return outbox->bytes.size - before;
  }
  for (uint32_t row = 0; row < batch->row_count; row++) {
    int rc = add_row(envelope, outbox, batch, row);
    if (rc != WEIR_OK)
      weir_refusals_add(refused, row, rc, encoder->message);
  }
  return outbox->bytes.size - before;
}
