// outfile.h -- one file being written: beside the old one, or in place.
//
// Beside: the bytes go to `.<name>.<pid>.tmp` in the same directory, and commit
// makes them safe and renames them over the old file, which until then is
// untouched. In place: bytes are appended, and after a failed write the caller cuts
// the file back to its last whole record. Devices, pipes and standard streams are
// always written in place, whatever was asked for.
//
// Owns     its descriptor (a copy of it for standard streams).
// Threads  one at a time.
// Errors   negative errno; the message names the file and the remedy. EPIPE keeps
//          its code, so that a run into `head` can end quietly; the process must
//          ignore SIGPIPE.

#pragma once

#include <stddef.h>
#include <stdint.h>

#include "engine/base/buf.h"

enum { WEIR_OUTFILE_HEAD = 1 << 20 };

typedef struct weir_outfile {
  char *path;       // as given
  char *target;     // where the bytes end up: links followed
  char *temporary;  // NULL in place
  int fd;           // -1 while closed
  int standard;     // 1 or 2 for those streams
  int beside;
  int regular;
  int opened_before;
  int line_open;  // appending, and the last line there has no newline
  uint64_t size;  // bytes there now
  char message[512];
} weir_outfile;

// "-" is standard output; standard, if not 0, is the stream instead of the path.
void weir_outfile_init(weir_outfile *file, const char *path, int standard, int beside);

// Closes, and removes the temporary of a file that was not committed.
void weir_outfile_fini(weir_outfile *file);

// Opens it, or opens it again behind what it has. make_directories: those on the
// way too.
int weir_outfile_open(weir_outfile *file, int make_directories);
void weir_outfile_close(weir_outfile *file);

// Appends what the file begins with, unpacked, WEIR_OUTFILE_HEAD bytes at most.
int weir_outfile_head(weir_outfile *file, weir_buf *out);

// *written is set in every case.
int weir_outfile_write(weir_outfile *file, const char *bytes, size_t size,
                       size_t *written);

// Takes the last bytes away again. A no-op where that is impossible.
void weir_outfile_cut(weir_outfile *file, uint64_t size);

int weir_outfile_is_synced(const weir_outfile *file);  // once open: commit waits

// Makes the file safe, and visible if it was written beside; closes it. -EIO where it
// could not be made safe: tried again it might say that it is, and not be.
int weir_outfile_commit(weir_outfile *file);
