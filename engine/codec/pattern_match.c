// pattern_match.c -- runs a pattern's program over a line.
//
// One loop over flat ops, each of which takes bytes or fails. An op that could have
// taken something else leaves a frame behind; a failure goes back to the last frame,
// which takes the next possibility. As jumps go forward only, an op leaves at most
// one frame, so the stack is as long as there are ops that choose, and it fits the
// C stack. Most ops of a real pattern leave none: its compiler sees that what
// follows a word cannot begin with a letter, and marks it KEEPS.

#include <string.h>

#include "engine/base/err.h"
#include "engine/codec/pattern.h"
#include "engine/codec/token.h"

#define NOWHERE UINT32_MAX

typedef struct frame {
  uint32_t op;
  uint32_t at;     // the possibility to try next
  uint32_t start;  // where the op began, or the least it can take
} frame;

typedef struct machine {
  const weir_pattern_program *program;
  const weir_class *classes;
  const char *bytes;
  uint32_t size;
  uint32_t frame_count;
  uint64_t work;
  uint32_t reached;
  weir_span *slots;
  frame frames[WEIR_PATTERN_CHOICES_MAX];
} machine;

static int is_set(const machine *m, const weir_pattern_op *op, uint32_t at)
{
  return m->classes[op->c].has[(uint8_t)m->bytes[at]];
}

static void push(machine *m, const weir_pattern_op *op, uint32_t at, uint32_t start)
{
  uint32_t number = (uint32_t)(op - m->program->ops);
  m->frames[m->frame_count++] = (frame){.op = number, .at = at, .start = start};
}

static void keep(machine *m, const weir_pattern_op *op, uint32_t start, uint32_t end)
{
  m->slots[op->slot] = (weir_span){.start = start, .end = end};
}

static int is_inside(const machine *m, uint32_t at)
{
  return at < m->size && ((uint8_t)m->bytes[at] & 0xc0) == 0x80;
}

static uint32_t after_character(const machine *m, uint32_t at)
{
  do
    at++;
  while (is_inside(m, at));
  return at;
}

// Where the next character is that is in the op's class, or that is not.
static uint32_t seek(const machine *m, const weir_pattern_op *op, int in, uint32_t at)
{
  return at + weir_class_seek(&m->classes[op->c], in, m->bytes + at, m->size - at);
}

// Whether two texts of 1 to 8 bytes are the same; both may be read for 8.
static int same_word(const char *left, const char *right, uint32_t size)
{
  uint64_t words[2];
  memcpy(&words[0], left, sizeof words[0]);
  memcpy(&words[1], right, sizeof words[1]);
  return (words[0] ^ words[1]) << (8 * (sizeof words[0] - size)) == 0;
}

static uint32_t take_text(const machine *m, const weir_pattern_op *op, uint32_t at)
{
  const char *bytes = m->bytes + at;
  const char *text = m->program->texts + op->a;
  if (m->size - at < op->b)
    return NOWHERE;
  int same = op->b <= sizeof(uint64_t) ? same_word(bytes, text, op->b)
                                       : memcmp(bytes, text, op->b) == 0;
  return same ? at + op->b : NOWHERE;
}

// Without branches: a shape is a date or the like, and nearly always fits.
static uint32_t take_shape(machine *m, const weir_pattern_op *op, uint32_t at)
{
  if (m->size - at < op->b)
    return NOWHERE;
  const char *shape = m->program->texts + op->a;
  const char *bytes = m->bytes + at;
  const weir_class *classes = m->classes;
  uint32_t fits = 1;
  for (uint32_t i = 0, size = op->b; i < size; i++)
    fits &= classes[(uint8_t)shape[i]].has[(uint8_t)bytes[i]];
  if (!fits)
    return NOWHERE;
  keep(m, op, at, at + op->b);
  return at + op->b;
}

static uint32_t take_counted(machine *m, const weir_pattern_op *op, uint32_t at,
                             uint32_t *least)
{
  uint32_t count = 0;
  while (count < op->b && at < m->size && is_set(m, op, at)) {
    at = after_character(m, at);
    if (++count == op->a)
      *least = at;
  }
  return count < op->a ? NOWHERE : at;
}

