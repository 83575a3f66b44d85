// key.c -- a name as it stands before a colon.

#include "engine/data/key.h"

#include <string.h>

weir_key weir_key_of(weir_slice name)
{
  char bytes[WEIR_KEY_WINDOW] = {0};
  char mask[WEIR_KEY_WINDOW] = {0};
  size_t room = WEIR_KEY_WINDOW - 2;
  size_t size = name.size < room ? name.size : room;
  char *at = bytes + room - size;
  if (size > 0)
    memcpy(at + 1, name.bytes + name.size - size, size);
  bytes[WEIR_KEY_WINDOW - 1] = '"';
  at[0] = name.size > size ? name.bytes[name.size - size - 1] : '"';
  memset(mask + (at - bytes), 0xFF, size + 2);
  weir_key key = {.name = name};
  memcpy(key.bytes, bytes, sizeof bytes);
  memcpy(key.mask, mask, sizeof mask);
  memcpy(&key.tail, bytes + WEIR_KEY_WINDOW - WEIR_KEY_TAIL, WEIR_KEY_TAIL);
  memcpy(&key.tail_mask, mask + WEIR_KEY_WINDOW - WEIR_KEY_TAIL, WEIR_KEY_TAIL);
  for (size_t i = 0; i < name.size; i++) {
    char byte = name.bytes[i];
    key.odd |= (unsigned char)byte < 0x20 || byte == '"' || byte == '\\';
  }
  return key;
}

// Byte by byte, or those of a long name that the window does not show.
static int is_whole_key(const weir_key *key, const char *colon)
{
  size_t size = key->name.size;
  return colon[-1] == '"' && *(colon - size - 2) == '"' &&
         (size == 0 || memcmp(colon - size - 1, key->name.bytes, size) == 0);
}

int weir_key_is(const weir_key *key, const char *bytes, uint32_t start, uint32_t colon)
{
  if (colon - start < key->name.size + 2)
    return 0;
  if (colon < WEIR_KEY_WINDOW)
    return is_whole_key(key, bytes + colon);
  uint64_t words[2];
  memcpy(words, bytes + colon - WEIR_KEY_WINDOW, sizeof words);
  if ((((words[0] ^ key->bytes[0]) & key->mask[0]) |
       ((words[1] ^ key->bytes[1]) & key->mask[1])) != 0)
    return 0;
  return key->name.size + 2 <= WEIR_KEY_WINDOW || is_whole_key(key, bytes + colon);
}
