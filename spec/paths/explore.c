// explore.c -- a depth-first walk over choices, each run from the start.

#include "spec/paths/explore.h"

#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/mman.h>
#include <ucontext.h>
#include <unistd.h>

enum { STACK_BYTES = 1 << 16, CHOICES_MAX = 1 << 14, STEPS_TOLD = 40 };

enum status { READY, ASLEEP, ENDED };

struct thread {
  ucontext_t context;
  void (*body)(int number);
  enum status status;
  int where;
  int what;
};

static struct thread threads[EXPLORE_THREADS_MAX];
static char stacks[EXPLORE_THREADS_MAX][STACK_BYTES] __attribute__((aligned(64)));
static int thread_count;
static int running = -1;
static ucontext_t home;

static struct {
  uint16_t taken[CHOICES_MAX];
  uint16_t of[CHOICES_MAX];
  int depth;  // choices made in this run
  int known;  // of these, repeated from the last one
} path;

static struct {
  uint64_t *hashes;  // 0: free
  uint64_t count;
  uint64_t capacity;  // a power of two
} met;

// The last steps, for people.
static struct {
  struct {
    int thread, where, what;
  } steps[STEPS_TOLD];
  uint64_t count;
} story;

uint64_t explore_mix(uint64_t hash, uint64_t word)
{
  hash = (hash ^ word) * 0x9e3779b97f4a7c15u;
  return hash ^ (hash >> 29);
}

uint64_t explore_bytes(uint64_t hash, const void *bytes, uint64_t size)
{
  const unsigned char *at = bytes;
  for (uint64_t i = 0; i < size; i++)
    hash = (hash ^ at[i]) * 0x100000001b3u;
  return explore_mix(hash, size);
}

static void tell(void)
{
  uint64_t first = story.count > STEPS_TOLD ? story.count - STEPS_TOLD : 0;
  for (uint64_t i = first; i < story.count; i++)
    fprintf(stderr, "  thread %d goes on from %d.%d\n",
            story.steps[i % STEPS_TOLD].thread, story.steps[i % STEPS_TOLD].where,
            story.steps[i % STEPS_TOLD].what);
}

void explore_expect(int condition, const char *what)
{
  if (condition)
    return;
  tell();
  fprintf(stderr, "not so: %s\n", what);
  puts("0 passed, 1 failed");
  fflush(stdout);
  _exit(1);
}

static void on_abort(int number)
{
  (void)number;
  explore_expect(0, "no assertion fails");
}

int explore_choose(int count)
{
  explore_expect(path.depth < CHOICES_MAX, "a run ends");
  if (path.depth == path.known) {
    path.taken[path.depth] = 0;
    path.of[path.depth] = (uint16_t)count;
    path.known++;
  }
  explore_expect(path.of[path.depth] == count, "a run depends on the choices alone");
  return path.taken[path.depth++];
}

// The next way: the last choice that has one more answer.
static int advance(void)
{
  int at = path.depth - 1;
  while (at >= 0 && path.taken[at] + 1 == path.of[at])
    at--;
  if (at < 0)
    return 0;
  path.taken[at]++;
  path.known = at + 1;
  return 1;
}

static void insert(uint64_t hash)
{
  uint64_t at = hash & (met.capacity - 1);
  while (met.hashes[at] != 0)
    at = (at + 1) & (met.capacity - 1);
  met.hashes[at] = hash;
}

