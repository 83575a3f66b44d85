// connection.c -- one peer of a source.

#include "engine/io/connection.h"

#include <string.h>

#include "engine/base/check.h"
#include "engine/base/err.h"
#include "engine/base/mem.h"
#include "engine/io/feed.h"

enum { CARRY_KEEP = 64 << 10 };

weir_connection *weir_connection_new(weir_socket *socket, weir_decoder *decoder,
                                     enum weir_frame frame, size_t max_record)
{
  weir_connection *connection = weir_mem_new(sizeof *connection);
  connection->socket = socket;
  connection->decoder = decoder;
  connection->read_max = SIZE_MAX;
  weir_framer_init(&connection->framer, frame, max_record);
  weir_buf_init(&connection->carry);
  weir_socket_peer(socket, connection->name, sizeof connection->name);
  weir_socket_set_owner(socket, connection);
  return connection;
}

void weir_connection_free(weir_connection *connection)
{
  weir_socket_end(connection->socket);  // nothing was to be said to it
  weir_socket_close(connection->socket);
  weir_decoder_free(connection->decoder);
  weir_buf_fini(&connection->carry);
  weir_mem_free(connection);
}

// A peer may begin a long record and leave it at that, and so may many. What they make
// the engine hold is not to take the memory of everybody else.
static int may_hold(const weir_buf *held, size_t size)
{
  size_t limit = weir_mem_limit();
  return limit == 0 || held->capacity >= size || size <= CARRY_KEEP ||
         weir_mem_used() + size <= limit;
}

static void carry(weir_connection *connection, const char *bytes, size_t size)
{
  weir_buf *held = &connection->carry;
  if (!may_hold(held, size)) {
    connection->over = WEIR_ENOMEM;
    size = CARRY_KEEP;
  }
  // A long record was an exception, and many connections are open at a time.
  if (size == 0 && held->capacity > CARRY_KEEP)
    weir_buf_fini(held);
  weir_buf_clear(held);
  if (size > 0)
    weir_buf_append(held, bytes, size);
}

// A batch of one fault: the first bytes of what is no record.
static enum weir_intake give_fault(weir_connection *connection, weir_batch *batch,
                                   size_t start, size_t size, int code)
{
  if (start > 0)
    return WEIR_INTAKE_FULL;
  if (size > WEIR_FAULT_KEEP)
    size = WEIR_FAULT_KEEP;
  batch->bytes.size = size;
  batch->input_size = size;
  weir_batch_add_fault(batch, (weir_fault){.span = {0, (uint32_t)size}, .code = code});
  if (code == WEIR_ECORRUPT)
    connection->over = code;
  return WEIR_INTAKE_FAULT;
}

// Whether a record is complete is known only by a decoder that remembers.
static enum weir_intake leave_to_decoder(weir_connection *connection, weir_batch *batch)
{
  weir_buf *bytes = &batch->bytes;
  if (connection->framer.passing) {
    size_t taken;
    size_t kept;
    weir_framer_next(&connection->framer, bytes->bytes, bytes->size, &taken, &kept);
    memmove(bytes->bytes, bytes->bytes + taken, bytes->size - taken);
    bytes->size -= taken;
    connection->position += taken;
  }
  return bytes->size > 0 ? WEIR_INTAKE_RECORDS : WEIR_INTAKE_NOTHING;
}

enum weir_intake weir_connection_keep(weir_connection *connection, weir_batch *batch,
                                      size_t consumed)
{
  weir_buf *bytes = &batch->bytes;
  size_t size = batch->input_size;
  connection->position += consumed;
  if (consumed == 0)
    weir_batch_clear_rows(batch);
  if (consumed == 0 &&
      (size > connection->framer.max_record || connection->over != WEIR_OK)) {
    connection->framer.passing = bytes->bytes[size - 1] != '\n';
    connection->position += size;
    return give_fault(connection, batch, 0, size,
                      connection->over != WEIR_OK ? WEIR_ETRUNCATED : WEIR_ERECORD);
  }
  carry(connection, bytes->bytes + consumed, size - consumed);
  connection->looks = size > consumed && consumed > 0;
  // Scratch may stand behind the input; else nothing of the next record is left.
  if (bytes->size == size)
    bytes->size = consumed;
  batch->input_size = consumed;
  return consumed > 0 ? WEIR_INTAKE_RECORDS : WEIR_INTAKE_NOTHING;
}

