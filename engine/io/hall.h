// hall.h -- where an audience is: its door, who is inside, and what is said to them.
//
// `heard` is how far in what is said somebody has been given it. What is behind it
// still waits for somebody, and whoever comes begins there.
//
// Owns     its sockets, and a copy of what not everybody has been given.
// Threads  one at a time, and only one of them serves.
// Errors   as audience.h.

#pragma once

#include <stddef.h>
#include <stdint.h>

#include "engine/io/audience.h"
#include "engine/io/door.h"
#include "engine/io/hearer.h"

typedef struct weir_hall {
  weir_audience_options options;
  weir_net *net;
  weir_door door;
  weir_hearer *hearers;
  weir_outbox said;
  weir_slice preamble;  // of whoever speaks
  uint64_t heard;
  int says_goodbye;  // all is said
  int in_doubt;      // somebody may be gone, and is looked at again soon
  char address[WEIR_ADDRESS_TEXT];
  weir_counter counters[WEIR_AUDIENCE_COUNTERS];
} weir_hall;

int weir_hall_open(weir_hall *hall, const weir_audience_options *options, char *message,
                   size_t message_size);
void weir_hall_fini(weir_hall *hall);  // also of one that could not be opened

// Does what can be done without waiting, and says for how long there is nothing else to
// do, if nothing happens: a timeout of weir_net_wait.
int64_t weir_hall_serve(weir_hall *hall);

// What the next serve gives to everybody; takes the rows.
void weir_hall_say(weir_hall *hall, weir_outbox *rows, weir_slice preamble);
int weir_hall_has_heard(const weir_hall *hall);  // somebody has, and nobody lacks any

void weir_hall_say_goodbye(weir_hall *hall);
int weir_hall_is_empty(const weir_hall *hall);
