// main.c -- hands the command line to lua/weir/cli.

#include <stdio.h>

#include "engine/base/err.h"
#include "engine/host/state.h"

// Of the state that describes pipelines, until weir.run.engine knows of --max-memory.
enum { MEMORY_MAX = 1 << 30 };

int luaopen_lpeg(struct lua_State *state);

int main(int argc, char **argv)
{
  weir_host *host;
  int rc = weir_host_new(&host, MEMORY_MAX, luaopen_lpeg);
  if (rc != WEIR_OK) {
    fprintf(stderr, "weir: %s\n", weir_err_text(rc));
    return 1;
  }
  int exit_code = weir_host_main(host, argc, argv);
  weir_host_free(host);
  return exit_code;
}
