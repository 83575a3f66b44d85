// publisher.c -- which subscribers a record goes to, by a topic made of it.

#include "engine/op/publisher.h"

#include <string.h>

#include "engine/base/check.h"
#include "engine/base/err.h"
#include "engine/base/hash.h"
#include "engine/base/mem.h"
#include "engine/data/template.h"
#include "engine/op/context.h"
#include "engine/op/record.h"

enum { GROW_BY = 16, MESSAGE_MAX = 256 };

struct interest {
  char *pattern;
  char *type;  // NULL: any
  uint32_t port;
};

struct interests {
  struct interest *items;
  uint32_t count;
};

// The ports of one topic and type. A later one that falls on its place takes it.
struct place {
  uint64_t hash;
  weir_buf label;
  weir_buf ports;
};

struct weir_publisher {
  weir_template *topic;
  weir_template *type;  // or NULL
  weir_buf type_text;
  weir_buf label;          // topic, NUL, type, NUL
  struct interests exact;  // of a single topic each, sorted by it
  struct interests wild;
  struct place places[WEIR_PUBLISHER_PLACES];
  char message[MESSAGE_MAX];
};

int weir_publisher_new(weir_publisher **out, const char *topic, const char *type,
                       char *message, size_t message_size)
{
  weir_publisher *publisher = weir_mem_new(sizeof *publisher);
  int rc = weir_template_new(&publisher->topic, WEIR_TEMPLATE_TOPIC, topic, message,
                             message_size);
  if (rc == WEIR_OK && type != NULL)
    rc = weir_template_new(&publisher->type, WEIR_TEMPLATE_TYPE, type, message,
                           message_size);
  if (rc != WEIR_OK) {
    weir_publisher_free(publisher);
    return rc;
  }
  *out = publisher;
  return WEIR_OK;
}

static void free_interests(struct interests *interests)
{
  for (uint32_t i = 0; i < interests->count; i++) {
    weir_mem_free(interests->items[i].pattern);
    weir_mem_free(interests->items[i].type);
  }
  weir_mem_free(interests->items);
}

void weir_publisher_free(weir_publisher *publisher)
{
  if (publisher == NULL)
    return;
  free_interests(&publisher->exact);
  free_interests(&publisher->wild);
  for (uint32_t i = 0; i < WEIR_PUBLISHER_PLACES; i++) {
    weir_buf_fini(&publisher->places[i].label);
    weir_buf_fini(&publisher->places[i].ports);
  }
  weir_buf_fini(&publisher->label);
  weir_buf_fini(&publisher->type_text);
  weir_template_free(publisher->type);
  weir_template_free(publisher->topic);
  weir_mem_free(publisher);
}

// The first that does not come before a topic.
static uint32_t place_in(const struct interests *exact, const char *topic)
{
  uint32_t low = 0;
  uint32_t high = exact->count;
  while (low < high) {
    uint32_t middle = low + (high - low) / 2;
    if (strcmp(exact->items[middle].pattern, topic) < 0)
      low = middle + 1;
    else
      high = middle;
  }
  return low;
}

static struct interest *make_room(struct interests *interests, uint32_t at)
{
  uint32_t count = interests->count++;
  if (count % GROW_BY == 0) {
    size_t size = (count + GROW_BY) * sizeof interests->items[0];
    interests->items = weir_mem_resize(interests->items, size);
    WEIR_ASSERT(interests->items != NULL);
  }
  struct interest *made = interests->items + at;
  memmove(made + 1, made, (count - at) * sizeof *made);
  return made;
}

void weir_publisher_add(weir_publisher *publisher, const char *pattern,
                        const char *type, uint32_t port)
{
  struct interests *wild = &publisher->wild;
  struct interests *exact = &publisher->exact;
  struct interest *added = strpbrk(pattern, "*>") != NULL
                               ? make_room(wild, wild->count)
                               : make_room(exact, place_in(exact, pattern));
  *added = (struct interest){
      .pattern = weir_mem_text(pattern),
      .type = type != NULL ? weir_mem_text(type) : NULL,
      .port = port,
  };
}

