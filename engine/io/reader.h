// reader.h -- bytes out of a file, a pipe or a device, unpacked on the way.
//
// Whether the input is gzip, Zstandard or plain shows in its first bytes, never in
// its name. A regular file is simply read; anything else is waited for with poll,
// together with a second descriptor that ends the wait.
//
// Owns     its descriptor.
// Threads  one at a time.
// Errors   EEND at the end; EEMPTY when nothing is there and waiting was not asked
//          for; ESTOPPED when woken. ETRUNCATED, ECORRUPT and the errno of a failed
//          read set the message, which names the file and the remedy; what had been
//          read before was delivered.

#pragma once

#include <stddef.h>
#include <stdint.h>

typedef struct weir_reader weir_reader;

// Takes fd in every case. wake_fd is borrowed and becomes readable to wake a
// waiting read; -1 for none. The name is for messages.
weir_reader *weir_reader_new(int fd, const char *name, int wake_fd);
void weir_reader_free(weir_reader *reader);  // NULL is a no-op

// The descriptor stands at so many bytes of a plain file, whatever comes there.
void weir_reader_take_plain(weir_reader *reader, uint64_t taken);

// Puts up to size bytes (size > 0) to room, at least one; *got says how many.
int weir_reader_read(weir_reader *reader, char *room, size_t size, int wait,
                     size_t *got);

uint64_t weir_reader_taken(const weir_reader *reader);  // bytes, as the file has them
const char *weir_reader_name(const weir_reader *reader);
const char *weir_reader_message(const weir_reader *reader);
