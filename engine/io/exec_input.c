// exec_input.c -- what a program is to read.

#include "engine/io/exec_input.h"

#include <errno.h>
#include <poll.h>
#include <pthread.h>
#include <sys/eventfd.h>
#include <sys/ioctl.h>
#include <unistd.h>

#include "engine/base/err.h"
#include "engine/base/mem.h"
#include "engine/io/envelope.h"
#include "engine/io/owed.h"
#include "engine/wire/frame.h"

enum { EMPTY_POLL_MS = 2 };  // a pipe does not say that it has been emptied

enum { PIECE_MAX = 256 << 10 };  // between two looks at answers

struct weir_exec_input {
  int wake_fd;  // readable: the descriptor is of no use any more
  int each;
  pthread_mutex_t lock;
  pthread_cond_t changed;
  int has_token;  // somebody has what follows
  int fd;         // or -1
  int is_fresh;   // nothing has been written to it
  int is_deaf;    // and nothing more can be
  weir_envelope envelope;
  weir_outbox outbox;
  weir_owed owed;
  // Under the lock alone.
  int has_ended;      // no more rows will come
  int told;           // the program has been told so
  int over;           // the code of everything from now on, if not OK
  uint64_t answered;  // rows that are still in the outbox
  uint64_t unasked;   // answers to nothing
  uint64_t taken;
};

// ---- the token, always with the lock

static void take_token(weir_exec_input *input)
{
  while (input->has_token)
    pthread_cond_wait(&input->changed, &input->lock);
  input->has_token = 1;
}

static void give_token(weir_exec_input *input)
{
  input->has_token = 0;
  pthread_cond_broadcast(&input->changed);
}

static void begin(weir_exec_input *input)
{
  pthread_mutex_lock(&input->lock);
  take_token(input);
}

static void end(weir_exec_input *input)
{
  give_token(input);
  pthread_mutex_unlock(&input->lock);
}

static void wait_change(weir_exec_input *input)
{
  give_token(input);
  pthread_cond_wait(&input->changed, &input->lock);
  take_token(input);
}

static void wake(const weir_exec_input *input)
{
  uint64_t one = 1;
  ssize_t written = write(input->wake_fd, &one, sizeof one);
  (void)written;  // it is full: it is raised
}

// ---- writing, with the token

static size_t pending(const weir_exec_input *input)
{
  return weir_outbox_pending(&input->outbox).size;
}

// Rows that have been answered, or read, need not be kept.
static void settle(weir_exec_input *input)
{
  size_t rows = weir_outbox_rows(&input->outbox);
  int unread = 0;
  if (input->each) {
    // An answer too many is none to what comes later, or is not written yet.
    size_t sent = weir_outbox_sent(&input->outbox);
    size_t count = input->answered < sent ? (size_t)input->answered : sent;
    weir_outbox_confirm_rows(&input->outbox, count);
    input->unasked += input->answered - count;
    input->answered = 0;
  } else if (input->fd >= 0 && ioctl(input->fd, FIONREAD, &unread) == 0) {
    weir_outbox_confirm(&input->outbox, (size_t)unread);
  }
  input->taken += rows - weir_outbox_rows(&input->outbox);
}

// Whether as much waits for its answers as may.
static int is_full(const weir_exec_input *input)
{
  return input->each &&
         input->outbox.bytes.size - pending(input) > WEIR_EXEC_UNANSWERED_MAX;
}

// Waits for a program that reads, and for answers if many are missing.
static int await_program(weir_exec_input *input)
{
  for (;;) {
    settle(input);
    int can = input->fd >= 0 && !input->is_deaf && !is_full(input);
    if (input->over != WEIR_OK || can)
      return input->over;
    wait_change(input);
  }
}

// Whether all of it was written; else the program reads no more.
static int write_all(const weir_exec_input *input, weir_slice slice, size_t *written)
{
  *written = 0;
  while (*written < slice.size) {
    ssize_t put = write(input->fd, slice.bytes + *written, slice.size - *written);
    if (put > 0) {
      *written += (size_t)put;
      continue;
    }
    if (put < 0 && errno != EAGAIN && errno != EINTR)
      return 0;
    struct pollfd polled[] = {{.fd = input->fd, .events = POLLOUT},
                              {.fd = input->wake_fd, .events = POLLIN}};
    if (poll(polled, 2, -1) > 0 && polled[1].revents != 0)
      return 0;
  }
  return 1;
}

static void write_piece(weir_exec_input *input)
{
  const weir_buf *preamble = &input->envelope.preamble;
  weir_slice head = {preamble->bytes, input->is_fresh ? preamble->size : 0};
  weir_slice piece = weir_outbox_pending(&input->outbox);
  if (piece.size > PIECE_MAX)
    piece.size = PIECE_MAX;
  size_t written = 0;
  input->is_fresh = 0;
  pthread_mutex_unlock(&input->lock);
  int all = write_all(input, head, &written);
  if (all) {
    all = write_all(input, piece, &written);
    weir_outbox_wrote(&input->outbox, written);
  }
  pthread_mutex_lock(&input->lock);
  input->is_deaf |= !all;
}

static int push(weir_exec_input *input)
{
  while (pending(input) > 0) {
    int rc = await_program(input);
    if (rc != WEIR_OK)
      return rc;
    write_piece(input);
  }
  settle(input);
  return input->over;
}

