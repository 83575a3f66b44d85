// tail.c -- whatever lies where positions are kept, a tail opens or says why not; what
// it reads lies in the file, and another one that follows reads none of it again, but
// for a record that was too long and has not ended.
//
// The first two bytes: the size of the positions. The third: 1, they begin with a line
// for the very file; 2, what stands in the middle of them are notes, with a right sum.

#include <dirent.h>
#include <fcntl.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "engine/codec/json.h"
#include "engine/io/tail.h"
#include "spec/fuzz/pieces.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

enum { KNOWN = 1, NOTED = 2, FRONT = 3, PATH = 64, LINE = 160 };

static char directory[] = "/dev/shm/weir-fuzz-XXXXXX";
static char app[PATH];
static char state[PATH];
static char notes[PATH];
static weir_pool *pool;

static void clean(void)
{
  DIR *listing = opendir(directory);
  WEIR_ASSERT(listing != NULL);
  for (const struct dirent *each; (each = readdir(listing)) != NULL;)
    unlinkat(dirfd(listing), each->d_name, 0);
  closedir(listing);
  rmdir(directory);
}

static void begin(void)
{
  pool = weir_pool_new(2);
  WEIR_ASSERT(mkdtemp(directory) != NULL);
  snprintf(app, sizeof app, "%s/app.log", directory);
  snprintf(state, sizeof state, "%s/positions", directory);
  snprintf(notes, sizeof notes, "%s/positions.latest", directory);
  atexit(clean);
}

static void put(const char *path, const void *bytes, size_t size)
{
  int fd = open(path, O_WRONLY | O_CREAT | O_TRUNC, 0600);
  WEIR_ASSERT(fd >= 0 && write(fd, bytes, size) == (ssize_t)size);
  close(fd);
}

// Numbers of the input, for the file that is there.
static void put_known(weir_buf *text, const uint8_t **data, const uint8_t *end)
{
  struct stat found;
  uint64_t numbers[3] = {0};  // offset, print, print size
  WEIR_ASSERT(stat(app, &found) == 0);
  for (size_t i = 0; i < 3 && end - *data >= 2; i++, *data += 2)
    numbers[i] = ((uint64_t)(*data)[0] << ((*data)[1] % 64)) + (*data)[1] / 64;
  weir_buf_format(text,
                  "weir positions 1\n%" PRIu64 " %" PRIu64 " %" PRIu64 " %" PRIx64
                  " %" PRIu64 " %s\n",
                  numbers[0], (uint64_t)found.st_dev, (uint64_t)found.st_ino,
                  numbers[1], numbers[2], app);
}

static void put_positions(const uint8_t *data, size_t size, int how)
{
  weir_buf text;
  weir_buf_init(&text);
  const uint8_t *end = data + size;
  if (how & KNOWN)
    put_known(&text, &data, end);
  size_t half = how & NOTED ? (size_t)(end - data) / 2 : 0;
  weir_buf_append(&text, data + half, (size_t)(end - data) - half);
  if (how & KNOWN)
    weir_buf_text(&text, "end\n");
  put(state, text.bytes, text.size);
  weir_buf_clear(&text);
  weir_buf_append(&text, data, half);
  weir_buf_format(&text, "sum %016" PRIx64 "\n", weir_hash(text.bytes, text.size));
  put(notes, text.bytes, half > 0 ? text.size : 0);
  weir_buf_fini(&text);
}

// Whether it opens.
static int read_all(uint64_t file_size, pieces_result *all)
{
  static int64_t now_ns = 1700000000000000000;
  const char *path = app;
  weir_tail *tail = weir_tail_new(&(weir_tail_options){
      .paths = &path,
      .path_count = 1,
      .state = state,
      .decoder = weir_json_decoder_new(1),
      .clock = weir_clock_by_hand(&now_ns),
      .max_record = 64,
  });
  int is_open = weir_tail_open(tail) == WEIR_OK;
  WEIR_ASSERT(is_open || weir_tail_message(tail)[0] != '\0');
  weir_batch *batch = weir_batch_new(pool);
  while (is_open && weir_tail_step(tail, batch) == WEIR_OK) {
    pieces_check(batch, all);
    WEIR_ASSERT(batch->position + batch->input_size <= file_size);
    WEIR_ASSERT(batch->row_count + batch->fault_count > 0);
    weir_batch_unref(batch);
    batch = weir_batch_new(pool);
  }
  weir_batch_unref(batch);
  weir_tail_free(tail);
  return is_open;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
  if (pool == NULL)
    begin();
  if (size < FRONT)
    return 0;
  size_t left = size - FRONT;
  size_t known = (data[0] | (size_t)data[1] << 8) % (left + 1);
  put(app, data + FRONT + known, left - known);
  put_positions(data + FRONT, known, data[2]);
  pieces_result first = {0};
  pieces_result second = {0};
  int opened = read_all(left - known, &first);
  WEIR_ASSERT(read_all(left - known, &second) == opened);
  WEIR_ASSERT(second.rows == 0 && second.faults <= 1);
  return 0;
}
