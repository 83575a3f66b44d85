// roll.c -- connections in the order in which they have waited.

#include "engine/io/roll.h"

#include <stddef.h>

void weir_roll_add(weir_roll *roll, weir_connection *connection, int64_t now_ns)
{
  connection->older = roll->newest;
  connection->newer = NULL;
  *(roll->newest != NULL ? &roll->newest->newer : &roll->oldest) = connection;
  roll->newest = connection;
  connection->active_ns = now_ns;
}

void weir_roll_remove(weir_roll *roll, weir_connection *connection)
{
  *(connection->older != NULL ? &connection->older->newer : &roll->oldest) =
      connection->newer;
  *(connection->newer != NULL ? &connection->newer->older : &roll->newest) =
      connection->older;
}

void weir_roll_free_all(weir_roll *roll)
{
  while (roll->oldest != NULL) {
    weir_connection *connection = roll->oldest;
    weir_roll_remove(roll, connection);
    weir_connection_free(connection);
  }
}
