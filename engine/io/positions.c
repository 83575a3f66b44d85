// positions.c -- how far files have been read.

#include "engine/io/positions.h"

#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#include "engine/base/err.h"
#include "engine/base/hash.h"
#include "engine/base/mem.h"

enum { MODE_FILE = 0600, MODE_DIRECTORY = 0700, READ_SIZE = 1 << 16 };
enum { SUM_SIZE = 21 };

static const char header[] = "weir positions 1\n";
static const char footer[] = "end\n";
static const char latest[] = ".latest";
static const char sum_is[] = "sum ";

static int fail(weir_positions *positions, int code, const char *what,
                const char *remedy)
{
  snprintf(positions->message, sizeof positions->message, "%s: %s: %s; %s",
           positions->path, what, weir_err_text(code), remedy);
  return code;
}

static char *beside(const char *path, const char *suffix)
{
  size_t size = strlen(path) + strlen(suffix) + 1;
  char *out = weir_mem_new(size);
  snprintf(out, size, "%s%s", path, suffix);
  return out;
}

static int make_directories(const char *path)
{
  char *way = weir_mem_text(path);
  int code = WEIR_OK;
  for (char *slash = way + 1; (slash = strchr(slash, '/')) != NULL; slash++) {
    *slash = '\0';
    // Those further up may be there and not ours; what counts is the last.
    code = mkdir(way, MODE_DIRECTORY) != 0 && errno != EEXIST ? -errno : WEIR_OK;
    *slash = '/';
  }
  weir_mem_free(way);
  return code;
}

static int take_lock(weir_positions *positions)
{
  char *path = beside(positions->path, ".lock");
  positions->lock = open(path, O_RDWR | O_CREAT | O_CLOEXEC, MODE_FILE);
  int code = positions->lock < 0 || flock(positions->lock, LOCK_EX | LOCK_NB) != 0
                 ? -errno
                 : WEIR_OK;
  weir_mem_free(path);
  if (code == -EWOULDBLOCK)
    return fail(positions, code, "is in use",
                "another weir runs this pipeline; stop it, or give one of them another "
                "state_dir");
  if (code != WEIR_OK)
    return fail(positions, code, "cannot be locked",
                "weir keeps there how far it has read; give it another state_dir");
  return WEIR_OK;
}

// ---- reading

static int read_all(const char *path, weir_buf *out)
{
  int fd = open(path, O_RDONLY | O_CLOEXEC);
  if (fd < 0)
    return -errno;
  ssize_t got;
  do {
    weir_buf_reserve(out, READ_SIZE + 1);
    got = read(fd, out->bytes + out->size, READ_SIZE);
    out->size += got > 0 ? (size_t)got : 0;
  } while (got > 0);
  int code = got < 0 ? -errno : WEIR_OK;
  close(fd);
  out->bytes[out->size] = '\0';
  return code;
}

static char *read_path(const char *text, size_t size)
{
  char *out = weir_mem_new(size + 1);
  size_t made = 0;
  for (size_t i = 0; i < size; i++) {
    int escaped = text[i] == '\\' && i + 1 < size;
    i += (size_t)escaped;
    out[made++] = escaped && text[i] == 'n' ? '\n' : text[i];
  }
  return out;
}

static int read_line(weir_positions *positions, char *line)
{
  weir_position item = {0};
  uint64_t *const numbers[] = {&item.offset, &item.identity.device,
                               &item.identity.inode, &item.identity.print,
                               &item.identity.print_size};
  for (size_t i = 0; i < sizeof numbers / sizeof numbers[0]; i++) {
    char *end;
    errno = 0;
    *numbers[i] = strtoull(line, &end, numbers[i] == &item.identity.print ? 16 : 10);
    if (end == line || *end != ' ' || errno != 0)
      return WEIR_ECORRUPT;
    line = end + 1;
  }
  item.path = read_path(line, strlen(line));
  positions->items = weir_mem_insist(positions->items,
                                     (positions->count + 1) * sizeof *positions->items);
  positions->items[positions->count++] = item;
  return WEIR_OK;
}

static int read_items(weir_positions *positions, char *text)
{
  size_t size = strlen(header);
  if (strncmp(text, header, size) != 0)
    return WEIR_ECORRUPT;
  for (char *line = text + size;;) {
    char *end = strchr(line, '\n');
    if (end == NULL)
      return WEIR_ECORRUPT;
    if (strcmp(line, footer) == 0)
      return WEIR_OK;
    *end = '\0';
    if (read_line(positions, line) != WEIR_OK)
      return WEIR_ECORRUPT;
    line = end + 1;
  }
}

static int read_file(weir_positions *positions, const char *path,
                     int (*read_text)(weir_positions *positions, char *text))
{
  weir_buf text;
  weir_buf_init(&text);
  int rc = read_all(path, &text);
  if (rc == WEIR_OK)
    rc = read_text(positions, text.bytes);
  weir_buf_fini(&text);
  return rc;
}

static void drop_items(weir_positions *positions)
{
  for (uint32_t i = 0; i < positions->count; i++)
    weir_mem_free((char *)positions->items[i].path);
  weir_mem_free(positions->items);
  positions->items = NULL;
  positions->count = 0;
}

