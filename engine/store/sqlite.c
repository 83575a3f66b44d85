// sqlite.c -- SQLite as weir opens it, and what it says in our words.

#include "engine/store/sqlite.h"

#include <errno.h>
#include <sqlite3.h>
#include <stdio.h>

#include "engine/base/err.h"

// A result of SQLite as a code of ours.
static int code_of(int result)
{
  switch (result & 0xff) {  // the low byte; what is above it is detail
  case SQLITE_OK:
    return WEIR_OK;
  case SQLITE_FULL:
    return -ENOSPC;
  case SQLITE_BUSY:
  case SQLITE_LOCKED:
    return -EBUSY;
  case SQLITE_READONLY:
    return -EROFS;
  case SQLITE_PERM:
  case SQLITE_AUTH:
    return -EACCES;
  case SQLITE_CANTOPEN:
    return -ENOENT;
  case SQLITE_NOTADB:
  case SQLITE_CORRUPT:
    return WEIR_ECORRUPT;
  case SQLITE_NOMEM:
    return WEIR_ENOMEM;
  case SQLITE_INTERRUPT:
    return WEIR_ESTOPPED;
  case SQLITE_ERROR:
  case SQLITE_MISUSE:
    return WEIR_EINVAL;
  default:
    return -EIO;
  }
}

static const char *remedy_of(int code)
{
  switch (code) {
  case -ENOSPC:
  case -EDQUOT:
  case -EFBIG:
    return "; make room or write elsewhere";
  case -EBUSY:
    return "; another process holds it: end that one, or try again later";
  case -EROFS:
  case -EACCES:
    return "; ask for the right to write it and its directory";
  case -ENOENT:
    return "; check the name, and that its directory exists";
  case WEIR_ECORRUPT:
    return "; name another file, or restore this one";
  case -EIO:
    return "; check the disk";
  default:
    return "";
  }
}

int weir_sqlite_explain(struct sqlite3 *db, const char *path, const char *what,
                        char *message, size_t message_size)
{
  int cause = -errno;
  int code = code_of(sqlite3_errcode(db));
  const char *words = sqlite3_errmsg(db);
  // Of what may pass SQLite tells ENOSPC from a broken disk, and sqlite3_system_errno
  // is not set by a commit.
  if (code == -EIO && weir_err_passes(cause)) {
    code = cause;
    words = weir_err_text(cause);
  }
  snprintf(message, message_size, "%s: %s: %s%s", path, what, words, remedy_of(code));
  return code;
}

static int prepare_to_write(sqlite3 *db)
{
  // NORMAL: in WAL a crash loses no consistency; finish syncs.
  return sqlite3_exec(db, "PRAGMA journal_mode = WAL; PRAGMA synchronous = NORMAL",
                      NULL, NULL, NULL);
}

int weir_sqlite_open(struct sqlite3 **out, const char *path, int write, char *message,
                     size_t message_size)
{
  sqlite3 *db = NULL;
  int flags =
      (write ? SQLITE_OPEN_READWRITE | SQLITE_OPEN_CREATE : SQLITE_OPEN_READONLY) |
      SQLITE_OPEN_FULLMUTEX;
  int result = sqlite3_open_v2(path, &db, flags, NULL);
  if (db == NULL)
    return WEIR_ENOMEM;
  sqlite3_busy_timeout(db, WEIR_SQLITE_BUSY_MS);
  // The file is not looked at before the first statement.
  if (result == SQLITE_OK)
    result = write ? prepare_to_write(db)
                   : sqlite3_exec(db, "SELECT 1 FROM sqlite_schema", NULL, NULL, NULL);
  if (result != SQLITE_OK) {
    int code = weir_sqlite_explain(db, path, "cannot be opened", message, message_size);
    sqlite3_close(db);
    return code;
  }
  *out = db;
  return WEIR_OK;
}

void weir_sqlite_quote(weir_buf *out, const char *name)
{
  weir_buf_byte(out, '"');
  for (; *name != '\0'; name++) {
    if (*name == '"')
      weir_buf_byte(out, '"');
    weir_buf_byte(out, *name);
  }
  weir_buf_byte(out, '"');
}
