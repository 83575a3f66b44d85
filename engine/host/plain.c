// plain.c -- plain Lua tables as JSON and back, each in one call.

#include "engine/host/plain.h"

#include <lauxlib.h>
#include <lua.h>
#include <string.h>

#include "engine/base/buf.h"
#include "engine/base/err.h"
#include "engine/base/slice.h"
#include "engine/data/json.h"
#include "engine/data/value.h"

enum { OTHER = 3, LIST = 4, STACK_PER_KEY = 2, STACK_SPARE = 8 };

struct member {
  weir_slice key;
  int at;  // of the value on the stack
};

static int put(lua_State *state, weir_buf *out, int at, int depth);

// Byte order; a key that is the beginning of another comes first.
static int precedes(weir_slice left, weir_slice right)
{
  size_t size = left.size < right.size ? left.size : right.size;
  int above = memcmp(left.bytes, right.bytes, size);
  return above != 0 ? above < 0 : left.size < right.size;
}

// Few enough for the simplest sort.
static void insert(struct member *members, int count, struct member member)
{
  for (; count > 0 && precedes(member.key, members[count - 1].key); count--)
    members[count] = members[count - 1];
  members[count] = member;
}

// All keys and values stay on the stack; the texts are anchored by that.
static int put_object(lua_State *state, weir_buf *out, int table, int depth)
{
  struct member members[WEIR_PLAIN_KEYS_MAX];
  int count = 0;
  int base = lua_gettop(state);
  lua_pushnil(state);
  while (lua_next(state, table)) {
    if (lua_type(state, -2) != LUA_TSTRING || count == WEIR_PLAIN_KEYS_MAX)
      return 0;
    struct member member = {.at = lua_gettop(state)};
    member.key.bytes = lua_tolstring(state, -2, &member.key.size);
    insert(members, count++, member);
    lua_pushvalue(state, -2);
  }
  for (int i = 0; i < count; i++) {
    weir_buf_byte(out, i == 0 ? '{' : ',');
    if (weir_write_utf8(out, members[i].key.bytes, members[i].key.size) != WEIR_OK)
      return 0;
    weir_buf_byte(out, ':');
    if (!put(state, out, members[i].at, depth))
      return 0;
  }
  weir_buf_text(out, count == 0 ? "{}" : "}");
  lua_settop(state, base);
  return 1;
}

static size_t count_keys(lua_State *state, int table)
{
  size_t count = 0;
  for (lua_pushnil(state); lua_next(state, table); lua_pop(state, 1))
    count++;
  return count;
}

// As many keys as the list is long, all of them taken: there are no others.
static int put_array(lua_State *state, weir_buf *out, int table, int depth)
{
  size_t length = lua_objlen(state, table);
  if (length > WEIR_PLAIN_KEYS_MAX || count_keys(state, table) != length)
    return 0;
  for (size_t i = 1; i <= length; i++) {
    weir_buf_byte(out, i == 1 ? '[' : ',');
    lua_rawgeti(state, table, (int)i);
    if (lua_isnil(state, -1) || !put(state, out, lua_gettop(state), depth))
      return 0;
    lua_pop(state, 1);
  }
  weir_buf_text(out, length == 0 ? "[]" : "]");
  return 1;
}

static int put_table(lua_State *state, weir_buf *out, int table, int depth)
{
  int room = WEIR_PLAIN_KEYS_MAX * (STACK_PER_KEY + 1) + STACK_SPARE;
  if (depth == WEIR_PLAIN_DEPTH_MAX || !lua_checkstack(state, room))
    return 0;
  int is_list = 0;
  if (lua_getmetatable(state, table)) {
    is_list = lua_rawequal(state, -1, LIST);
    if (!is_list)
      return 0;
    lua_pop(state, 1);
  }
  return is_list || lua_objlen(state, table) > 0
             ? put_array(state, out, table, depth + 1)
             : put_object(state, out, table, depth + 1);
}

static int put_other(lua_State *state, int at)
{
  lua_pushvalue(state, OTHER);
  lua_pushvalue(state, at);
  lua_call(state, 1, 1);
  int done = lua_toboolean(state, -1);
  lua_pop(state, 1);
  return done;
}