// Cuts batch->bytes from `start` on: lines stay, an unfinished record is carried.
static enum weir_intake cut(weir_connection *connection, weir_batch *batch,
                            size_t start)
{
  weir_buf *bytes = &batch->bytes;
  if (connection->decoder != NULL && connection->framer.frame == WEIR_FRAME_LINE)
    return leave_to_decoder(connection, batch);
  enum weir_intake result = WEIR_INTAKE_NOTHING;
  size_t in = start;
  size_t out = start;
  while (result <= WEIR_INTAKE_RECORDS) {
    weir_framer before = connection->framer;
    size_t taken;
    size_t kept;
    int rc = weir_framer_next(&connection->framer, bytes->bytes + in, bytes->size - in,
                              &taken, &kept);
    if (rc == WEIR_OK && taken == 0)
      break;
    if (rc == WEIR_OK && kept > 0) {
      memmove(bytes->bytes + out, bytes->bytes + in, kept);
      out += kept;
      result = WEIR_INTAKE_RECORDS;
    } else if (rc != WEIR_OK && rc != WEIR_EEMPTY) {
      if (out > 0) {  // what is good goes first, and this is met again
        connection->framer = before;
        connection->looks = 1;
        connection->position += in - start;
        carry(connection, bytes->bytes + in, bytes->size - in);
        bytes->size = out;
        return result == WEIR_INTAKE_RECORDS ? result : WEIR_INTAKE_FULL;
      }
      connection->looks = bytes->size > in + taken;
      carry(connection, bytes->bytes + in + taken, bytes->size - in - taken);
      memmove(bytes->bytes, bytes->bytes + in, taken);
      result = give_fault(connection, batch, 0, taken, rc);
      connection->position += in + taken;
      return result;
    }
    in += taken;
  }
  carry(connection, bytes->bytes + in, bytes->size - in);
  connection->position += in - start;
  bytes->size = out;
  return result;
}

// Nothing more comes. The last line needs no newline, if its peer has ended well.
static enum weir_intake finish(weir_connection *connection, weir_batch *batch)
{
  weir_buf *held = &connection->carry;
  size_t start = batch->bytes.size;
  weir_framer *framer = &connection->framer;
  if (framer->passing || framer->left > 0)
    weir_buf_clear(held);  // it has been told of
  if (held->size == 0)
    return WEIR_INTAKE_NOTHING;
  int is_line =
      connection->over == WEIR_EEND && weir_framer_is_line(framer, held->bytes[0]);
  if (!is_line && start > 0)
    return WEIR_INTAKE_FULL;
  weir_buf_append(&batch->bytes, held->bytes, held->size);
  connection->position += held->size;
  carry(connection, NULL, 0);
  if (!is_line)
    return give_fault(connection, batch, 0, batch->bytes.size, WEIR_ETRUNCATED);
  weir_buf_byte(&batch->bytes, '\n');
  return WEIR_INTAKE_RECORDS;
}

// What is carried, as if it had just been read.
static enum weir_intake look_again(weir_connection *connection, weir_batch *batch)
{
  size_t start = batch->bytes.size;
  weir_buf *held = &connection->carry;
  connection->looks = 0;
  weir_buf_append(&batch->bytes, held->bytes, held->size);
  weir_buf_clear(held);
  return cut(connection, batch, start);
}

static int read_bytes(weir_connection *connection, char *room, size_t size, size_t *got)
{
  if (size > connection->read_max)
    size = connection->read_max;
  if (size == 0)
    return weir_socket_has_ended(connection->socket) ? WEIR_EEND : WEIR_ESTOPPED;
  int rc = weir_socket_read(connection->socket, room, size, got);
  if (connection->read_max == SIZE_MAX)
    return rc;
  if (rc == WEIR_OK)
    connection->read_max -= *got;
  return rc == WEIR_EEMPTY ? WEIR_ESTOPPED : rc;
}

enum weir_intake weir_connection_read(weir_connection *connection, weir_batch *batch,
                                      size_t size)
{
  if (connection->looks)
    return look_again(connection, batch);
  if (connection->over != WEIR_OK)
    return finish(connection, batch);
  weir_buf *bytes = &batch->bytes;
  weir_buf *held = &connection->carry;
  size_t start = bytes->size;
  // What is read goes to its place behind what is carried, which follows if need be.
  if (weir_buf_reserve(bytes, held->size + size) != WEIR_OK) {
    if (start > 0)
      return WEIR_INTAKE_FULL;
    connection->over = WEIR_ENOMEM;
    return finish(connection, batch);
  }
  char *room = bytes->bytes + start + held->size;
  size_t got = 0;
  int rc = read_bytes(connection, room, size, &got);
  if (rc == WEIR_EEMPTY)
    return WEIR_INTAKE_NOTHING;
  if (rc != WEIR_OK) {
    connection->over = rc;
    return finish(connection, batch);
  }
  if (weir_framer_awaits(&connection->framer, held->size, room, got)) {
    if (may_hold(held, held->size + got))
      weir_buf_append(held, room, got);
    else
      connection->over = WEIR_ENOMEM;
    return WEIR_INTAKE_NOTHING;
  }
  if (held->size > 0)
    memcpy(bytes->bytes + start, held->bytes, held->size);
  bytes->size += held->size + got;
  weir_buf_clear(held);
  return cut(connection, batch, start);
}

int weir_connection_is_done(const weir_connection *connection)
{
  return connection->over != WEIR_OK && !connection->looks &&
         connection->carry.size == 0;
}

void weir_connection_stop(weir_connection *connection, int code)
{
  if (connection->over == WEIR_OK)
    connection->over = code;
}
