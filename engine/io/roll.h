// roll.h -- connections in the order in which they have waited, the longest first.
//
// Owns     nothing but the order.
// Threads  one at a time.

#pragma once

#include <stdint.h>

#include "engine/io/connection.h"

typedef struct weir_roll {
  weir_connection *oldest;
  weir_connection *newest;
} weir_roll;

// At the end, since now. A connection stands in one roll at most.
void weir_roll_add(weir_roll *roll, weir_connection *connection, int64_t now_ns);
void weir_roll_remove(weir_roll *roll, weir_connection *connection);
void weir_roll_free_all(weir_roll *roll);
