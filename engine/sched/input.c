// input.c -- what a task takes next.

#include <stddef.h>

#include "engine/sched/task.h"

static int64_t now_ns(const weir_task *task)
{
  return task->flow->clock.monotonic_ns(task->flow->clock.context);
}

static int comes_any_time(const weir_task *task, uint32_t input)
{
  return task->inputs[input].unordered || task->kind == WEIR_TASK_SINK ||
         task->flow->unordered || task->flow->classes;
}

// What a lane may do next: an input to take a batch of a class from, or one that it has
// begun.
enum { NONE = -1, BEGUN = -2, HELD = -3 };
struct choice {
  int input;
  uint32_t priority;
  weir_urgency urgency;
};

// What is made of one with a ticket waits there.
static int can_go_on(const weir_task *task, const weir_ticket *ticket,
                     uint32_t priority)
{
  if (task->kind == WEIR_TASK_BUFFER)
    return weir_buffer_has_room(task, priority);
  const weir_flights *flights = task->lanes[0]->run.flights;
  if (flights != NULL)
    return weir_flights_may_go_on(flights, priority);
  return ticket != NULL ? !weir_ticket_is_stalled(ticket)
                        : weir_task_has_room(task, priority);
}

static int can_take(const weir_task *task, uint32_t priority)
{
  const weir_flights *flights = task->lanes[0]->run.flights;
  if (flights != NULL && !weir_flights_may_board(flights, priority))
    return 0;
  return !task->inputs_ended && weir_ticket_is_free(task, priority) &&
         can_go_on(task, NULL, priority);
}

static struct choice more_urgent(const weir_task *task, struct choice best,
                                 struct choice one, int64_t now)
{
  int before =
      best.input == NONE || weir_urgency_before(&one.urgency, &best.urgency, now,
                                                task->flow->max_starvation_ns);
  return before ? one : best;
}

static struct choice of_batch(int input, const weir_batch *batch, int64_t since_ns)
{
  uint32_t priority = batch->priority;
  return (struct choice){input, priority, {priority, batch->deadline_ns, since_ns}};
}

// A full edge has its producer wait, with what is more urgent.
static int holds_up(const weir_input *input, uint32_t priority)
{
  return input->urgent < priority && !weir_edge_has_room(input->edge, priority);
}

// Of a class, where nothing of it is begun: or its order would be lost.
static struct choice choose_input(const weir_task *task, struct choice best,
                                  uint32_t priority, int64_t now)
{
  for (uint32_t i = 0; i < task->input_count; i++) {
    int64_t since = 0;
    const weir_batch *batch =
        weir_edge_peek_class(task->inputs[i].edge, priority, now, &since);
    struct choice one = {(int)i, priority, {priority, 0, since}};
    if (batch == NULL)
      continue;
    one.urgency.deadline_ns = batch->deadline_ns;
    if (holds_up(&task->inputs[i], priority))
      one.urgency.priority = task->inputs[i].urgent;
    best = more_urgent(task, best, one, now);
  }
  return best;
}

static int has_of_class(const weir_task *task, uint32_t priority)
{
  for (uint32_t i = 0; i < task->input_count; i++)
    if (weir_edge_has(task->inputs[i].edge, priority))
      return 1;
  return 0;
}

// What is most urgent of all that can go on. A flat_map under way has its place in the
// code of its segment, so it comes to its end first.
static struct choice choose_urgent(const weir_task *task, const weir_lane *lane)
{
  int64_t now = now_ns(task);
  struct choice best = {.input = NONE};
  for (uint32_t priority = 0; priority < WEIR_CLASSES; priority++) {
    const weir_begun *begun = weir_task_begun(task, priority);
    int is_held = lane->batch != NULL && lane->batch->priority == priority;
    if (is_held && can_go_on(task, lane->ticket, priority))
      best = more_urgent(task, best, of_batch(HELD, lane->batch, now), now);
    else if (lane->run.begun)
      continue;
    else if (begun != NULL && can_go_on(task, begun->ticket, priority))
      best =
          more_urgent(task, best, of_batch(BEGUN, begun->batch, begun->since_ns), now);
    else if (!is_held && begun == NULL && has_of_class(task, priority) &&
             can_take(task, priority))
      best = choose_input(task, best, priority, now);
  }
  return best;
}

