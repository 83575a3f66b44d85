// staff.c -- the threads of an engine that take the steps of its workers.

#include "engine/host/staff.h"

#include <pthread.h>

#include "engine/base/err.h"
#include "engine/base/mem.h"
#include "engine/host/crew.h"

// Work has waited so long for another worker before that loads its code, so that a
// short input does not pay for it.
enum { PATIENCE_NS = 5000000 };

enum { OF_WORKERS = WEIR_HOME_WORKER | WEIR_HOME_READER };

struct seat {
  weir_staff *staff;
  weir_worker *worker;
  pthread_t thread;
  weir_runner runner;  // enter is NULL until the code is loaded
  int64_t waiting_ns;  // since when work waits for it, or 0
  uint32_t started;
  uint32_t helped;  // the next one has been started, by this one
  uint32_t number;  // from 0
};

struct weir_staff {
  weir_flow *flow;
  weir_loop *loop;
  const weir_worker_options *options;
  weir_crew *crew;
  struct seat *seats;
  uint32_t seat_count;
  int32_t loaded;   // atomic: the first worker has its code
  int32_t leaving;  // atomic: workers go home
};

static void wake(weir_staff *staff, uint32_t by, uint32_t homes)
{
  if (homes & WEIR_HOME_POOL)
    weir_loop_wake(staff->loop);
  weir_crew_wake(staff->crew, by, homes);
}

static void *work(void *argument);

static int start(struct seat *seat)
{
  int rc = pthread_create(&seat->thread, NULL, work, seat);
  seat->started = rc == 0;
  return rc;
}

// Whoever finds something to do brings one more, so that a machine of many cores does
// not start a thread on each for ten lines. Those that a segment is bound to come
// anyway.
static void bring_help(struct seat *seat)
{
  weir_staff *staff = seat->staff;
  if (seat->helped || seat->number + 1 == staff->seat_count)
    return;
  seat->helped = 1;
  start(&staff->seats[seat->number + 1]);  // without it, others do the work
}

static uint32_t homes_of(const struct seat *seat)
{
  return seat->runner.enter != NULL ? OF_WORKERS : WEIR_HOME_READER;
}

// Whether there is something to do next, which others may take meanwhile.
static int look(const struct seat *seat, uint32_t *task)
{
  weir_staff *staff = seat->staff;
  uint32_t count = weir_flow_ready(staff->flow, homes_of(seat), seat->number, task, 1);
  if (weir_flow_take_lent(staff->flow)) {
    weir_loop_wake(staff->loop);
    weir_crew_wake_all(staff->crew, seat->number);
  }
  return count > 0;
}

static int claim(const struct seat *seat, uint32_t task)
{
  return weir_flow_claim(seat->staff->flow, homes_of(seat), task, seat->number);
}

// Claims what is to be done next, or finds nothing.
static int find_step(const struct seat *seat, uint32_t *task)
{
  int found;
  do
    found = look(seat, task);
  while (found && !claim(seat, *task));
  return found;
}

static void take_step(struct seat *seat, uint32_t task)
{
  weir_staff *staff = seat->staff;
  wake(staff, seat->number,
       weir_flow_run(staff->flow, task, seat->number, &seat->runner));
  bring_help(seat);
}

// In the place of a worker. What takes longer is its own, and so is what does not end.
static int take_brief_steps(struct seat *seat)
{
  enum { STEPS = 16 };
  const weir_flow *flow = seat->staff->flow;
  uint32_t task = 0;
  for (int steps = 0; look(seat, &task); steps++) {
    if (steps == STEPS || !weir_flow_is_brief(flow, task, seat->number))
      return 0;
    if (claim(seat, task))
      take_step(seat, task);
  }
  return 1;
}

// A worker that cannot start fails the flow and lets its tasks end without it.
static int refuse(void *context, uint32_t segment, weir_run *run)
{
  (void)context;
  (void)segment;
  return run->finishing ? WEIR_RUN_DONE : WEIR_RUN_SATED;
}

static void load(struct seat *seat)
{
  weir_staff *staff = seat->staff;
  weir_worker_options options = *staff->options;
  options.number = seat->number + 1;
  if (seat->number > 0)
    options.early = NULL;
  char message[WEIR_RUN_MESSAGE];
  int rc =
      weir_worker_new(&seat->worker, staff->flow, &options, message, sizeof message);
  seat->runner = (weir_runner){.enter = refuse};
  if (rc == WEIR_OK)
    seat->runner = weir_worker_runner(seat->worker);
  else
    weir_flow_fail(staff->flow, rc, message);
  weir_crew_ready(staff->crew, seat->number);
  __atomic_store_n(&staff->loaded, 1, __ATOMIC_RELEASE);
  // Others may have been asked before that, and would wait to be asked again.
  if (seat->number == 0)
    weir_crew_wake_all(staff->crew, 0);
}