static void grow(void)
{
  uint64_t *old = met.hashes;
  uint64_t capacity = met.capacity;
  met.capacity = capacity > 0 ? capacity * 4 : 1 << 16;
  // Not from malloc, which may belong to the world.
  met.hashes = mmap(NULL, met.capacity * sizeof met.hashes[0], PROT_READ | PROT_WRITE,
                    MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
  explore_expect(met.hashes != MAP_FAILED, "there is memory for the states");
  for (uint64_t i = 0; i < capacity; i++)
    if (old[i] != 0)
      insert(old[i]);
  if (old != NULL)
    munmap(old, capacity * sizeof old[0]);
}

// Whether the state was met before; it is now.
static int meet(uint64_t hash)
{
  hash |= hash == 0;
  if (met.count * 2 >= met.capacity)
    grow();
  for (uint64_t at = hash & (met.capacity - 1); met.hashes[at] != 0;
       at = (at + 1) & (met.capacity - 1))
    if (met.hashes[at] == hash)
      return 1;
  insert(hash);
  met.count++;
  return 0;
}

int explore_self(void) { return running; }

uint64_t explore_places(void)
{
  uint64_t hash = 0;
  for (int i = 0; i < thread_count; i++) {
    hash = explore_mix(hash, (uint64_t)threads[i].status);
    hash = explore_mix(hash, (uint64_t)threads[i].where);
    hash = explore_mix(hash, (uint64_t)threads[i].what);
  }
  return hash;
}

static void leave(void)
{
  int self = running;
  running = -1;
  swapcontext(&threads[self].context, &home);
}

void explore_rest(int where, int what)
{
  threads[running].where = where;
  threads[running].what = what;
  leave();
}

void explore_sleep(void)
{
  threads[running].status = ASLEEP;
  explore_rest(0, 0);
}

void explore_wake(int number)
{
  if (threads[number].status == ASLEEP)
    threads[number].status = READY;
}

static void start(void)
{
  threads[running].body(running);
  threads[running].status = ENDED;
  explore_rest(0, 0);
}

int explore_spawn(void (*body)(int number))
{
  int number = thread_count++;
  explore_expect(number < EXPLORE_THREADS_MAX, "there are few threads");
  struct thread *thread = &threads[number];
  *thread = (struct thread){.body = body};
  getcontext(&thread->context);
  thread->context.uc_stack.ss_sp = stacks[number];
  thread->context.uc_stack.ss_size = STACK_BYTES;
  makecontext(&thread->context, start, 0);
  return number;
}

static void go_on(int number)
{
  struct thread *thread = &threads[number];
  story.steps[story.count % STEPS_TOLD].thread = number;
  story.steps[story.count % STEPS_TOLD].where = thread->where;
  story.steps[story.count++ % STEPS_TOLD].what = thread->what;
  running = number;
  swapcontext(&home, &thread->context);
}

// Whether it has come to its end.
static int run(const struct explore_world *world)
{
  thread_count = 0;
  story.count = 0;
  path.depth = 0;
  world->begin();
  for (;;) {
    int ready[EXPLORE_THREADS_MAX];
    int ready_count = 0;
    int ended = 0;
    for (int i = 0; i < thread_count; i++) {
      ended += threads[i].status == ENDED;
      if (threads[i].status == READY)
        ready[ready_count++] = i;
    }
    if (ended == thread_count) {
      if (world->end != NULL)
        world->end();
      return 1;
    }
    explore_expect(ready_count > 0, "somebody is awake");
    // States on the way to the last choice were met by the run before.
    if (path.depth >= path.known && meet(world->hash()))
      return 0;
    go_on(ready[explore_choose(ready_count)]);
  }
}

struct explore_sum explore(const struct explore_world *world)
{
  signal(SIGABRT, on_abort);
  struct explore_sum sum = {0};
  memset(&path, 0, sizeof path);
  met.count = 0;
  if (met.capacity > 0)
    memset(met.hashes, 0, met.capacity * sizeof met.hashes[0]);
  int ends = 0;
  do {
    ends |= run(world);
    sum.runs++;
  } while (advance());
  explore_expect(ends, "some run comes to its end");
  sum.states = met.count;
  return sum;
}

int explore_plans(int argc, char **argv, const struct explore_plans *plans,
                  const struct explore_world *world)
{
  int count = 0;
  const char *name = NULL;
  for (int i = 0; (name = plans->choose(i)) != NULL; i++) {
    if (argc > 1 && strstr(name, argv[1]) == NULL)
      continue;
    struct explore_sum sum = explore(world);
    plans->leave();
    printf("%s, %s: %llu states, %llu runs\n", plans->what, name,
           (unsigned long long)sum.states, (unsigned long long)sum.runs);
    fflush(stdout);
    count++;
  }
  printf("%d passed, 0 failed\n", count);
  return 0;
}