int weir_task_has_turn(weir_task *task, const weir_lane *lane)
{
  return choose_urgent(task, lane).input != NONE;
}

void weir_task_turn(weir_task *task, weir_lane *lane)
{
  if (!task->flow->classes)
    return;
  struct choice choice = choose_urgent(task, lane);
  if (choice.input == NONE || choice.input == HELD)
    return;
  if (lane->batch != NULL)
    weir_lane_set_aside(task, lane, now_ns(task));
  if (choice.input == BEGUN)
    weir_lane_resume(task, lane, choice.priority);
}

// The next input of a group, by sequence and then by place; -1: none now. It must be
// known of all of them that nothing earlier will come.
static int choose_in_group(const weir_task *task, uint32_t first, uint32_t end)
{
  int best = -1;
  uint64_t best_sequence = 0;
  uint64_t shown = UINT64_MAX;  // all sequences before it
  for (uint32_t i = first; i < end; i++) {
    const weir_input *input = &task->inputs[i];
    const weir_batch *batch = weir_edge_peek(input->edge);
    if (batch == NULL) {
      if (!weir_edge_at_end(input->edge) && input->next < shown)
        shown = input->next;
    } else if (best < 0 || batch->sequence < best_sequence) {
      best = (int)i;
      best_sequence = batch->sequence;
    }
  }
  return best >= 0 && (comes_any_time(task, first) || best_sequence < shown) ? best
                                                                             : -1;
}

// Inputs that keep an order stand side by side.
static uint32_t group_end(const weir_task *task, uint32_t input)
{
  do
    input++;
  while (input < task->input_count && task->inputs[input].first < input &&
         !comes_any_time(task, input));
  return input;
}

// Which input the next batch comes from, or -1: none now. Groups have their turns.
static int choose_in_order(weir_task *task)
{
  if (task->input_at < task->input_count) {
    const weir_input *input = &task->inputs[task->input_at];
    const weir_batch *batch = weir_edge_peek(input->edge);
    if (batch != NULL && batch->sequence == input->next)
      return (int)task->input_at;
    // Nothing more of the sequence may have come: what is said at an end comes in
    // pieces, and a failure cuts it off.
    if (batch == NULL && !weir_edge_at_end(input->edge))
      return -1;
    task->input_at = task->input_count;
  }
  uint32_t first = task->input_turn;
  for (uint32_t seen = 0; seen < task->input_count;) {
    uint32_t end = group_end(task, first);
    int input = choose_in_group(task, first, end);
    if (input >= 0)
      return input;
    seen += end - first;
    first = end < task->input_count ? end : 0;
  }
  return -1;
}

static struct choice choose(weir_task *task, const weir_lane *lane)
{
  if (task->flow->classes)
    return choose_urgent(task, lane);
  return (struct choice){.input = choose_in_order(task)};
}

static int all_ended(weir_task *task)
{
  for (uint32_t i = 0; i < task->input_count; i++)
    if (!weir_edge_at_end(task->inputs[i].edge))
      return 0;
  return 1;
}

// The group behind that of the input is the next to be looked at.
static void pass_turn(weir_task *task, uint32_t input)
{
  uint32_t end = group_end(task, input);
  task->input_turn = end < task->input_count ? end : 0;
}

// Whether the batch is the last one of its sequence, from any input of its group.
static int is_last(const weir_task *task, const weir_lane *lane, uint32_t input)
{
  if (comes_any_time(task, input))
    return 1;
  uint32_t end = group_end(task, input);
  for (uint32_t i = task->inputs[input].first; i < end; i++) {
    const weir_batch *next = i == input ? NULL : weir_edge_peek(task->inputs[i].edge);
    if (next != NULL && next->sequence == lane->batch->sequence)
      return 0;
  }
  return lane->batch->ends_sequence != 0;
}

