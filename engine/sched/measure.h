// measure.h -- how long records take, and how long they are, for whoever asks.
//
// Their age when a task hands them on, from when they were read; and how long they
// waited on an edge. Both are added to a histogram once a batch, for all its rows. A
// sink's is always kept. Inside a segment, where no record is written, a few rows of
// some entries are done by code that weighs what each stage lets go (run.h).
//
// Owns     its histograms, which live as long as the flow.
// Threads  any.
// Limits   20 KiB for each task and each edge that has handed records on since.

#pragma once

#include <stdint.h>

#include "engine/base/histogram.h"
#include "engine/sched/flow.h"

// From now on, or not any more.
void weir_flow_measure(weir_flow *flow, int asked);

// Adds how old the rows were that a task has handed on, or a sink has written. What is
// dropped and what has died does not count, nor what was made of nothing. 0: there
// are none.
int weir_flow_add_latency(const weir_flow *flow, uint32_t task,
                          weir_histogram *histogram);

// What the rows add up to that a stage inside a segment let go while they were weighed.
weir_weight weir_flow_weight(const weir_flow *flow, uint32_t segment, uint32_t stage);