int weir_exec_input_write(weir_exec_input *input, const weir_batch *batch,
                          weir_refusals *refused)
{
  begin(input);
  int rc = input->over;
  if (rc == WEIR_OK) {
    settle(input);
    size_t rows = weir_outbox_rows(&input->outbox);
    weir_envelope_add(&input->envelope, &input->outbox, batch, refused);
    if (input->each)
      weir_owed_add(&input->owed, batch, weir_outbox_rows(&input->outbox) - rows);
    rc = push(input);
  }
  end(input);
  return rc;
}

int weir_exec_input_flush(weir_exec_input *input)
{
  begin(input);
  int rc = push(input);
  end(input);
  return rc;
}

// What is in the pipe when its end is closed cannot be seen any more.
static int is_emptied(weir_exec_input *input)
{
  int unread = 0;
  if (input->each || ioctl(input->fd, FIONREAD, &unread) != 0 || unread == 0)
    return 1;
  struct pollfd polled = {.fd = input->wake_fd, .events = POLLIN};
  pthread_mutex_unlock(&input->lock);
  int woken = poll(&polled, 1, EMPTY_POLL_MS) > 0;
  pthread_mutex_lock(&input->lock);
  input->is_deaf |= woken;
  return 0;
}

static void close_fd(weir_exec_input *input)
{
  settle(input);
  if (input->fd >= 0)
    close(input->fd);
  input->fd = -1;
}

void weir_exec_input_finish(weir_exec_input *input)
{
  begin(input);
  input->has_ended = 1;
  while (input->over == WEIR_OK) {
    if (pending(input) > 0) {
      push(input);
    } else if (input->fd < 0 || input->is_deaf) {
      wait_change(input);
    } else if (is_emptied(input)) {
      close_fd(input);
      input->told = 1;
    }
  }
  end(input);
}

// ---- the thread that reads what the program says

int weir_exec_input_open(weir_exec_input *input, int fd)
{
  begin(input);
  uint64_t raised;
  ssize_t got = read(input->wake_fd, &raised, sizeof raised);
  (void)got;  // it was not raised
  input->fd = fd;
  input->is_fresh = 1;
  input->is_deaf = 0;
  input->told = 0;
  int owes = pending(input) > 0;
  end(input);
  return owes;
}

uint64_t weir_exec_input_close(weir_exec_input *input)
{
  wake(input);
  begin(input);
  close_fd(input);
  uint64_t again = weir_outbox_rewind(&input->outbox);
  end(input);
  return again;
}

uint64_t weir_exec_input_answer(weir_exec_input *input, weir_batch *batch,
                                uint32_t rows)
{
  pthread_mutex_lock(&input->lock);
  if (input->each) {
    input->answered += rows;
    weir_owed_pay(&input->owed, batch, rows);
    // Else whoever has the token does so, and must not be waited for.
    if (!input->has_token)
      settle(input);
    pthread_cond_broadcast(&input->changed);
  }
  uint64_t unasked = input->unasked;
  pthread_mutex_unlock(&input->lock);
  return unasked;
}

static void give_up_row(weir_exec_input *input, weir_batch *batch)
{
  weir_slice row = weir_outbox_oldest(&input->outbox);
  weir_fault fault = {.code = WEIR_EANSWER};
  fault.span.start = (uint32_t)batch->bytes.size;
  weir_buf_append(&batch->bytes, row.bytes, row.size);
  fault.span.end = (uint32_t)batch->bytes.size;
  if (row.size > 0 && row.bytes[row.size - 1] == '\n')
    fault.span.end--;
  weir_batch_add_fault(batch, fault);
  weir_outbox_wrote(&input->outbox, row.size);
  weir_outbox_confirm_rows(&input->outbox, 1);
  weir_owed_pay(&input->owed, batch, 1);
}

uint32_t weir_exec_input_give_up(weir_exec_input *input, weir_batch *batch,
                                 uint64_t rows_max)
{
  uint32_t count = 0;
  begin(input);
  for (; count < rows_max && weir_outbox_rows(&input->outbox) > 0; count++)
    give_up_row(input, batch);
  end(input);
  return count;
}

// ---- for anybody

void weir_exec_input_stop(weir_exec_input *input, int code)
{
  wake(input);
  pthread_mutex_lock(&input->lock);
  if (input->over == WEIR_OK)
    input->over = code;
  pthread_cond_broadcast(&input->changed);
  pthread_mutex_unlock(&input->lock);
}

weir_exec_input_state weir_exec_input_look(weir_exec_input *input)
{
  begin(input);
  weir_exec_input_state state = {
      .rows = weir_outbox_rows(&input->outbox),
      .taken = input->taken,
      .unasked = input->unasked,
      .told = (uint32_t)input->told,
  };
  end(input);
  return state;
}

weir_exec_input *weir_exec_input_new(weir_encoder *encoder, int each)
{
  weir_exec_input *input = weir_mem_new(sizeof *input);
  input->each = each;
  input->fd = -1;
  input->wake_fd = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
  pthread_mutex_init(&input->lock, NULL);
  pthread_cond_init(&input->changed, NULL);
  weir_envelope_init(&input->envelope, encoder, WEIR_FRAME_LINE);
  weir_outbox_init(&input->outbox);
  weir_owed_init(&input->owed);
  return input;
}

void weir_exec_input_free(weir_exec_input *input)
{
  if (input->fd >= 0)
    close(input->fd);
  close(input->wake_fd);
  weir_envelope_fini(&input->envelope);
  weir_outbox_fini(&input->outbox);
  weir_owed_fini(&input->owed);
  pthread_cond_destroy(&input->changed);
  pthread_mutex_destroy(&input->lock);
  weir_mem_free(input);
}
