// watch.c -- what happens in directories, by libuv.

#include "engine/loop/watch.h"

#include <errno.h>
#include <stddef.h>
#include <string.h>
#include <sys/stat.h>
#include <uv.h>

#include "engine/base/err.h"
#include "engine/base/mem.h"
#include "engine/loop/socket.h"

enum { KEPT = 64 };

struct place {
  uv_fs_event_t event;
  weir_watch *watch;
  struct place *next;
  char *directory;
  dev_t device;
  ino_t inode;
  int wanted;
};

struct weir_watch {
  weir_net *net;
  struct place *first;
  weir_change changes[KEPT];
  uint32_t change_count;
  uint32_t taken;
  int overrun;
};

weir_watch *weir_watch_new(weir_net *net)
{
  weir_watch *watch = weir_mem_new(sizeof *watch);
  watch->net = net;
  return watch;
}

static void closed(uv_handle_t *handle) { weir_mem_free(handle->data); }

static void let_go(struct place *place)
{
  weir_mem_free(place->directory);
  uv_close((uv_handle_t *)&place->event, closed);
}

void weir_watch_free(weir_watch *watch)
{
  if (watch == NULL)
    return;
  while (watch->first != NULL) {
    struct place *place = watch->first;
    watch->first = place->next;
    let_go(place);
  }
  weir_mem_free(watch);
}

static void note(weir_watch *watch, enum weir_change_kind kind, const char *name)
{
  for (uint32_t i = watch->taken; i < watch->change_count; i++)
    if (watch->changes[i].kind == kind && strcmp(watch->changes[i].name, name) == 0)
      return;
  size_t size = strlen(name);
  if (watch->change_count == KEPT || size >= sizeof watch->changes[0].name) {
    watch->overrun = 1;
    return;
  }
  weir_change *change = &watch->changes[watch->change_count++];
  change->kind = kind;
  memcpy(change->name, name, size + 1);
}

static void changed(uv_fs_event_t *handle, const char *name, int events, int status)
{
  struct place *place = handle->data;
  weir_watch *watch = place->watch;
  if (status != 0)
    watch->overrun = 1;
  else
    note(watch, events & UV_RENAME ? WEIR_CHANGE_MOVED : WEIR_CHANGE_WRITTEN,
         name != NULL ? name : "");
  weir_net_stir(watch->net);
}

void weir_watch_begin(weir_watch *watch)
{
  for (struct place *place = watch->first; place != NULL; place = place->next)
    place->wanted = 0;
}

static int begin_place(weir_watch *watch, const char *directory,
                       const struct stat *found)
{
  struct place *place = weir_mem_new(sizeof *place);
  int rc = uv_fs_event_init(weir_net_uv(watch->net), &place->event);
  if (rc != 0) {
    weir_mem_free(place);
    return rc;
  }
  place->event.data = place;
  place->watch = watch;
  place->directory = weir_mem_text(directory);
  place->device = found->st_dev;
  place->inode = found->st_ino;
  place->wanted = 1;
  rc = uv_fs_event_start(&place->event, changed, directory, 0);
  if (rc != 0) {
    let_go(place);
    return rc;
  }
  place->next = watch->first;
  watch->first = place;
  return 1;
}

int weir_watch_add(weir_watch *watch, const char *directory)
{
  struct stat found;
  if (stat(directory, &found) != 0)
    return -errno;
  for (struct place *place = watch->first; place != NULL; place = place->next) {
    // One that was removed and made anew is another one of the same name.
    if (strcmp(place->directory, directory) == 0 && place->device == found.st_dev &&
        place->inode == found.st_ino) {
      place->wanted = 1;
      return WEIR_OK;
    }
  }
  return begin_place(watch, directory, &found);
}

void weir_watch_end(weir_watch *watch)
{
  for (struct place **at = &watch->first; *at != NULL;) {
    struct place *place = *at;
    if (place->wanted) {
      at = &place->next;
      continue;
    }
    *at = place->next;
    let_go(place);
  }
}

int weir_watch_take(weir_watch *watch, weir_change *out)
{
  if (watch->overrun) {
    watch->overrun = 0;
    watch->taken = watch->change_count = 0;
    *out = (weir_change){.kind = WEIR_CHANGE_ANY};
    return WEIR_OK;
  }
  if (watch->taken == watch->change_count) {
    watch->taken = watch->change_count = 0;
    return WEIR_EEMPTY;
  }
  *out = watch->changes[watch->taken++];
  return WEIR_OK;
}
