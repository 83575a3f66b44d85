// circle.c -- who can move, and who waits in a circle.
//
// A merge waits for one input while another is full, and both hang on the same
// producer: only then may full edges lend it room, so that memory stays bounded by
// their credit in every flow that can go on without. So it is followed who waits for
// whom: for room, the consumers of full edges; for input, the producers of empty ones.
// Who can move ends the search there, be others in the flow busy or not.
//
// Each task is looked at under its own guard. A circle stands still once it is closed,
// so whoever has closed it sees all of it at the next look.

#include <stddef.h>

#include "engine/base/mem.h"
#include "engine/sched/task.h"

static int64_t now_ns(const weir_task *task)
{
  return task->flow->clock.monotonic_ns(task->flow->clock.context);
}

int weir_lane_holds(const weir_task *task, const weir_lane *lane)
{
  return !lane->at_work && lane->held_since_ns != 0 &&
         weir_task_has_room(task, WEIR_CLASS_NORMAL);
}

// What is put where a disk is to write it says when that is.
static int64_t resume_of(const weir_task *task, const weir_lane *lane)
{
  if (task->kind != WEIR_TASK_DISK)
    return (int64_t)lane->run.resume_ns;
  int64_t next = weir_disk_next_ns(task);
  return next != INT64_MAX ? next : 0;
}

// When a lane that is not at work will go on, be it now, or 0: it waits for others.
int64_t weir_lane_resumes_ns(weir_task *task, const weir_lane *lane)
{
  int64_t resume = resume_of(task, lane);
  // Now is asked first: who is not ready after its time waits for something else.
  int comes = resume > now_ns(task);
  return comes || (resume > 0 && weir_task_is_ready(task, lane)) ? resume : 0;
}

// What a relay reads comes of what it was given, when its program likes.
static int moves(weir_task *task)
{
  uint32_t lanes = task->kind == WEIR_TASK_RELAY ? 1 : task->lane_count;
  for (uint32_t i = 0; i < lanes; i++) {
    const weir_lane *lane = task->lanes[i];
    if (lane->at_work || weir_lane_resumes_ns(task, lane) != 0 ||
        weir_flights_are_awaited(lane->run.flights) || weir_task_is_ready(task, lane) ||
        weir_lane_holds(task, lane))
      return 1;
  }
  return task->kind == WEIR_TASK_BUFFER && weir_disks_are_awaited(task);
}

int weir_task_can_move(weir_task *task)
{
  if (weir_task_is_done(task))
    return 0;
  weir_task_guard(task);
  int can = moves(task);
  weir_task_leave(task);
  return can;
}

// --- circles

struct search {
  uint8_t *seen;      // of each task
  weir_task **found;  // and not yet asked whom it waits for
  uint32_t count;
};

static void find(struct search *search, weir_task *task)
{
  if (search->seen[task->number])
    return;
  search->seen[task->number] = 1;
  search->found[search->count++] = task;
}

// With what it has it goes on as soon as there is room.
static int has_begun(const weir_task *task)
{
  const weir_flights *flights = task->lanes[0]->run.flights;
  if ((flights != NULL && flights->taken > 0) || !weir_task_all_delivered(task))
    return 1;
  for (uint32_t i = 0; i < task->lane_count; i++)
    if (task->lanes[i]->batch != NULL)
      return 1;
  return 0;
}

static void find_producers(struct search *search, const weir_task *task)
{
  if (task->inputs_ended || has_begun(task))
    return;
  for (uint32_t i = 0; i < task->input_count; i++) {
    const weir_input *input = &task->inputs[i];
    if (weir_edge_peek(input->edge) == NULL && !weir_edge_at_end(input->edge))
      find(search, input->producer);
  }
}

// Whether `from` is one of them.
static int find_consumers(struct search *search, const weir_task *task,
                          const weir_task *from)
{
  int closes = 0;
  for (uint32_t port = 0; port < task->port_count; port++) {
    const weir_port *to = &task->ports[port];
    for (uint32_t i = 0; i < to->edge_count; i++) {
      if (weir_edge_has_room(to->edges[i], WEIR_CLASS_NORMAL))
        continue;
      closes |= to->consumers[i] == from;
      find(search, to->consumers[i]);
    }
  }
  return closes;
}

static int has_full_input(const weir_task *task)
{
  for (uint32_t i = 0; i < task->input_count; i++)
    if (!weir_edge_has_room(task->inputs[i].edge, WEIR_CLASS_NORMAL))
      return 1;
  return 0;
}

// Whether what it waits for waits for room before it.
static int is_in_circle(struct search *search, weir_task *from)
{
  weir_task_guard(from);
  if (!moves(from))
    find_producers(search, from);
  weir_task_leave(from);
  int closes = 0;
  while (search->count > 0 && !closes) {
    weir_task *task = search->found[--search->count];
    if (weir_task_is_done(task))
      continue;
    weir_task_guard(task);
    if (!moves(task)) {
      closes = find_consumers(search, task, from);
      find_producers(search, task);
    }
    weir_task_leave(task);
  }
  return closes;
}

static int may_be_in_circle(const weir_task *task)
{
  return task->input_count > 1 && !weir_task_is_done(task) && has_full_input(task);
}

static int lend(weir_flow *flow, weir_task *task)
{
  uint8_t *seen = weir_mem_new(flow->task_count);
  weir_task **found = weir_mem_new(flow->task_count * sizeof(weir_task *));
  struct search search = {.seen = seen, .found = found};
  int lent = 0;
  if (is_in_circle(&search, task)) {
    weir_task_guard(task);
    lent = weir_task_lend(task);
    weir_task_leave(task);
  }
  weir_mem_free(found);
  weir_mem_free(seen);
  return lent;
}

int weir_flow_lend(weir_flow *flow)
{
  int lent = 0;
  if (flow->classes || flow->unordered)
    return 0;  // everything is taken as it comes
  for (uint32_t i = 0; i < flow->task_count; i++)
    if (may_be_in_circle(flow->tasks[i]))
      lent |= lend(flow, flow->tasks[i]);
  return lent;
}
