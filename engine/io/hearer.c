// hearer.c -- one of those who listen to a sink.

#include "engine/io/hearer.h"

#include "engine/base/err.h"
#include "engine/base/mem.h"

// What TLS has been given and not written has to be given again: a record of it.
enum { COMMITTED = 16 << 10, ANSWERS_SIZE = 4096, BEFORE_KEEP = 64 << 10 };

weir_hearer *weir_hearer_new(weir_socket *socket, int64_t now_ns)
{
  weir_hearer *hearer = weir_mem_new(sizeof *hearer);
  hearer->socket = socket;
  hearer->since_ns = now_ns;
  hearer->is_stranger = !weir_socket_has_greeted(socket);
  weir_buf_init(&hearer->before);
  weir_socket_set_owner(socket, hearer);
  return hearer;
}

void weir_hearer_free(weir_hearer *hearer)
{
  weir_socket_close(hearer->socket);
  weir_buf_fini(&hearer->before);
  weir_mem_free(hearer);
}

int weir_hearer_listen(weir_hearer *hearer)
{
  char answers[ANSWERS_SIZE];
  size_t size;
  if (hearer->has_ended)
    return weir_socket_connected(hearer->socket);
  // Once: whoever talks on is heard again after the others.
  int rc = weir_socket_read(hearer->socket, answers, sizeof answers, &size);
  hearer->has_ended = rc == WEIR_EEND;
  return rc == WEIR_EEMPTY || rc == WEIR_EEND ? WEIR_OK : rc;
}

static size_t before_left(const weir_hearer *hearer)
{
  return hearer->before.size - hearer->before_at;
}

uint64_t weir_hearer_behind(const weir_hearer *hearer, const weir_outbox *said)
{
  return before_left(hearer) + (weir_outbox_end(said) - hearer->position);
}

int weir_hearer_is_in_doubt(const weir_hearer *hearer)
{
  return hearer->has_ended && weir_socket_unsent(hearer->socket) > 0;
}

static weir_slice next_part(const weir_hearer *hearer, const weir_outbox *said)
{
  if (before_left(hearer) > 0)
    return (weir_slice){hearer->before.bytes + hearer->before_at, before_left(hearer)};
  return weir_outbox_from(said, hearer->position);
}

static void advance(weir_hearer *hearer, size_t size)
{
  if (before_left(hearer) == 0) {
    hearer->position += size;
    return;
  }
  hearer->before_at += size;
  if (before_left(hearer) > 0)
    return;
  if (hearer->before.capacity > BEFORE_KEEP)
    weir_buf_fini(&hearer->before);
  weir_buf_clear(&hearer->before);
  hearer->before_at = 0;
}

static void watch(weir_hearer *hearer, int is_full)
{
  weir_socket_watch(hearer->socket, (hearer->has_ended ? 0 : WEIR_SOCKET_READ) |
                                        (is_full ? WEIR_SOCKET_WRITE : 0));
}

int weir_hearer_write(weir_hearer *hearer, const weir_outbox *said, weir_slice preamble,
                      size_t *put)
{
  int rc = WEIR_OK;
  *put = 0;
  if (!hearer->has_begun && weir_outbox_end(said) > hearer->position) {
    weir_buf_append(&hearer->before, preamble.bytes, preamble.size);
    hearer->has_begun = 1;
  }
  while (rc == WEIR_OK && weir_hearer_behind(hearer, said) > 0) {
    weir_slice part = next_part(hearer, said);
    size_t size = 0;
    rc = weir_socket_write(hearer->socket, part.bytes, part.size, &size);
    advance(hearer, size);
    *put += size;
  }
  watch(hearer, rc == WEIR_EEMPTY);
  return rc == WEIR_EEMPTY ? WEIR_OK : rc;
}

uint64_t weir_hearer_skip(weir_hearer *hearer, const weir_outbox *said, uint64_t most)
{
  uint64_t end = weir_outbox_end(said);
  if (!hearer->has_begun || end - hearer->position <= most)
    return 0;
  // Half of it at once, or each record would have the next one missed.
  uint64_t target = weir_outbox_row_end(said, end - most / 2);
  uint64_t kept = hearer->position;
  if (before_left(hearer) == 0) {
    uint64_t committed = end - kept < COMMITTED ? end - kept : COMMITTED;
    kept = weir_outbox_row_end(said, kept + committed);
  }
  if (kept >= target)
    return 0;
  if (kept > hearer->position) {
    weir_slice rest = weir_outbox_from(said, hearer->position);
    weir_buf_append(&hearer->before, rest.bytes, (size_t)(kept - hearer->position));
  }
  hearer->position = target;
  return weir_outbox_rows_between(said, kept, target);
}
