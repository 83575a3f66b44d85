// flight.c -- one step of a segment whose code waits for others.
//
// The code is entered when there is a row that it has room for, when something that it
// awaits has arrived, or when it asked for a time. It writes rows as they are done, all
// of one batch before the next if they keep their order, and says whose they are: what
// it writes is made from that batch, and holds its receipt.
//
// Where there are classes of priority each keeps its own order, is begun and written
// where it has room, whatever the others have, and the most urgent one first: of a
// batch the rows that are not begun stand aside for it.

#include <stddef.h>

#include "engine/base/err.h"
#include "engine/base/mem.h"
#include "engine/sched/task.h"

enum { TURNS_MAX = 64 };  // before others get theirs

enum { EVERY_CLASS = (1 << WEIR_CLASSES) - 1 };

static int64_t monotonic_ns(const weir_task *task)
{
  return task->flow->clock.monotonic_ns(task->flow->clock.context);
}

// ---- making them

static void hear(void *context)
{
  const weir_task *task = context;
  const weir_flow *flow = task->flow;
  if (flow->wake != NULL)
    flow->wake(flow->wake_context, task->pin);
}

void weir_flow_set_flights(weir_flow *flow, uint32_t segment, uint32_t rows,
                           int ordered)
{
  static const char *const names[WEIR_FLIGHT_COUNTERS] = {
      "waits", "timeouts", "retries", "pauses", "under_way",
  };
  weir_task *task = flow->tasks[segment];
  weir_flights *flights = weir_mem_new(sizeof *flights);
  // Of each class so many, and one of which some rows are not begun.
  flights->place_count = (rows + 1) * WEIR_CLASSES;
  flights->places = weir_mem_new(flights->place_count * sizeof flights->places[0]);
  flights->launching = WEIR_FLIGHT_NONE;
  flights->at = WEIR_FLIGHT_NONE;
  flights->rooms = EVERY_CLASS;
  flights->roomy = EVERY_CLASS;
  flights->landing = weir_landing_new(hear, task);
  weir_counters_name(flights->counters, names, WEIR_FLIGHT_COUNTERS);
  flights->counters[WEIR_FLIGHT_UNDER_WAY].is_level = 1;
  task->lanes[0]->run.flights = flights;
  task->renumbers |= !ordered;
}

void weir_flow_set_waker(weir_flow *flow, void (*wake)(void *context, uint32_t worker),
                         void *context)
{
  for (uint32_t i = 0; wake == NULL && i < flow->task_count; i++) {
    const weir_flights *flights = flow->tasks[i]->lanes[0]->run.flights;
    if (flights != NULL)
      weir_landing_close(flights->landing);
  }
  flow->wake = wake;
  flow->wake_context = context;
}

static void free_place(weir_flights *flights, uint32_t place)
{
  weir_flight *flight = &flights->places[place];
  if (flight->batch == NULL)
    return;
  weir_batch_unref(flight->batch);
  *flight = (weir_flight){0};
  flights->taken--;
}

void weir_flights_free(weir_flights *flights)
{
  if (flights == NULL)
    return;
  for (uint32_t i = 0; i < flights->place_count; i++)
    free_place(flights, i);
  weir_landing_close(flights->landing);
  weir_landing_unref(flights->landing);
  weir_mem_free(flights->places);
  weir_mem_free(flights);
}

// Whether something will arrive, and nothing has that only lacks room.
int weir_flights_are_awaited(const weir_flights *flights)
{
  return flights != NULL && flights->awaited > 0 &&
         !weir_landing_waits(flights->landing);
}

uint32_t weir_flights_class(const weir_flights *flights)
{
  uint32_t priority = 0;
  while (priority < WEIR_CLASSES && !(flights->landable >> priority & 1))
    priority++;
  return priority;
}

// ---- what comes in

int weir_flights_may_go_on(const weir_flights *flights, uint32_t priority)
{
  return (flights->rooms >> priority & 1) != 0;
}

int weir_flights_may_board(const weir_flights *flights, uint32_t priority)
{
  return flights->taken < flights->place_count &&
         weir_flights_may_go_on(flights, priority);
}

// Where there are classes, what is taken is of one that may.
static int may_board(const weir_task *task, const weir_flights *flights)
{
  return task->flow->classes || weir_flights_may_board(flights, WEIR_CLASS_NORMAL);
}

