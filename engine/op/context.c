// context.c -- handles: making them, and finding what they name.

#include "engine/op/context.h"

#include "engine/base/err.h"

enum {
  KIND_SHIFT = 62,
  SLOT_SHIFT = 57,
  SLOT_NODE_SHIFT = 36,
  BERTH_SHIFT = 32,
  BERTH_NODE_SHIFT = 12,
  KIND_SLOT = 2,
  KIND_BERTH = 3,
};

static const uint64_t node_mask = WEIR_RECORD_NODES_MAX - 1;
static const uint64_t slot_mask = WEIR_ROWS_SLOTS_MAX - 1;
static const uint64_t slot_generation_mask = ((uint64_t)1 << SLOT_NODE_SHIFT) - 1;
static const uint64_t berth_mask = ((uint64_t)1 << 30) - 1;
static const uint64_t berth_generation_mask = ((uint64_t)1 << BERTH_NODE_SHIFT) - 1;

static uint64_t bits_of(const weir_record *record)
{
  return (uint64_t)(uintptr_t)record;
}

static weir_record *handle_of(uint64_t bits)
{
  return (weir_record *)(uintptr_t)bits;  // NOLINT(performance-no-int-to-ptr)
}

static int find_in_slot(weir_rows *rows, uint64_t bits, weir_place *out)
{
  uint32_t number = (uint32_t)(bits >> SLOT_SHIFT & slot_mask);
  uint32_t node = (uint32_t)(bits >> SLOT_NODE_SHIFT & node_mask);
  uint64_t generation = bits & slot_generation_mask;
  weir_slot *slot = &rows->slots[number];
  int own = node == WEIR_NODE_ROOT && generation == 0;
  int current = generation == (slot->generation & slot_generation_mask) &&
                node < slot->doc.node_count;
  if (!slot->open || !(own || current))
    return WEIR_ESTALE;
  *out = (weir_place){.doc = &slot->doc, .slot = slot, .node = node, .number = number};
  return WEIR_OK;
}

static int find_in_berth(weir_rows *rows, uint64_t bits, weir_place *out)
{
  uint32_t number = (uint32_t)(bits >> BERTH_SHIFT & berth_mask);
  uint32_t node = (uint32_t)(bits >> BERTH_NODE_SHIFT & node_mask);
  if (number >= rows->berth_count)
    return WEIR_ESTALE;
  weir_berth *berth = &rows->berths[number];
  if (berth->detached == NULL ||
      (berth->generation & berth_generation_mask) != (bits & berth_generation_mask) ||
      node >= berth->detached->doc.node_count)
    return WEIR_ESTALE;
  *out = (weir_place){
      .doc = &berth->detached->doc,
      .detached = berth->detached,
      .node = node,
      .number = number,
  };
  return WEIR_OK;
}

int weir_place_find(weir_rows *rows, const weir_record *record, weir_place *out)
{
  uint64_t bits = bits_of(record);
  switch (bits >> KIND_SHIFT) {
  case KIND_SLOT:
    return find_in_slot(rows, bits, out);
  case KIND_BERTH:
    return find_in_berth(rows, bits, out);
  default:
    return WEIR_ESTALE;
  }
}

weir_record *weir_place_handle(const weir_rows *rows, const weir_place *place,
                               uint32_t node)
{
  if (place->detached != NULL) {
    uint64_t generation = rows->berths[place->number].generation;
    return handle_of(
        (uint64_t)KIND_BERTH << KIND_SHIFT | (uint64_t)place->number << BERTH_SHIFT |
        (uint64_t)node << BERTH_NODE_SHIFT | (generation & berth_generation_mask));
  }
  return handle_of((uint64_t)KIND_SLOT << KIND_SHIFT |
                   (uint64_t)place->number << SLOT_SHIFT |
                   (uint64_t)node << SLOT_NODE_SHIFT |
                   (place->slot->generation & slot_generation_mask));
}

weir_record *weir_rows_slot(weir_rows *rows, uint32_t slot)
{
  (void)rows;
  return handle_of((uint64_t)KIND_SLOT << KIND_SHIFT | (uint64_t)slot << SLOT_SHIFT);
}