static int put(lua_State *state, weir_buf *out, int at, int depth)
{
  switch (lua_type(state, at)) {
  case LUA_TSTRING: {
    size_t size;
    const char *text = lua_tolstring(state, at, &size);
    return weir_write_utf8(out, text, size) == WEIR_OK;
  }
  case LUA_TNUMBER:
    weir_write_number(out, lua_tonumber(state, at));
    return 1;
  case LUA_TBOOLEAN:
    weir_buf_text(out, lua_toboolean(state, at) ? "true" : "false");
    return 1;
  case LUA_TTABLE:
    return put_table(state, out, at, depth);
  default:
    return put_other(state, at);
  }
}

static void *address_at(lua_State *state, int at)
{
  // NOLINTNEXTLINE(performance-no-int-to-ptr): Lua has addresses as numbers
  return (void *)(uintptr_t)luaL_checknumber(state, at);
}

static int put_plain(lua_State *state)
{
  weir_buf *out = address_at(state, 1);
  lua_settop(state, LIST);
  lua_pushboolean(state, put(state, out, 2, 0));
  return 1;
}

// The arguments of take, which stay where they are.
enum { TEXT = 1, VALUE, NULL_VALUE, INTEGER, MARK };

struct reading {
  lua_State *state;
  weir_value *value;
  weir_buf scratch;
};

static int take(struct reading *reading, weir_slice json, int depth);

static int take_key(struct reading *reading, const weir_json_walk *walk)
{
  weir_slice key = walk->key;
  if (walk->key_escaped) {
    weir_buf_clear(&reading->scratch);
    int code = weir_json_unescape(key, &reading->scratch);
    if (code != WEIR_OK)
      return code;
    key = (weir_slice){reading->scratch.bytes, reading->scratch.size};
  }
  lua_pushlstring(reading->state, key.bytes, key.size);
  return WEIR_OK;
}

// Of two members of one key the later is found, as in records.
static int take_table(struct reading *reading, weir_slice json, int depth)
{
  lua_State *state = reading->state;
  if (depth == WEIR_JSON_DEPTH_MAX || !lua_checkstack(state, STACK_SPARE))
    return WEIR_EDEPTH;
  lua_newtable(state);
  int is_object = json.bytes[0] == '{';
  if (!is_object) {
    lua_pushvalue(state, MARK);
    lua_setmetatable(state, -2);
  }
  weir_json_walk walk = weir_json_walk_start(json);
  for (int i = 1; weir_json_walk_next(&walk); i++) {
    int code = is_object ? take_key(reading, &walk) : WEIR_OK;
    if (code == WEIR_OK)
      code = take(reading, walk.value, depth + 1);
    if (code != WEIR_OK)
      return code;
    if (is_object)
      lua_rawset(state, -3);
    else
      lua_rawseti(state, -2, i);
  }
  return walk.code;
}

// Leaves one value on the stack, or an unknown number of them after an error.
static int take(struct reading *reading, weir_slice json, int depth)
{
  lua_State *state = reading->state;
  weir_value *value = reading->value;
  weir_buf_clear(&reading->scratch);
  int code = weir_value_read(json, &reading->scratch, value);
  if (code != WEIR_OK)
    return code;
  switch (value->kind) {
  case WEIR_NULL:
    lua_pushvalue(state, NULL_VALUE);
    return WEIR_OK;
  case WEIR_FALSE:
  case WEIR_TRUE:
    lua_pushboolean(state, value->kind == WEIR_TRUE);
    return WEIR_OK;
  case WEIR_NUMBER:
    lua_pushnumber(state, value->number);
    return WEIR_OK;
  case WEIR_INTEGER:
    lua_pushvalue(state, INTEGER);
    lua_call(state, 0, 1);
    return WEIR_OK;
  case WEIR_TEXT:
    lua_pushlstring(state, value->text, value->size);
    return WEIR_OK;
  default:
    return take_table(reading, json, depth);
  }
}

// What raises inside is no more than "not enough memory", which ends the state.
static int take_plain(lua_State *state)
{
  const weir_buf *text = address_at(state, TEXT);
  struct reading reading = {.state = state, .value = address_at(state, VALUE)};
  lua_settop(state, MARK);
  weir_buf_init(&reading.scratch);
  int code = take(&reading, (weir_slice){text->bytes, text->size}, 0);
  weir_buf_fini(&reading.scratch);
  return code == WEIR_OK ? 1 : 0;
}

int weir_plain_open(lua_State *state)
{
  static const luaL_Reg functions[] = {
      {"put", put_plain}, {"take", take_plain}, {NULL, NULL}};
  lua_newtable(state);
  luaL_register(state, NULL, functions);
  return 1;
}