int weir_topic_matches(const char *pattern, const char *topic)
{
  while (strcmp(pattern, ">") != 0) {
    size_t wanted = strcspn(pattern, ".");
    size_t size = strcspn(topic, ".");
    int any = wanted == 1 && *pattern == '*';
    if (!any && (wanted != size || memcmp(pattern, topic, size) != 0))
      return 0;
    if (pattern[wanted] == '\0' || topic[size] == '\0')
      return pattern[wanted] == topic[size];
    pattern += wanted + 1;
    topic += size + 1;
  }
  return 1;
}

static void note(struct place *place, const struct interest *interest, weir_slice type)
{
  if (interest->type == NULL || (strlen(interest->type) == type.size &&
                                 memcmp(interest->type, type.bytes, type.size) == 0))
    weir_buf_append(&place->ports, &interest->port, sizeof interest->port);
}

static void find_ports(const weir_publisher *publisher, struct place *place)
{
  const char *topic = place->label.bytes;
  size_t behind = strlen(topic) + 1;
  weir_slice type = {topic + behind, place->label.size - behind - 1};
  weir_buf_clear(&place->ports);
  const struct interests *exact = &publisher->exact;
  for (uint32_t i = place_in(exact, topic);
       i < exact->count && strcmp(exact->items[i].pattern, topic) == 0; i++)
    note(place, &exact->items[i], type);
  for (uint32_t i = 0; i < publisher->wild.count; i++)
    if (weir_topic_matches(publisher->wild.items[i].pattern, topic))
      note(place, &publisher->wild.items[i], type);
}

static const struct place *place_of(weir_publisher *publisher)
{
  const weir_buf *label = &publisher->label;
  uint64_t hash = weir_hash(label->bytes, label->size);
  struct place *place = &publisher->places[hash % WEIR_PUBLISHER_PLACES];
  if (place->hash == hash && place->label.size == label->size &&
      memcmp(place->label.bytes, label->bytes, label->size) == 0)
    return place;
  place->hash = hash;
  weir_buf_clear(&place->label);
  weir_buf_append(&place->label, label->bytes, label->size);
  find_ports(publisher, place);
  return place;
}

struct source {
  weir_rows *rows;
  const weir_record *record;
};

static int find(void *context, weir_field *field, weir_slice *json)
{
  const struct source *from = context;
  return weir_record_raw(from->rows, from->record, field, json);
}

// Fills the label; the texts end in a NUL each.
static int name_record(weir_publisher *publisher, weir_rows *rows, uint32_t slot)
{
  const weir_batch *batch = rows->slots[slot].batch;
  struct source from = {rows, weir_rows_slot(rows, slot)};
  weir_template_record record = {find, &from, batch != NULL ? batch->ingest_ns : 0};
  weir_buf *label = &publisher->label;
  int rc = weir_template_fill(publisher->topic, &record, label, publisher->message,
                              sizeof publisher->message);
  if (rc != WEIR_OK || publisher->type == NULL) {
    weir_buf_byte(label, '\0');
    return rc;
  }
  weir_buf *text = &publisher->type_text;
  rc = weir_template_fill(publisher->type, &record, text, publisher->message,
                          sizeof publisher->message);
  weir_buf_append(label, text->bytes, text->size);
  return rc;
}

int weir_publisher_write(weir_publisher *publisher, weir_rows *rows, uint32_t slot,
                         weir_batch *const *out, size_t full_bytes)
{
  int rc = name_record(publisher, rows, slot);
  if (rc != WEIR_OK)
    return rc;
  const struct place *place = place_of(publisher);
  const weir_buf *label = &publisher->label;
  size_t count = place->ports.size / sizeof(uint32_t);
  const uint32_t *ports = (const uint32_t *)place->ports.bytes;
  int published = count > 0 ? WEIR_PUBLISHED : WEIR_PUBLISHED_NOWHERE;
  for (size_t i = 0; i < count; i++) {
    weir_batch *to = out[ports[i]];
    rc = weir_rows_write(rows, slot, to);
    if (rc != WEIR_OK)
      return rc;
    weir_topics_add(&to->topics, to->row_count - 1, label->bytes, label->size);
    if (to->bytes.size >= full_bytes)
      published = WEIR_PUBLISHED_FULL;
  }
  return published;
}

const char *weir_publisher_message(const weir_publisher *publisher)
{
  return publisher->message;
}
