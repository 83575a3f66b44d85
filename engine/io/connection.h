// connection.h -- one peer of a source: bytes off its socket, as whole records.
//
// What is read goes behind what a batch holds already; of that, the whole records stay
// there as lines, and the start of one that is not complete is carried to the next
// time. Bytes that complete nothing are added to what is carried and not looked at
// again, so that a peer who sends a long record byte by byte costs no more than others.
//
// Owns     its socket, decoder, and the bytes carried.
// Threads  one at a time.
// Limits   what is carried is never more than max_record and a header; where there is
//          no memory for it, the connection is over (ENOMEM).

#pragma once

#include <stddef.h>
#include <stdint.h>

#include "engine/base/buf.h"
#include "engine/data/batch.h"
#include "engine/data/decoder.h"
#include "engine/loop/net.h"
#include "engine/wire/frame.h"

typedef struct weir_connection weir_connection;

struct weir_connection {
  weir_connection *older;  // in the order of the last whole record, or of coming
  weir_connection *newer;
  weir_socket *socket;
  weir_decoder *decoder;  // its own, where records hang on those before them; or NULL
  weir_framer framer;
  weir_buf carry;
  uint64_t position;  // of what is carried, in all that the peer has sent
  int64_t active_ns;  // since when no record was completed
  size_t read_max;    // bytes still to be read; a stop takes what has arrived
  int over;           // why nothing more will be read: EEND, ESTOPPED, -errno; or OK
  int looks;          // what is carried is to be looked at before more is read
  int is_stranger;    // the handshake is not over
  char name[WEIR_ADDRESS_TEXT];
};

// What an intake came to.
enum weir_intake {
  WEIR_INTAKE_NOTHING = 0,  // no record was completed
  WEIR_INTAKE_RECORDS = 1,  // behind the batch's bytes there are more
  WEIR_INTAKE_FAULT = 2,    // the batch, which was empty, has one fault
  WEIR_INTAKE_FULL = 3,     // it would be a fault, and the batch is not empty
};

// Takes both.
weir_connection *weir_connection_new(weir_socket *socket, weir_decoder *decoder,
                                     enum weir_frame frame, size_t max_record);
void weir_connection_free(weir_connection *connection);

// Reads once, up to size bytes, to behind batch->bytes. What is complete stays.
enum weir_intake weir_connection_read(weir_connection *connection, weir_batch *batch,
                                      size_t size);

// With a decoder of its own, and lines: what that has not consumed comes again. FAULT
// where it can never be a record; then that is all there is in the batch.
enum weir_intake weir_connection_keep(weir_connection *connection, weir_batch *batch,
                                      size_t consumed);

// Whether all of it has been given, so that it can be freed.
int weir_connection_is_done(const weir_connection *connection);

// It is given up: what is carried is a record cut short.
void weir_connection_stop(weir_connection *connection, int code);
