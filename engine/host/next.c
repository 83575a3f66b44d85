// next.c -- `next` and `pairs` for weir's Lua states.

#include "engine/host/next.h"

#include <lauxlib.h>
#include <lua.h>

static int next(lua_State *state)
{
  luaL_checktype(state, 1, LUA_TTABLE);
  lua_settop(state, 2);
  if (lua_next(state, 1))
    return 2;
  lua_pushnil(state);
  return 1;
}

// Its upvalue is the function above, so that a loop calls just that.
static int pairs(lua_State *state)
{
  luaL_checktype(state, 1, LUA_TTABLE);
  lua_pushvalue(state, lua_upvalueindex(1));
  lua_pushvalue(state, 1);
  lua_pushnil(state);
  return 3;
}

void weir_host_replace_next(lua_State *state)
{
  lua_pushcfunction(state, next);
  lua_pushvalue(state, -1);
  lua_setglobal(state, "next");
  lua_pushcclosure(state, pairs, 1);
  lua_setglobal(state, "pairs");
}