// Whether there is so much to do that the code of one more worker is worth loading.
static int is_wanted(struct seat *seat)
{
  weir_staff *staff = seat->staff;
  uint32_t task = 0;
  if (!__atomic_load_n(&staff->loaded, __ATOMIC_ACQUIRE) ||
      !weir_flow_ready(staff->flow, WEIR_HOME_WORKER, seat->number, &task, 1)) {
    seat->waiting_ns = 0;
    return 0;
  }
  weir_clock clock = weir_flow_clock(staff->flow);
  int64_t now = clock.monotonic_ns(clock.context);
  if (seat->waiting_ns == 0)
    seat->waiting_ns = now;
  return now - seat->waiting_ns >= PATIENCE_NS;
}

static int lacks_code(struct seat *seat)
{
  return seat->runner.enter == NULL && is_wanted(seat);
}

static int is_leaving(const weir_staff *staff)
{
  return __atomic_load_n(&staff->leaving, __ATOMIC_ACQUIRE);
}

static void rest(struct seat *seat)
{
  weir_crew *crew = seat->staff->crew;
  uint32_t ticket = weir_crew_prepare(crew, seat->number);
  uint32_t task = 0;
  // Whatever came up to now is seen here, and what comes from now on ends the sleep.
  int found = find_step(seat, &task);
  if (found || is_leaving(seat->staff) || lacks_code(seat)) {
    weir_crew_cancel(crew, seat->number, found);
    if (found)
      take_step(seat, task);
    return;
  }
  int64_t until_ns =
      seat->waiting_ns != 0
          ? seat->waiting_ns + PATIENCE_NS
          : weir_flow_next_ns(seat->staff->flow, OF_WORKERS, seat->number);
  weir_crew_sleep(crew, seat->number, ticket, until_ns);
}

static void *work(void *argument)
{
  struct seat *seat = argument;
  if (seat->number + 1 < weir_flow_workers_bound(seat->staff->flow))
    bring_help(seat);
  if (!weir_flow_has_segments(seat->staff->flow))
    weir_crew_ready(seat->staff->crew, seat->number);  // it needs none
  else if (seat->number == 0) {
    bring_help(seat);  // to read meanwhile
    load(seat);
  }
  while (!is_leaving(seat->staff)) {
    if (lacks_code(seat)) {
      seat->waiting_ns = 0;
      load(seat);
    }
    uint32_t task = 0;
    if (find_step(seat, &task))
      take_step(seat, task);
    else
      rest(seat);
  }
  if (!seat->staff->options->leaves)
    weir_worker_free(seat->worker);
  seat->worker = NULL;
  return NULL;
}

// --- the staff

static void hear(void *context, uint32_t worker)
{
  weir_staff *staff = context;
  if (worker < staff->seat_count)
    weir_crew_wake_this(staff->crew, worker);
  else
    weir_crew_wake_all(staff->crew, WEIR_CREW_NOBODY);
}

weir_staff *weir_staff_new(weir_flow *flow, weir_loop *loop, uint32_t count,
                           const weir_worker_options *options)
{
  weir_staff *staff = weir_mem_new(sizeof *staff);
  staff->flow = flow;
  staff->loop = loop;
  staff->options = options;
  staff->crew = weir_crew_new(flow, count);
  staff->seats = weir_mem_new(count * sizeof staff->seats[0]);
  staff->seat_count = count;
  for (uint32_t i = 0; i < count; i++) {
    staff->seats[i].staff = staff;
    staff->seats[i].number = i;
  }
  weir_flow_set_waker(flow, hear, staff);
  return staff;
}

void weir_staff_free(weir_staff *staff)
{
  if (staff == NULL)
    return;
  __atomic_store_n(&staff->leaving, 1, __ATOMIC_RELEASE);
  weir_staff_wake_all(staff);
  // Each was started by the one before, which has ended.
  for (uint32_t i = 0; i < staff->seat_count && staff->seats[i].started; i++)
    pthread_join(staff->seats[i].thread, NULL);
  weir_flow_set_waker(staff->flow, NULL, NULL);
  weir_crew_free(staff->crew);
  weir_mem_free(staff->seats);
  weir_mem_free(staff);
}

int weir_staff_start(weir_staff *staff) { return -start(&staff->seats[0]); }

void weir_staff_wake(weir_staff *staff, uint32_t homes)
{
  wake(staff, WEIR_CREW_NOBODY, homes);
}

void weir_staff_wake_all(weir_staff *staff)
{
  weir_crew_wake_all(staff->crew, WEIR_CREW_NOBODY);
}

int weir_staff_stand_in(weir_staff *staff)
{
  weir_crew *crew = staff->crew;
  uint32_t number = weir_crew_stand_in(crew);
  if (number == WEIR_CREW_NOBODY)
    return 0;
  struct seat *seat = &staff->seats[number];
  uint32_t task = 0;
  do {
    if (!take_brief_steps(seat)) {
      weir_crew_relieve(crew, number);
      break;
    }
  } while (weir_crew_stand_down(crew, number,
                                weir_flow_next_ns(staff->flow, OF_WORKERS, number)) &&
           look(seat, &task) && weir_crew_stand_in_for(crew, number));
  return 1;
}
