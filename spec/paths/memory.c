// memory.c -- the model, and the names by which compiled code calls it.
//
// A view says, of each variable, which of its values a thread must know, and of each
// thread, up to which of its releases. A value that was stored with release carries
// the view of who stored it; who loads it with acquire takes that on.

#include "spec/paths/memory.h"

#include <string.h>

#include "spec/paths/explore.h"

enum { THREADS = EXPLORE_THREADS_MAX, VARIABLES = 2, VALUES = 16, WORDS = 128 };
enum { READS_MAX = 4 };

struct view {
  uint8_t value[VARIABLES];  // index of the oldest value that may be seen
  uint8_t release[THREADS];
};

struct variable {
  uint64_t offset;  // in the object, + 1
  uint32_t owner;   // the one thread that stores, + 1
  uint32_t count;
  uint32_t values[VALUES];
  struct view views[VALUES];
};

// Who accessed a word of plain memory last, in which of its releases (from 1).
struct word {
  uint8_t writer;  // + 1
  uint8_t written;
  uint8_t read[THREADS];
};

static struct {
  uint64_t object;
  uint64_t size;
  struct view views[THREADS];
  struct variable variables[VARIABLES];
  struct word words[WORDS];
  uint32_t what[THREADS];
  uint32_t reads[THREADS];  // in this operation
  uint32_t seen[THREADS][READS_MAX];
} model;

void memory_watch(void *object, size_t size)
{
  memset(&model, 0, sizeof model);
  explore_expect(size <= WORDS * sizeof(uint32_t), "the object is small");
  model.object = (uint64_t)(uintptr_t)object;
  model.size = size;
  for (int i = 0; i < THREADS; i++)
    model.views[i].release[i] = 1;
}

void memory_begin(uint32_t what)
{
  int self = explore_self();
  model.what[self] = what;
  model.reads[self] = 0;
  memset(model.seen[self], 0, sizeof model.seen[self]);
}

uint64_t memory_hash(void)
{
  const void *object = (const void *)(uintptr_t)model.object;
  uint64_t hash =
      explore_bytes(1, &model.views, sizeof model - offsetof(__typeof__(model), views));
  return explore_bytes(hash, object, model.size);
}

static int is_watched(uint64_t address)
{
  return explore_self() >= 0 && address - model.object < model.size;
}

// --- plain memory

static struct word *word_of(uint64_t address)
{
  return &model.words[(address - model.object) / sizeof(uint32_t)];
}

static void expect_after_write(const struct word *word, const struct view *view)
{
  explore_expect(word->writer == 0 || view->release[word->writer - 1] >= word->written,
                 "a plain access comes after the last write");
}

static void plain_read(const void *at, size_t size)
{
  uint64_t address = (uint64_t)(uintptr_t)at;
  if (!is_watched(address))
    return;
  int self = explore_self();
  for (uint64_t i = 0; i < size; i += sizeof(uint32_t)) {
    struct word *word = word_of(address + i);
    expect_after_write(word, &model.views[self]);
    word->read[self] = model.views[self].release[self];
  }
}

static void plain_write(void *at, size_t size)
{
  uint64_t address = (uint64_t)(uintptr_t)at;
  if (!is_watched(address))
    return;
  int self = explore_self();
  for (uint64_t i = 0; i < size; i += sizeof(uint32_t)) {
    struct word *word = word_of(address + i);
    expect_after_write(word, &model.views[self]);
    for (int other = 0; other < THREADS; other++)
      explore_expect(other == self ||
                         model.views[self].release[other] >= word->read[other],
                     "a plain write comes after all reads");
    word->writer = (uint8_t)(self + 1);
    word->written = model.views[self].release[self];
  }
}

// --- atomic variables

static struct variable *variable_of(uint64_t address)
{
  uint64_t offset = address - model.object + 1;
  for (int i = 0; i < VARIABLES; i++) {
    struct variable *variable = &model.variables[i];
    if (variable->offset == 0) {
      // What it was when the threads began, everybody knows.
      variable->offset = offset;
      variable->count = 1;
      variable->values[0] = *(const uint32_t *)(uintptr_t)address;
    }
    if (variable->offset == offset)
      return variable;
  }
  explore_expect(0, "there are few atomic variables");
  return NULL;
}

static uint8_t larger(uint8_t a, uint8_t b) { return a > b ? a : b; }

static void join(struct view *view, const struct view *other)
{
  for (int i = 0; i < VARIABLES; i++)
    view->value[i] = larger(view->value[i], other->value[i]);
  for (int i = 0; i < THREADS; i++)
    view->release[i] = larger(view->release[i], other->release[i]);
}

static uint32_t atomic_load(const void *at, int order)
{
  if (!is_watched((uint64_t)(uintptr_t)at))
    return *(const uint32_t *)at;
  int self = explore_self();
  explore_rest((int)model.what[self], (int)model.reads[self]);
  struct variable *variable = variable_of((uint64_t)(uintptr_t)at);
  struct view *view = &model.views[self];
  uint8_t *known = &view->value[variable - model.variables];
  *known = (uint8_t)(*known + explore_choose((int)(variable->count - *known)));
  if (order >= __ATOMIC_CONSUME && order != __ATOMIC_RELEASE)
    join(view, &variable->views[*known]);
  explore_expect(model.reads[self] < READS_MAX, "an operation is short");
  model.seen[self][model.reads[self]++] = variable->values[*known];
  return variable->values[*known];
}

static void atomic_store(void *at, uint32_t value, int order)
{
  if (!is_watched((uint64_t)(uintptr_t)at)) {
    *(uint32_t *)at = value;
    return;
  }
  int self = explore_self();
  explore_rest((int)model.what[self], 100 + (int)model.reads[self]);
  struct variable *variable = variable_of((uint64_t)(uintptr_t)at);
  explore_expect(variable->owner == 0 || variable->owner == (uint32_t)self + 1,
                 "a cursor has one writer");
  explore_expect(variable->count < VALUES, "a run is short");
  variable->owner = (uint32_t)self + 1;
  uint32_t index = variable->count++;
  struct view *view = &model.views[self];
  view->value[variable - model.variables] = (uint8_t)index;
  variable->values[index] = value;
  if (order < __ATOMIC_RELEASE)
    variable->views[index].value[variable - model.variables] = (uint8_t)index;
  else
    variable->views[index] = *view;
  view->release[self] = (uint8_t)(view->release[self] + (order >= __ATOMIC_RELEASE));
}

// --- the names

// NOLINTBEGIN(bugprone-reserved-identifier): the compiler chose them
void __tsan_init(void);
void __tsan_func_entry(void *caller);
void __tsan_func_exit(void);
void __tsan_read4(void *at);
void __tsan_read8(void *at);
void __tsan_write4(void *at);
void __tsan_write8(void *at);
uint32_t __tsan_atomic32_load(const uint32_t *at, int order);
void __tsan_atomic32_store(uint32_t *at, uint32_t value, int order);

void __tsan_init(void) {}
void __tsan_func_entry(void *caller) { (void)caller; }
void __tsan_func_exit(void) {}
void __tsan_read4(void *at) { plain_read(at, 4); }
void __tsan_read8(void *at) { plain_read(at, 8); }
void __tsan_write4(void *at) { plain_write(at, 4); }
void __tsan_write8(void *at) { plain_write(at, 8); }
uint32_t __tsan_atomic32_load(const uint32_t *at, int order)
{
  return atomic_load(at, order);
}
void __tsan_atomic32_store(uint32_t *at, uint32_t value, int order)
{
  atomic_store(at, value, order);
}
// NOLINTEND(bugprone-reserved-identifier)
