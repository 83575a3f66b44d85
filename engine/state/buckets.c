// buckets.c -- a token bucket for each key.

#include "engine/state/buckets.h"

#include "engine/base/err.h"
#include "engine/base/mem.h"
#include "engine/state/groups.h"

enum { FIRST = 16 };

static const double second_ns = 1e9;

typedef struct bucket {
  double tokens;
  int64_t since_ns;  // that many there were then
  int64_t full_ns;   // when it will be; 0: it has moved
} bucket;

// Its keys have numbers, and those are the places of their buckets.
struct generation {
  weir_groups *keys;
  bucket *items;
  uint64_t capacity;
};

struct weir_buckets {
  uint64_t keys_max;  // of a generation
  double *forgotten;
  struct generation newer;
  struct generation older;  // has keys_max, so that asking for another adds none
};

static struct generation begin(const weir_buckets *buckets)
{
  uint32_t none = 0;
  return (struct generation){.keys = weir_groups_new(&none, 0, buckets->keys_max)};
}

static void end(struct generation *generation)
{
  weir_groups_free(generation->keys);
  weir_mem_free(generation->items);
  *generation = (struct generation){0};
}

weir_buckets *weir_buckets_new(uint64_t max_keys, double *forgotten)
{
  weir_buckets *buckets = weir_mem_new(sizeof *buckets);
  buckets->keys_max = max_keys > 1 ? max_keys / 2 : 1;
  buckets->forgotten = forgotten;
  buckets->newer = begin(buckets);
  return buckets;
}

void weir_buckets_free(weir_buckets *buckets)
{
  if (buckets == NULL)
    return;
  end(&buckets->newer);
  end(&buckets->older);
  weir_mem_free(buckets);
}

static void age(weir_buckets *buckets, int64_t now_ns)
{
  const struct generation *older = &buckets->older;
  int64_t count = older->keys != NULL ? weir_groups_count(older->keys) : 0;
  for (int64_t id = 0; id < count && buckets->forgotten != NULL; id++)
    *buckets->forgotten += older->items[id].full_ns > now_ns;
  end(&buckets->older);
  buckets->older = buckets->newer;
  buckets->newer = begin(buckets);
}

static int reserve(struct generation *generation)
{
  uint64_t count = (uint64_t)weir_groups_count(generation->keys);
  if (count < generation->capacity)
    return WEIR_OK;
  uint64_t capacity = generation->capacity > 0 ? generation->capacity * 2 : FIRST;
  bucket *items = weir_mem_resize(generation->items, capacity * sizeof *items);
  if (items == NULL)
    return WEIR_ENOMEM;
  generation->items = items;
  generation->capacity = capacity;
  return WEIR_OK;
}

// What the older generation knows of a key moves; else the bucket is new, and full.
static bucket inherit(weir_buckets *buckets, const char *key, size_t size, double burst,
                      int64_t now_ns)
{
  const struct generation *older = &buckets->older;
  int64_t id = older->keys != NULL ? weir_groups_key(older->keys, key, size) : -1;
  if (id < 0)
    return (bucket){.tokens = burst, .since_ns = now_ns};
  bucket moved = older->items[id];
  older->items[id].full_ns = 0;
  return moved;
}

static int find(weir_buckets *buckets, const char *key, size_t size, double burst,
                int64_t now_ns, bucket **found)
{
  struct generation *newer = &buckets->newer;
  if (reserve(newer) != WEIR_OK)
    return WEIR_ENOMEM;
  int64_t count = weir_groups_count(newer->keys);
  int64_t id = weir_groups_key(newer->keys, key, size);
  if (id == WEIR_EFULL) {
    age(buckets, now_ns);
    if (reserve(newer) != WEIR_OK)
      return WEIR_ENOMEM;
    count = 0;
    id = weir_groups_key(newer->keys, key, size);
  }
  if (id < 0)
    return (int)id;
  if (id == count)
    newer->items[id] = inherit(buckets, key, size, burst, now_ns);
  *found = &newer->items[id];
  return WEIR_OK;
}

int weir_buckets_take(weir_buckets *buckets, const char *key, size_t size,
                      double rate_per_s, double burst, int64_t now_ns)
{
  // So that what is due to a nanosecond is there.
  static const double nearly_one = 1 - 1e-9;
  bucket *one = NULL;
  int rc = find(buckets, key, size, burst, now_ns, &one);
  if (rc != WEIR_OK)
    return rc;
  double tokens =
      one->tokens + (double)(now_ns - one->since_ns) * rate_per_s / second_ns;
  tokens = tokens < burst ? tokens : burst;
  int granted = tokens >= nearly_one;
  one->tokens = granted ? tokens - 1 : tokens;
  one->since_ns = now_ns;
  double missing_ns = (burst - one->tokens) * second_ns / rate_per_s;
  one->full_ns =
      missing_ns < second_ns * second_ns ? now_ns + (int64_t)missing_ns : INT64_MAX;
  return granted;
}