static uint32_t take_span(machine *m, const weir_pattern_op *op, uint32_t at)
{
  uint32_t least = at;
  uint32_t end = at;
  if ((op->flags & WEIR_PATTERN_COUNTED) != 0) {
    end = take_counted(m, op, at, &least);
    if (end == NOWHERE)
      return NOWHERE;
  } else {
    end = seek(m, op, 0, at);
    if (op->a > 0 && end == at)
      return NOWHERE;
    if (op->a > 0 && (op->flags & WEIR_PATTERN_KEEPS) == 0)
      least = after_character(m, at);
  }
  if ((op->flags & WEIR_PATTERN_KEEPS) == 0 && end > least)
    push(m, op, end, least);
  keep(m, op, at, end);
  return end;
}

static uint32_t give_back(machine *m, const weir_pattern_op *op, frame *top)
{
  do
    top->at--;
  while (top->at > top->start && is_inside(m, top->at));
  uint32_t at = top->at;
  if (at == top->start)
    m->frame_count--;
  m->slots[op->slot].end = at;
  return at;
}

// Anything from start on, at least up to from, and then the text.
static uint32_t take_until(machine *m, const weir_pattern_op *op, uint32_t start,
                           uint32_t from)
{
  const char *text = m->program->texts + op->a;
  const char *end = m->bytes + m->size;
  const char *at = m->bytes + from;
  while ((size_t)(end - at) >= op->b) {
    at = memchr(at, text[0], (size_t)(end - at) - op->b + 1);
    if (at == NULL)
      break;
    if (op->b == 1 || memcmp(at, text, op->b) == 0) {
      uint32_t found = (uint32_t)(at - m->bytes);
      push(m, op, found + 1, start);
      keep(m, op, start, found);
      return found + op->b;
    }
    at++;
  }
  m->work += m->size - from;
  return NOWHERE;
}

static uint32_t take_lazy(machine *m, const weir_pattern_op *op, uint32_t start,
                          uint32_t from)
{
  uint32_t at = seek(m, op, 1, from);
  if (at == m->size && (op->flags & WEIR_PATTERN_EMPTY) == 0) {
    m->work += m->size - from;
    return NOWHERE;
  }
  if (at < m->size)
    push(m, op, at + 1, start);
  keep(m, op, start, at);
  return at;
}

static uint32_t take_quoted(machine *m, const weir_pattern_op *op, uint32_t at)
{
  uint32_t size = weir_token_quoted(m->bytes + at, m->size - at);
  if (size == 0) {
    m->work += m->size - at;
    return NOWHERE;
  }
  keep(m, op, at + 1, at + size - 1);
  return at + size;
}

static uint32_t take_token(machine *m, const weir_pattern_op *op, uint32_t at)
{
  const char *bytes = m->bytes + at;
  uint32_t left = m->size - at;
  uint32_t size = 0;
  if (op->kind == WEIR_PATTERN_INTEGER)
    size = weir_token_integer(bytes, left);
  else if (op->kind == WEIR_PATTERN_NUMBER)
    size = weir_token_number(bytes, left);
  else
    size = weir_token_address(bytes, left, (op->a & WEIR_PATTERN_IPV4) != 0,
                              (op->a & WEIR_PATTERN_IPV6) != 0);
  if (size == 0)
    return NOWHERE;
  keep(m, op, at, at + size);
  return at + size;
}

static int may_go_on(const machine *m, const weir_pattern_op *op, uint32_t at)
{
  if ((op->flags & WEIR_PATTERN_EMPTY) != 0)
    return 1;
  return at < m->size && is_set(m, op, at);
}

static void clear(machine *m, uint32_t first, uint32_t count)
{
  for (uint32_t i = first; i < first + count; i++)
    m->slots[i].end = UINT32_MAX;
}

static void mark(machine *m, const weir_pattern_op *op, uint32_t at)
{
  if (op->kind == WEIR_PATTERN_CLEAR)
    clear(m, op->a, op->b);
  else if (op->kind == WEIR_PATTERN_BEGIN)
    m->slots[op->a].start = at;
  else
    m->slots[op->a].end = at;
}