static void board(weir_task *task, weir_lane *lane)
{
  weir_task_turn(task, lane);
  if (lane->batch != NULL || task->inputs_ended ||
      !may_board(task, lane->run.flights) || !weir_task_take(task, lane) ||
      lane->batch == NULL)
    return;
  weir_flights *flights = lane->run.flights;
  uint32_t place = 0;
  while (flights->places[place].batch != NULL)
    place++;
  flights->places[place] = (weir_flight){
      .batch = weir_batch_ref(lane->batch),
      .sequence = task->renumbers ? lane->sequence : lane->batch->sequence,
      .ends_sequence = lane->ends_sequence,
      .left = lane->batch->row_count,
  };
  flights->taken++;
  flights->launching = flights->boarded = place;
  flights->priority = lane->batch->priority;
  lane->run.row = 0;
  lane->run.row_end = lane->batch->row_count;
}

// ---- what goes on

// What is done in any order gets numbers of its own: each time that the batch changes.
static void turn(weir_task *task, weir_lane *lane)
{
  weir_flight *flight = &lane->run.flights->places[lane->run.flights->at];
  if (task->flow->classes)
    lane->ends_sequence = 0;  // of another class: it is gone on with
  else if (!task->renumbers)
    return;
  weir_task_push_all(task, lane, 1);
  if (!task->renumbers)
    return;
  flight->sequence = task->sequence++;
  flight->ends_sequence = 1;
}

// Somebody else may have boarded meanwhile.
static void prepare(weir_task *task, weir_lane *lane)
{
  const weir_flight *flight = &lane->run.flights->places[lane->run.flights->at];
  lane->sequence = flight->sequence;
  lane->ends_sequence = flight->ends_sequence;
  weir_task_prepare(task, lane, flight->batch);
}

static void land(weir_task *task, weir_lane *lane)
{
  weir_flights *flights = lane->run.flights;
  weir_task_push_all(task, lane, 1);
  free_place(flights, flights->at);
  flights->at = WEIR_FLIGHT_NONE;
}

static void push_full(weir_task *task, weir_lane *lane)
{
  for (uint32_t port = 0; port < lane->run.port_count; port++)
    if (lane->run.out[port]->bytes.size >= lane->run.limits.out_bytes)
      weir_task_push(task, lane, port, 0);
}

// Whether there is more to do at once.
static int go_on(weir_task *task, weir_lane *lane, int reason)
{
  switch (reason) {
  case WEIR_RUN_TURN:
    turn(task, lane);
    return 1;
  case WEIR_RUN_LANDED:
    land(task, lane);
    return 1;
  case WEIR_RUN_FULL:
    push_full(task, lane);
    return 1;
  case WEIR_RUN_MORE:
    return 1;
  case WEIR_RUN_FAILED:
    weir_flow_fail(task->flow, lane->run.code, lane->run.message);
    return 0;
  default:
    weir_task_push_all(task, lane, 0);
    return 0;
  }
}

static void show_under_way(weir_flights *flights)
{
  __atomic_store_n(&flights->counters[WEIR_FLIGHT_UNDER_WAY].value, flights->under_way,
                   __ATOMIC_RELAXED);
}

// Without classes it is entered only where there is room.
static uint32_t roomy(const weir_task *task)
{
  uint32_t classes = task->flow->classes ? 0 : EVERY_CLASS;
  for (uint32_t i = 0; task->flow->classes && i < WEIR_CLASSES; i++)
    classes |= (uint32_t)(weir_task_has_room(task, i) != 0) << i;
  return classes;
}

static int enter(weir_task *task, weir_lane *lane, const weir_runner *runner)
{
  weir_run *run = &lane->run;
  weir_flights *flights = run->flights;
  double dead = run->dead;
  if (flights->at != WEIR_FLIGHT_NONE)
    prepare(task, lane);
  run->batch = lane->batch;
  flights->done = 0;
  flights->roomy = roomy(task);
  int reason = weir_segment_enter(task, lane, runner);
  __atomic_fetch_add(&task->passed, flights->done, __ATOMIC_RELAXED);
  show_under_way(flights);
  if (lane->batch != NULL && run->row >= run->row_end) {
    weir_batch_unref(lane->batch);
    lane->batch = NULL;
  }
  if (run->dead > dead)
    weir_flow_check_dead(task->flow);
  return reason;
}

