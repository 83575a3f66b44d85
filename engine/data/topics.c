// topics.c -- under which topic, and as what type, the rows of a batch were published.

#include "engine/data/topics.h"

#include <string.h>

#include "engine/base/buf.h"
#include "engine/base/mem.h"

struct stretch {
  uint32_t row;   // the first one
  uint32_t size;  // of its label; 0: none
  size_t label;   // offset in labels
};

struct weir_topics {
  weir_buf stretches;
  weir_buf labels;
  int32_t references;  // atomic
};

static weir_topics *new_topics(void)
{
  weir_topics *topics = weir_mem_new(sizeof *topics);
  weir_buf_init(&topics->stretches);
  weir_buf_init(&topics->labels);
  topics->references = 1;
  return topics;
}

weir_topics *weir_topics_of(const char *label, size_t size)
{
  weir_topics *topics = new_topics();
  weir_topics_add(&topics, 0, label, size);
  return topics;
}

weir_topics *weir_topics_ref(weir_topics *topics)
{
  __atomic_add_fetch(&topics->references, 1, __ATOMIC_RELAXED);
  return topics;
}

void weir_topics_unref(weir_topics *topics)
{
  // Release what this thread read, acquire what the others did.
  if (topics == NULL ||
      __atomic_sub_fetch(&topics->references, 1, __ATOMIC_ACQ_REL) > 0)
    return;
  weir_buf_fini(&topics->stretches);
  weir_buf_fini(&topics->labels);
  weir_mem_free(topics);
}

static size_t count_of(const weir_topics *topics)
{
  return topics->stretches.size / sizeof(struct stretch);
}

static const struct stretch *stretch_at(const weir_topics *topics, size_t at)
{
  return (const struct stretch *)topics->stretches.bytes + at;
}

static const char *label_of(const weir_topics *topics, const struct stretch *stretch)
{
  return stretch->size > 0 ? topics->labels.bytes + stretch->label : NULL;
}

// Gives a list that is this one's alone.
static weir_topics *own(weir_topics *topics)
{
  if (topics == NULL)
    return new_topics();
  if (__atomic_load_n(&topics->references, __ATOMIC_ACQUIRE) == 1)
    return topics;
  weir_topics *copy = new_topics();
  weir_buf_append(&copy->stretches, topics->stretches.bytes, topics->stretches.size);
  weir_buf_append(&copy->labels, topics->labels.bytes, topics->labels.size);
  weir_topics_unref(topics);
  return copy;
}

// Whether the last stretch goes on.
static int goes_on(const weir_topics *topics, const char *label, size_t size)
{
  size_t count = count_of(topics);
  if (count == 0)
    return size == 0;
  const struct stretch *last = stretch_at(topics, count - 1);
  return last->size == size &&
         (size == 0 || memcmp(label_of(topics, last), label, size) == 0);
}

void weir_topics_add(weir_topics **topics, uint32_t row, const char *label, size_t size)
{
  weir_topics *to = own(*topics);
  *topics = to;
  // What is shared may say more than was asked.
  for (size_t i = count_of(to); i > 0 && stretch_at(to, i - 1)->row >= row; i--)
    to->stretches.size -= sizeof(struct stretch);
  if (goes_on(to, label, size))
    return;
  struct stretch added = {row, (uint32_t)size, to->labels.size};
  weir_buf_append(&to->labels, label, size);
  weir_buf_append(&to->stretches, &added, sizeof added);
}

// The first stretch that begins behind the row.
static size_t behind(const weir_topics *topics, uint32_t row)
{
  size_t low = 0;
  size_t high = topics != NULL ? count_of(topics) : 0;
  while (low < high) {
    size_t middle = low + (high - low) / 2;
    if (stretch_at(topics, middle)->row <= row)
      low = middle + 1;
    else
      high = middle;
  }
  return low;
}

// A list is shared as long as it says the same of both: where rows keep their places,
// or all of them have one label.
static int shares(weir_topics **topics, uint32_t first, weir_topics *from, uint32_t row)
{
  if (from == NULL ||
      (row != first && (count_of(from) != 1 || stretch_at(from, 0)->row > 0)))
    return 0;
  if (*topics == NULL && first == 0)
    *topics = weir_topics_ref(from);
  return *topics == from;
}

void weir_topics_carry(weir_topics **topics, uint32_t first, weir_topics *from,
                       uint32_t row, uint32_t count)
{
  if (count == 0 || shares(topics, first, from, row))
    return;
  size_t next = behind(from, row);
  if (next == 0)
    weir_topics_add(topics, first, NULL, 0);
  for (size_t i = next > 0 ? next - 1 : 0; from != NULL && i < count_of(from); i++) {
    const struct stretch *stretch = stretch_at(from, i);
    if (stretch->row >= row + count)
      break;
    uint32_t at = stretch->row > row ? stretch->row - row : 0;
    weir_topics_add(topics, first + at, label_of(from, stretch), stretch->size);
  }
}

int weir_topics_find(const weir_topics *topics, uint32_t row, weir_topic *out)
{
  size_t next = behind(topics, row);
  if (next == 0 || stretch_at(topics, next - 1)->size == 0)
    return 0;
  out->name = label_of(topics, stretch_at(topics, next - 1));
  out->type = out->name + strlen(out->name) + 1;
  if (*out->type == '\0')
    out->type = NULL;
  return 1;
}

int weir_topics_at(const weir_topics *topics, size_t at, uint32_t *row,
                   const char **label, size_t *size)
{
  if (topics == NULL || at >= count_of(topics))
    return 0;
  const struct stretch *stretch = stretch_at(topics, at);
  *row = stretch->row;
  *label = label_of(topics, stretch);
  *size = stretch->size;
  return 1;
}
