// lifted.c -- strip by strip through a segment that is all lifted.

#include "engine/host/lifted.h"

#include "engine/base/err.h"

// Filters put rows out as the walk passes them.
static void count_filtered(const weir_lifted *lifted, weir_run *run)
{
  for (uint32_t i = 0; i < lifted->filter_count; i++) {
    uint32_t stage = lifted->filters[i];
    double *count = &run->counts[stage * WEIR_COUNT_KINDS + WEIR_COUNT_FILTERED];
    double next = *count + (double)weir_strip_take_filtered(lifted->strip, stage);
    // Relaxed: it is looked at meanwhile, and nothing is ordered by it.
    __atomic_store(count, &next, __ATOMIC_RELAXED);
  }
}

int weir_lifted_walk(const weir_lifted *lifted, weir_run *run)
{
  weir_strip *strip = lifted->strip;
  int stop = WEIR_STRIP_END;
  weir_strip_watch(strip, &run->mark, lifted->behind);
  while (run->row < run->row_end && stop == WEIR_STRIP_END) {
    stop = weir_strip_enter(strip, lifted->program, run->batch, run->row, run->row_end);
    if (stop != WEIR_OK)
      break;
    stop = weir_strip_write(strip, run->out, run->limits.out_bytes);
    run->row = weir_strip_row(strip);
  }
  count_filtered(lifted, run);
  return stop;
}
