// modules.c -- where a state finds weir's modules.

#include "engine/host/modules.h"

#include <lauxlib.h>
#include <lua.h>
#include <stdio.h>
#include <string.h>

#include "engine/host/embed.h"

enum { PATH_MAX_BYTES = 512 };

static const weir_embedded *find_module(const char *name)
{
  char path[PATH_MAX_BYTES];
  size_t size = strlen(name);
  if (size + sizeof "lua//init.lua" > sizeof path)
    return NULL;
  snprintf(path, sizeof path, "lua/%s.lua", name);
  for (char *at = path + 4; at < path + 4 + size; at++) {
    if (*at == '.')
      *at = '/';
  }
  const weir_embedded *file = weir_embedded_find(path);
  if (file != NULL)
    return file;
  memcpy(path + 4 + size, "/init.lua", sizeof "/init.lua");
  return weir_embedded_find(path);
}

// A member of package.loaders.
static int search(lua_State *state)
{
  const char *name = luaL_checkstring(state, 1);
  const weir_embedded *file = find_module(name);
  if (file == NULL) {
    lua_pushfstring(state, "\n\tno module '%s' in weir", name);
    return 1;
  }
  char chunk[PATH_MAX_BYTES];
  snprintf(chunk, sizeof chunk, "@%s", file->path);
  if (luaL_loadbuffer(state, file->bytes, file->size, chunk) != 0)
    return lua_error(state);
  return 1;
}

// require("weir.embedded").find(path): the file's bytes, or nil.
static int find(lua_State *state)
{
  const weir_embedded *file = weir_embedded_find(luaL_checkstring(state, 1));
  if (file == NULL)
    return 0;
  lua_pushlstring(state, file->bytes, file->size);
  return 1;
}

// require("weir.embedded").list(prefix): the paths that start so, in order.
static int list(lua_State *state)
{
  size_t size;
  const char *prefix = luaL_checklstring(state, 1, &size);
  lua_newtable(state);
  int count = 0;
  for (size_t i = 0; i < weir_embedded_count; i++) {
    if (strncmp(weir_embedded_files[i].path, prefix, size) == 0) {
      lua_pushstring(state, weir_embedded_files[i].path);
      lua_rawseti(state, -2, ++count);
    }
  }
  return 1;
}

static int open_embedded(lua_State *state)
{
  static const luaL_Reg functions[] = {{"find", find}, {"list", list}, {NULL, NULL}};
  lua_newtable(state);
  luaL_register(state, NULL, functions);
  return 1;
}

// Puts our searcher second: after package.preload, before the disk.
static void add_searcher(lua_State *state)
{
  lua_getglobal(state, "package");
  lua_getfield(state, -1, "loaders");
  for (int i = (int)lua_objlen(state, -1); i >= 2; i--) {
    lua_rawgeti(state, -1, i);
    lua_rawseti(state, -2, i + 1);
  }
  lua_pushcfunction(state, search);
  lua_rawseti(state, -2, 2);
  lua_pop(state, 2);
}

void weir_modules_preload(lua_State *state, const char *name, lua_CFunction opener,
                          void *given)
{
  luaL_findtable(state, LUA_GLOBALSINDEX, "package.preload", 1);
  lua_pushlightuserdata(state, given);
  lua_pushcclosure(state, opener, 1);
  lua_setfield(state, -2, name);
  lua_pop(state, 1);
}

void weir_modules_add(lua_State *state)
{
  if (weir_embedded_count == 0)
    return;
  add_searcher(state);
  weir_modules_preload(state, "weir.embedded", open_embedded, NULL);
}
