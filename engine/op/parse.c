// parse.c -- a text field read by a codec.
//
// The members of what was read are first collected as one JSON object, so that a
// failure half-way leaves the record alone and `into` is the same work.

#include "engine/op/parse.h"

#include <string.h>

#include "engine/base/err.h"
#include "engine/base/mem.h"
#include "engine/data/json.h"
#include "engine/op/cells.h"
#include "engine/op/record.h"

struct weir_parse {
  weir_decoder *decoder;
  weir_pool *pool;
  weir_field *field;
  weir_field *into;  // NULL: the record itself
  uint32_t keep_field;
  weir_buf object;  // what was read, as JSON
  weir_buf key;
};

weir_parse *weir_parse_new(weir_decoder *decoder, const weir_parse_options *options)
{
  weir_parse *parse = weir_mem_new(sizeof *parse);
  parse->decoder = decoder;
  parse->pool = weir_pool_new(1);
  parse->field = weir_field_new(options->field, strlen(options->field));
  if (options->into != NULL)
    parse->into = weir_field_new(options->into, strlen(options->into));
  parse->keep_field = options->keep_field;
  return parse;
}

void weir_parse_free(weir_parse *parse)
{
  if (parse == NULL)
    return;
  weir_decoder_free(parse->decoder);
  weir_pool_free(parse->pool);
  weir_field_free(parse->field);
  weir_field_free(parse->into);
  weir_buf_fini(&parse->object);
  weir_buf_fini(&parse->key);
  weir_mem_free(parse);
}

static void write_cells(weir_buf *out, const weir_batch *batch)
{
  weir_buf_byte(out, '{');
  for (uint32_t i = 0; i < weir_schema_count(batch->schema); i++) {
    if (batch->cells[i].kind == WEIR_CELL_ABSENT)
      continue;
    if (out->bytes[out->size - 1] != '{')
      weir_buf_byte(out, ',');
    weir_slice name = weir_schema_name(batch->schema, i);
    weir_write_text(out, name.bytes, name.size);
    weir_buf_byte(out, ':');
    weir_cell_write(batch, &batch->cells[i], out);
  }
  weir_buf_byte(out, '}');
}

// Reads the text into parse->object.
static int decode(weir_parse *parse, weir_batch *batch, const weir_value *text,
                  uint32_t *column)
{
  weir_buf_append(&batch->bytes, text->text, text->size);
  batch->input_size = text->size;
  size_t consumed = 0;
  int rc = parse->decoder->ops->decode(parse->decoder, batch, 1, &consumed);
  weir_decoder_restart(parse->decoder);
  if (rc != WEIR_OK)
    return rc;
  if (batch->fault_count > 0) {
    *column = batch->faults[0].span.start + batch->faults[0].column;
    return batch->faults[0].code;
  }
  if (batch->row_count != 1)
    return WEIR_ESYNTAX;
  if (batch->form == WEIR_FORM_CELLS) {
    write_cells(&parse->object, batch);
  } else {
    weir_span row = batch->rows[0];
    weir_buf_append(&parse->object, batch->bytes.bytes + row.start,
                    row.end - row.start);
  }
  return WEIR_OK;
}

static int set_member(weir_parse *parse, weir_rows *rows, weir_record *record,
                      const weir_json_walk *member, int *names_field)
{
  weir_slice name = member->key;
  if (member->key_escaped) {
    weir_buf_clear(&parse->key);
    int rc = weir_json_unescape(member->key, &parse->key);
    if (rc != WEIR_OK)
      return rc;
    name = (weir_slice){parse->key.bytes, parse->key.size};
  }
  weir_slice own = weir_field_name(parse->field);
  *names_field |= name.size == own.size && memcmp(name.bytes, own.bytes, own.size) == 0;
  weir_field *field = weir_field_new(name.bytes, name.size);
  int rc = weir_record_set_json(rows, record, field, member->value.bytes,
                                member->value.size);
  weir_field_free(field);
  return rc;
}

static int join(weir_parse *parse, weir_rows *rows, weir_record *record)
{
  weir_slice object = {parse->object.bytes, parse->object.size};
  int names_field = 0;
  int rc = WEIR_OK;
  if (parse->into != NULL) {
    rc = weir_record_set_json(rows, record, parse->into, object.bytes, object.size);
    names_field = parse->into == parse->field;
  } else {
    weir_json_walk walk = weir_json_walk_start(object);
    while (rc == WEIR_OK && weir_json_walk_next(&walk))
      rc = set_member(parse, rows, record, &walk, &names_field);
  }
  if (rc == WEIR_OK && !parse->keep_field && !names_field)
    rc = weir_record_set_kind(rows, record, parse->field, WEIR_ABSENT);
  return rc;
}

int weir_parse_row(weir_parse *parse, weir_rows *rows, uint32_t slot, uint32_t *column)
{
  *column = 0;
  weir_record *record = weir_rows_slot(rows, slot);
  weir_value text;
  int kind = weir_record_get(rows, record, parse->field, &text);
  if (kind != WEIR_TEXT)
    return kind < 0 ? kind : WEIR_ETYPE;
  weir_buf_clear(&parse->object);
  weir_batch *batch = weir_batch_new(parse->pool);
  int rc = decode(parse, batch, &text, column);
  if (rc == WEIR_OK)
    rc = join(parse, rows, record);
  weir_batch_unref(batch);
  return rc;
}