// Goes back to the last choice and takes its next possibility: the op to go on with,
// or NULL when there is none left, or no more work allowed.
static const weir_pattern_op *go_back(machine *m, uint32_t *at)
{
  if (*at > m->reached)
    m->reached = *at;
  uint64_t most =
      WEIR_PATTERN_WORK_LEAST + (uint64_t)WEIR_PATTERN_WORK_PER_BYTE * m->size;
  while (m->frame_count > 0 && m->work++ < most) {
    frame *top = &m->frames[m->frame_count - 1];
    const weir_pattern_op *op = &m->program->ops[top->op];
    if (op->kind == WEIR_PATTERN_SPAN) {
      *at = give_back(m, op, top);
      return op + 1;
    }
    frame last = *top;
    m->frame_count--;
    if (op->kind == WEIR_PATTERN_TRY) {
      *at = last.at;
      return &m->program->ops[op->a];
    }
    *at = op->kind == WEIR_PATTERN_UNTIL ? take_until(m, op, last.start, last.at)
                                         : take_lazy(m, op, last.start, last.at);
    if (*at != NOWHERE)
      return op + 1;
  }
  return NULL;
}

// Enters the part that may be missing, if it can begin here.
static int enter(machine *m, const weir_pattern_op *op, uint32_t at)
{
  clear(m, op->slot, op->b);
  if (!may_go_on(m, op, at))
    return 0;
  push(m, op, at, at);
  return 1;
}

static int run(machine *m)
{
  const weir_pattern_op *ops = m->program->ops;
  const weir_pattern_op *op = ops;
  uint32_t at = 0;
  while (op != NULL) {
    // Every other op is a text: its own branch is foreseen where a switch's is not.
    if (op->kind == WEIR_PATTERN_TEXT) {
      uint32_t past = take_text(m, op, at);
      if (past == NOWHERE) {
        op = go_back(m, &at);
      } else {
        m->work += past - at;
        at = past;
        op++;
      }
      continue;
    }
    uint32_t next = at;
    switch (op->kind) {
    case WEIR_PATTERN_SPAN:
      next = take_span(m, op, at);
      break;
    case WEIR_PATTERN_SHAPE:
      next = take_shape(m, op, at);
      break;
    case WEIR_PATTERN_UNTIL:
      next = take_until(m, op, at, at);
      break;
    case WEIR_PATTERN_LAZY:
      next = take_lazy(m, op, at, at);
      break;
    case WEIR_PATTERN_REST:
      next = m->size;
      keep(m, op, at, next);
      break;
    case WEIR_PATTERN_QUOTED:
      next = take_quoted(m, op, at);
      break;
    case WEIR_PATTERN_TRY:
      if (enter(m, op, at))
        break;
      __attribute__((fallthrough));
    case WEIR_PATTERN_JUMP:
      op = &ops[op->a];
      continue;
    case WEIR_PATTERN_BEGIN:
    case WEIR_PATTERN_END:
    case WEIR_PATTERN_CLEAR:
      mark(m, op, at);
      break;
    case WEIR_PATTERN_DONE:
      if (at == m->size)
        return WEIR_OK;
      next = NOWHERE;
      break;
    default:
      next = take_token(m, op, at);
      break;
    }
    if (next == NOWHERE) {
      op = go_back(m, &at);
      continue;
    }
    m->work += next - at;
    at = next;
    op++;
  }
  return WEIR_EMATCH;
}

int weir_pattern_match(const weir_pattern *pattern, weir_slice line, weir_span *slots,
                       uint32_t *reached)
{
  machine m;  // the frames are not worth zeroing
  m.program = weir_pattern_program_of(pattern);
  m.classes = weir_pattern_classes(pattern);
  m.bytes = line.bytes;
  m.size = (uint32_t)line.size;
  m.frame_count = 0;
  m.work = 0;
  m.reached = 0;
  m.slots = slots;
  int code = run(&m);
  if (code != WEIR_OK)
    *reached = m.reached;
  return code;
}