// What is said at the end comes after everything.
static void count_sequence(weir_task *task, weir_lane *lane, uint32_t number)
{
  const weir_batch *batch = lane->batch;
  uint64_t next = batch->sequence + (batch->ends_sequence != 0);
  if (task->inputs[number].next < next)  // what was spilled has numbers of its own
    task->inputs[number].next = next;
  lane->ends_sequence = task->renumbers || is_last(task, lane, number);
  if (task->renumbers)
    lane->sequence = task->sequence++;
  else if (task->sequence <= batch->sequence)
    task->sequence = batch->sequence + 1;
}

int weir_task_take(weir_task *task, weir_lane *lane)
{
  if (lane->batch != NULL || task->inputs_ended)
    return 1;
  if (!task->flow->classes && !weir_ticket_is_free(task, 0))
    return 0;
  struct choice choice = choose(task, lane);
  if (choice.input < 0) {
    if (!all_ended(task))
      return 0;
    task->inputs_ended = 1;
    lane->woken |= task->home;  // another lane may have the last word
    return 1;
  }
  const weir_input *input = &task->inputs[choice.input];
  weir_edge_pop_class(input->edge, choice.priority, &lane->batch);
  weir_ticket_take(task, lane);
  if (weir_edge_was_full(input->edge))
    lane->woken |= __atomic_load_n(&input->producer->home, __ATOMIC_RELAXED);
  lane->run.row = 0;
  uint32_t number = (uint32_t)choice.input;
  int goes_on = !lane->batch->ends_sequence && !comes_any_time(task, number) &&
                group_end(task, input->first) > input->first + 1;
  task->input_at = goes_on ? number : task->input_count;
  pass_turn(task, number);
  count_sequence(task, lane, number);
  __atomic_fetch_add(&task->received, lane->batch->row_count, __ATOMIC_RELAXED);
  return 1;
}

int weir_task_has_input(weir_task *task, const weir_lane *lane)
{
  return choose(task, lane).input >= 0 || all_ended(task);
}

// A buffer takes what may hold up others, and is done with it at once.
weir_urgency weir_task_urgency(weir_task *task, const weir_lane *lane)
{
  int64_t since = task->since_ns;
  if (task->kind == WEIR_TASK_BUFFER)
    return (weir_urgency){WEIR_CLASS_CRITICAL, 0, since};
  struct choice choice = {.input = NONE};
  if (task->input_count > 0)
    choice = choose_urgent(task, lane);
  const weir_flights *flights = lane->run.flights;
  uint32_t landing = flights != NULL ? weir_flights_class(flights) : WEIR_CLASSES;
  if (landing < WEIR_CLASSES &&
      (choice.input == NONE || landing < choice.urgency.priority))
    return (weir_urgency){landing, 0, since};
  if (choice.input == NONE)
    return (weir_urgency){task->port_count > 0 ? task->ports[0].priority : 0, 0, since};
  if (choice.urgency.since_ns > since)
    choice.urgency.since_ns = since;
  return choice.urgency;
}

// A source that waits for records which nobody wants any more need not wait.
static void release_source(const weir_task *task)
{
  weir_relay *relay = task->relay;
  if (relay != NULL && weir_task_unwanted(task))
    relay->ops->cancel(relay);
  weir_source *source = task->source;
  if (source != NULL && source->ops->cancel != NULL && weir_task_unwanted(task))
    source->ops->cancel(source);
}

void weir_task_cancel(weir_task *task, weir_lane *lane)
{
  for (uint32_t i = 0; i < task->input_count; i++) {
    weir_edge_cancel(task->inputs[i].edge);
    release_source(task->inputs[i].producer);
  }
  task->inputs_ended = 1;
  lane->woken |= WEIR_HOME_ANY;
}

int weir_task_lend(weir_task *task)
{
  int lent = 0;
  for (uint32_t i = 0; i < task->input_count; i++)
    lent |= weir_edge_make_room(task->inputs[i].edge);
  return lent;
}
