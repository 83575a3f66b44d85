// sequencer.c -- where several lanes compute at once, the order of what they make.
//
// Who takes an input gets the next ticket. What is made of it waits with the ticket
// until all earlier ones have been sent on, so that an edge carries what one lane
// would have pushed. The oldest ticket always goes on as far as there is room; a
// later one that has made much stands still until it is the oldest. So however slow
// one lane is, what waits for it is bounded, and nothing waits in a circle. Where the
// order does not matter, every ticket goes on like the oldest. Where there are classes,
// each has a line of tickets, since it has an order, of its own.
//
// All of this happens under the task's guard, which nobody holds while computing.

#include <stddef.h>

#include "engine/base/check.h"
#include "engine/base/err.h"
#include "engine/base/mem.h"
#include "engine/sched/task.h"

enum { TICKETS_PER_LANE = 4, MADE_MAX = 8 };

static weir_ticket *ticket_at(const weir_line *line, uint64_t number)
{
  return &line->tickets[number % line->capacity];
}

void weir_task_new_tickets(weir_task *task)
{
  int classes = task->flow->classes && task->kind == WEIR_TASK_SEGMENT;
  task->line_count = classes ? WEIR_CLASSES : 1;
  for (uint32_t i = 0; i < task->line_count; i++) {
    weir_line *line = &task->lines[i];
    line->capacity = task->lane_count * TICKETS_PER_LANE;
    line->tickets = weir_mem_new(line->capacity * sizeof line->tickets[0]);
    for (uint32_t n = 0; n < line->capacity; n++)
      line->tickets[n].line = i;
  }
}

static uint32_t line_of(const weir_task *task, uint32_t priority)
{
  return task->line_count > 1 ? priority : 0;
}

static int is_free(const weir_line *line)
{
  return line->next - line->first < line->capacity;
}

int weir_ticket_is_free(const weir_task *task, uint32_t priority)
{
  return task->line_count == 0 || is_free(&task->lines[line_of(task, priority)]);
}

void weir_ticket_take(weir_task *task, weir_lane *lane)
{
  if (task->line_count == 0)
    return;
  uint32_t priority = lane->batch != NULL ? lane->batch->priority : 0;
  weir_line *line = &task->lines[line_of(task, priority)];
  lane->ticket = ticket_at(line, line->next);
  lane->ticket->number = line->next++;
}

void weir_ticket_put(weir_task *task, const weir_lane *lane, weir_made made)
{
  weir_ticket *ticket = lane->ticket;
  if (made.batch->row_count == 0 && !task->ports[made.port].tells &&
      made.batch->fault_count == 0) {
    weir_batch_unref(made.batch);
    return;
  }
  if (ticket->count == 0)
    ticket->first = 0;
  uint32_t end = ticket->first + ticket->count;
  if (end == ticket->capacity) {
    ticket->capacity += MADE_MAX;
    ticket->made =
        weir_mem_resize(ticket->made, ticket->capacity * sizeof ticket->made[0]);
    WEIR_ASSERT(ticket->made != NULL);
  }
  ticket->made[end] = made;
  ticket->count++;
}

void weir_ticket_done(weir_task *task, weir_lane *lane)
{
  if (lane->ticket == NULL)
    return;
  lane->ticket->done = 1;
  lane->ticket = NULL;
  weir_task_deliver(task, lane);
}

int weir_ticket_is_stalled(const weir_ticket *ticket)
{
  return ticket != NULL && ticket->count >= MADE_MAX;
}

int weir_task_all_delivered(const weir_task *task)
{
  for (uint32_t i = 0; i < task->line_count; i++)
    if (task->lines[i].first != task->lines[i].next)
      return 0;
  return 1;
}

// A batch of a source has no class yet, and may bring dead letters with it.
static int has_room_for(const weir_task *task, const weir_made *made)
{
  return task->kind == WEIR_TASK_SOURCE
             ? weir_task_has_room(task, task->ports[made->port].priority)
             : weir_port_has_room(&task->ports[made->port], made->batch->priority);
}

static int is_due(const weir_task *task, const weir_ticket *ticket)
{
  return ticket->count > 0 ? has_room_for(task, &ticket->made[ticket->first])
                           : ticket->done && !ticket->over;
}

static weir_ticket *find_due_in(const weir_task *task, const weir_line *line)
{
  int any = task->flow->unordered && task->kind == WEIR_TASK_SEGMENT;
  for (uint64_t n = line->first; n < line->next; n++) {
    weir_ticket *ticket = ticket_at(line, n);
    if (is_due(task, ticket))
      return ticket;
    if (!any)
      break;
  }
  return NULL;
}

static weir_ticket *find_due(const weir_task *task)
{
  weir_ticket *due = NULL;
  for (uint32_t i = 0; i < task->line_count && due == NULL; i++)
    due = find_due_in(task, &task->lines[i]);
  return due;
}

int weir_task_can_deliver(const weir_task *task) { return find_due(task) != NULL; }

static void clear(weir_ticket *ticket)
{
  for (; ticket->count > 0; ticket->count--)
    weir_batch_unref(ticket->made[ticket->first++].batch);
  weir_mem_free(ticket->message);
  ticket->message = NULL;
  ticket->failed = WEIR_OK;
  ticket->done = 0;
  ticket->over = 0;
}

static void finish(weir_task *task, weir_ticket *ticket)
{
  weir_task_merge(task, &ticket->partial);
  if (ticket->failed != WEIR_OK)
    weir_source_fail(task, ticket->failed, ticket->message);
  ticket->over = 1;
  weir_line *line = &task->lines[ticket->line];
  while (line->first != line->next && ticket_at(line, line->first)->over)
    clear(ticket_at(line, line->first++));
}

static void send_first(weir_task *task, weir_lane *lane, weir_ticket *ticket)
{
  weir_made made = ticket->made[ticket->first++];
  ticket->count--;
  if (task->kind == WEIR_TASK_SOURCE)
    weir_source_send(task, lane, made.batch);
  else
    weir_task_send(task, lane, made);
}

static int has_full_line(const weir_task *task)
{
  for (uint32_t i = 0; i < task->line_count; i++)
    if (!is_free(&task->lines[i]))
      return 1;
  return 0;
}

void weir_task_deliver(weir_task *task, weir_lane *lane)
{
  int was_full = has_full_line(task);
  for (weir_ticket *due = find_due(task); due != NULL; due = find_due(task)) {
    if (due->count > 0)
      send_first(task, lane, due);
    else
      finish(task, due);
  }
  // Other lanes may have waited for a ticket, for their turn, or for the end.
  if (was_full || task->inputs_ended || !weir_task_all_delivered(task))
    lane->woken |= task->home;
}

static void free_line(const weir_task *task, weir_line *line)
{
  for (uint32_t i = 0; i < line->capacity; i++) {
    weir_ticket *ticket = &line->tickets[i];
    if (ticket->partial != NULL)
      task->merger.drop(ticket->partial);
    clear(ticket);
    weir_mem_free(ticket->made);
  }
  weir_mem_free(line->tickets);
}

void weir_task_free_tickets(weir_task *task)
{
  for (uint32_t i = 0; i < task->line_count; i++)
    free_line(task, &task->lines[i]);
}