// The sum of a text is its last line.
static int read_noted(weir_positions *positions, char *text)
{
  size_t size = strlen(text);
  if (size < SUM_SIZE)
    return WEIR_ECORRUPT;
  char *sum = text + size - SUM_SIZE;
  if (strncmp(sum, sum_is, strlen(sum_is)) != 0 ||
      strtoull(sum + strlen(sum_is), NULL, 16) != weir_hash(text, size - SUM_SIZE))
    return WEIR_ECORRUPT;
  *sum = '\0';
  return read_items(positions, text);
}

// What was noted since the file was saved is newer.
static void read_latest(weir_positions *positions)
{
  char *path = beside(positions->path, latest);
  weir_positions newer = {0};
  if (read_file(&newer, path, read_noted) == WEIR_OK) {
    drop_items(positions);
    positions->items = newer.items;
    positions->count = newer.count;
  } else {
    drop_items(&newer);
  }
  weir_mem_free(path);
}

// Without the lock nothing is written: it stays as it is until somebody has seen it.
static int refuse_damaged(weir_positions *positions, int code)
{
  close(positions->lock);
  positions->lock = -1;
  return fail(positions, code, "how far was read cannot be told",
              "remove the file to begin anew");
}

int weir_positions_open(weir_positions *positions, const char *path)
{
  *positions = (weir_positions){.lock = -1, .notes = -1, .path = weir_mem_text(path)};
  int rc = make_directories(path);
  if (rc != WEIR_OK)
    return fail(positions, rc, "its directory cannot be made",
                "weir keeps there how far it has read; give it another state_dir");
  rc = take_lock(positions);
  if (rc != WEIR_OK)
    return rc;
  rc = read_file(positions, path, read_items);
  positions->found = rc != -ENOENT;
  if (rc == WEIR_OK)
    read_latest(positions);
  else if (positions->found)
    return refuse_damaged(positions, rc);
  return WEIR_OK;
}

static void close_notes(weir_positions *positions)
{
  if (positions->notes >= 0)
    close(positions->notes);
  positions->notes = -1;
  positions->noted = 0;
}

void weir_positions_close(weir_positions *positions)
{
  close_notes(positions);
  if (positions->lock >= 0)
    close(positions->lock);
  drop_items(positions);
  weir_mem_free(positions->path);
  *positions = (weir_positions){.lock = -1, .notes = -1};
}

// ---- writing

static void write_path(weir_buf *out, const char *path)
{
  for (; *path != '\0'; path++) {
    if (*path == '\n' || *path == '\\')
      weir_buf_byte(out, '\\');
    weir_buf_byte(out, *path == '\n' ? 'n' : *path);
  }
}

static int write_all(int fd, const weir_buf *text)
{
  for (size_t done = 0; done < text->size;) {
    ssize_t put = pwrite(fd, text->bytes + done, text->size - done, (off_t)done);
    if (put >= 0)
      done += (size_t)put;
    else if (errno != EINTR)
      return -errno;
  }
  return WEIR_OK;
}

static int write_safe(const char *path, const weir_buf *text)
{
  int fd = open(path, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, MODE_FILE);
  if (fd < 0)
    return -errno;
  int code = write_all(fd, text);
  if (code == WEIR_OK && fdatasync(fd) != 0)
    code = -errno;
  close(fd);
  return code;
}

static void write_items(weir_buf *text, const weir_position *items, uint32_t count)
{
  weir_buf_text(text, header);
  for (uint32_t i = 0; i < count; i++) {
    const weir_identity *identity = &items[i].identity;
    weir_buf_format(text, "%" PRIu64 " %" PRIu64 " %" PRIu64 " %" PRIx64 " %" PRIu64,
                    items[i].offset, identity->device, identity->inode, identity->print,
                    identity->print_size);
    weir_buf_byte(text, ' ');
    write_path(text, items[i].path);
    weir_buf_byte(text, '\n');
  }
  weir_buf_text(text, footer);
}

static int put_safe(weir_positions *positions, const weir_buf *text)
{
  char *temporary = beside(positions->path, ".new");
  char *notes = beside(positions->path, latest);
  int code = write_safe(temporary, text);
  if (code == WEIR_OK && rename(temporary, positions->path) != 0)
    code = -errno;
  if (code == WEIR_OK) {
    unlink(notes);
    close_notes(positions);
  }
  weir_mem_free(temporary);
  weir_mem_free(notes);
  return code;
}

static int open_notes(weir_positions *positions)
{
  char *path = beside(positions->path, latest);
  int flags = O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC;
  positions->notes = open(path, flags, MODE_FILE);
  weir_mem_free(path);
  return positions->notes >= 0 ? WEIR_OK : -errno;
}

static int put_note(weir_positions *positions, weir_buf *text)
{
  weir_buf_format(text, "%s%016" PRIx64 "\n", sum_is,
                  weir_hash(text->bytes, text->size));
  int code = positions->notes >= 0 ? WEIR_OK : open_notes(positions);
  if (code == WEIR_OK)
    code = write_all(positions->notes, text);
  if (code == WEIR_OK && text->size < positions->noted &&
      ftruncate(positions->notes, (off_t)text->size) != 0)
    code = -errno;
  positions->noted = text->size;
  return code;
}

int weir_positions_put(weir_positions *positions, enum weir_put how,
                       const weir_position *items, uint32_t count)
{
  weir_buf text;
  weir_buf_init(&text);
  write_items(&text, items, count);
  int rc =
      how == WEIR_PUT_SAFE ? put_safe(positions, &text) : put_note(positions, &text);
  weir_buf_fini(&text);
  return rc == WEIR_OK ? rc
                       : fail(positions, rc, "cannot be written",
                              "make room, or see to the disk");
}