// Which rows of a batch are done the code knows: they are left where all of them come
// again, what it is at and what it has not begun.
static weir_loss loss_of(weir_task *task, const weir_lane *lane)
{
  const weir_flights *flights = lane->run.flights;
  uint64_t rows = task->received - task->passed;
  weir_loss loss = {0};
  for (uint32_t i = 0; i < flights->place_count && loss.dropped == 0; i++)
    if (flights->places[i].batch != NULL)
      loss = weir_loss_of(flights->places[i].batch, rows);
  for (uint32_t i = 0; i < WEIR_CLASSES && loss.dropped == 0; i++)
    if (weir_task_begun(task, i) != NULL)
      loss = weir_loss_of(weir_task_begun(task, i)->batch, rows);
  if (lane->batch != NULL && loss.dropped == 0)
    loss = weir_loss_of(lane->batch, rows);
  return loss;
}

// Its code lets go of what it awaits.
static void give_up(weir_task *task, weir_lane *lane, const weir_runner *runner)
{
  weir_flights *flights = lane->run.flights;
  lane->run.finishing = 1;
  lane->run.batch = NULL;
  weir_segment_enter(task, lane, runner);
  flights->under_way = 0;
  flights->awaited = 0;
  show_under_way(flights);
  weir_task_lose(task, loss_of(task, lane));
  for (uint32_t i = 0; i < flights->place_count; i++)
    free_place(flights, i);
  weir_batch_unref(lane->batch);
  lane->batch = NULL;
  for (uint32_t i = 0; i < WEIR_CLASSES; i++)
    while (weir_task_begun(task, i) != NULL) {
      weir_lane_resume(task, lane, i);
      weir_batch_unref(lane->batch);
      lane->batch = NULL;
    }
  weir_task_cancel(task, lane);
  weir_task_close(task, lane);
}

// ---- steps

static int is_pointless(const weir_task *task)
{
  return weir_flow_is_abandoned(task->flow) || weir_task_unwanted(task) ||
         weir_flow_gives_up(task->flow);
}

static int has_room(const weir_task *task)
{
  return task->flow->classes || weir_task_has_room(task, WEIR_CLASS_NORMAL);
}

static int may_finish(const weir_task *task, const weir_lane *lane)
{
  return task->inputs_ended && lane->batch == NULL && lane->run.flights->taken == 0 &&
         (!task->flow->classes || roomy(task) == EVERY_CLASS);
}

// What has arrived, or waited for its time, goes on without room; it waits to be
// written.
static int is_called(const weir_task *task, const weir_lane *lane)
{
  const weir_flights *flights = lane->run.flights;
  double resume_ns = lane->run.resume_ns;
  return weir_landing_waits(flights->landing) ||
         (resume_ns > 0 && (double)monotonic_ns(task) >= resume_ns);
}

static int has_urgent(weir_task *task, const weir_lane *lane)
{
  if ((lane->run.flights->landable & roomy(task)) != 0 ||
      weir_task_has_turn(task, lane))
    return 1;
  if (lane->batch != NULL || weir_task_has_begun(task))
    return 0;
  return task->inputs_ended ? may_finish(task, lane) : weir_task_has_input(task, lane);
}

static int has_work(weir_task *task, const weir_lane *lane)
{
  if (is_called(task, lane))
    return 1;
  if (task->flow->classes)
    return has_urgent(task, lane);
  const weir_flights *flights = lane->run.flights;
  if (lane->batch != NULL)
    return weir_flights_may_go_on(flights, WEIR_CLASS_NORMAL);
  if (task->inputs_ended)
    return may_finish(task, lane);
  return weir_flights_may_board(flights, WEIR_CLASS_NORMAL) &&
         weir_task_has_input(task, lane);
}

void weir_flights_step(weir_task *task, weir_lane *lane, const weir_runner *runner)
{
  if (is_pointless(task)) {
    give_up(task, lane, runner);
    return;
  }
  if (!has_work(task, lane)) {
    weir_task_push_held(task, lane);
    return;
  }
  int turns = 0;
  do
    board(task, lane);
  while (go_on(task, lane, enter(task, lane, runner)) && ++turns < TURNS_MAX &&
         has_room(task));
  if (may_finish(task, lane))
    weir_task_close(task, lane);
}

int weir_flights_are_ready(weir_task *task, const weir_lane *lane)
{
  return has_room(task) && (is_pointless(task) || has_work(task, lane));
}
