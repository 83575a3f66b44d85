// token.c -- the texts that patterns name most, each measured by hand.

#include "engine/codec/token.h"

#include <arpa/inet.h>
#include <string.h>

enum { OCTETS = 4, OCTET_DIGITS = 3, OCTET_MAX = 255, IPV6_SIZE_MAX = 45 };

static int is_digit(char byte) { return byte >= '0' && byte <= '9'; }

// Marks what is no digit among eight bytes; what is above the lowest mark may be wrong.
static uint64_t non_digits(const char *at)
{
  static const uint64_t ones = 0x0101010101010101u;
  uint64_t word;
  memcpy(&word, at, sizeof word);
  word ^= ones * '0';
  return (word | (word + ones * (0x80 - 10))) & (ones << 7);
}

static uint32_t digits(const char *bytes, uint32_t size, uint32_t at)
{
  for (; at < size; at += (uint32_t)sizeof(uint64_t)) {
    uint64_t marks = non_digits(bytes + at);
    if (marks == 0)
      continue;
    at += (uint32_t)__builtin_ctzll(marks) >> 3;
    break;
  }
  return at < size ? at : size;
}

static uint32_t sign(const char *bytes, uint32_t size, uint32_t at)
{
  return at < size && (bytes[at] == '-' || bytes[at] == '+') ? at + 1 : at;
}

uint32_t weir_token_integer(const char *bytes, uint32_t size)
{
  uint32_t first = sign(bytes, size, 0);
  uint32_t end = digits(bytes, size, first);
  return end > first ? end : 0;
}

uint32_t weir_token_number(const char *bytes, uint32_t size)
{
  uint32_t first = sign(bytes, size, 0);
  uint32_t end = digits(bytes, size, first);
  int any = end > first;
  if (end < size && bytes[end] == '.') {
    uint32_t fraction = digits(bytes, size, end + 1);
    if (fraction > end + 1) {
      end = fraction;
      any = 1;
    }
  }
  if (!any)
    return 0;
  if (end < size && (bytes[end] == 'e' || bytes[end] == 'E')) {
    uint32_t exponent = sign(bytes, size, end + 1);
    uint32_t past = digits(bytes, size, exponent);
    if (past > exponent)
      end = past;
  }
  return end;
}

static uint32_t ipv4_size(const char *bytes, uint32_t size)
{
  uint32_t at = 0;
  for (int octet = 0; octet < OCTETS; octet++) {
    if (octet > 0 && (at == size || bytes[at++] != '.'))
      return 0;
    uint32_t first = at;
    uint32_t value = 0;
    for (; at < size && is_digit(bytes[at]) && at - first <= OCTET_DIGITS; at++)
      value = value * 10 + (uint32_t)(bytes[at] - '0');
    if (at == first || at - first > OCTET_DIGITS || value > OCTET_MAX)
      return 0;
  }
  return at;
}

static int is_ipv6_byte(char byte)
{
  return is_digit(byte) || (byte >= 'a' && byte <= 'f') ||
         (byte >= 'A' && byte <= 'F') || byte == ':' || byte == '.';
}

static uint32_t ipv6_size(const char *bytes, uint32_t size)
{
  uint32_t run = 0;
  while (run < size && run <= IPV6_SIZE_MAX && is_ipv6_byte(bytes[run]))
    run++;
  if (run > IPV6_SIZE_MAX || memchr(bytes, ':', run) == NULL)
    return 0;
  char text[IPV6_SIZE_MAX + 1];
  memcpy(text, bytes, run);
  while (run > 0) {
    struct in6_addr address;
    text[run] = '\0';
    if (inet_pton(AF_INET6, text, &address) == 1)
      return run;
    if (text[run - 1] != ':' && text[run - 1] != '.')
      return 0;
    run--;
  }
  return 0;
}

uint32_t weir_token_address(const char *bytes, uint32_t size, int ipv4, int ipv6)
{
  uint32_t found = ipv4 ? ipv4_size(bytes, size) : 0;
  return found == 0 && ipv6 ? ipv6_size(bytes, size) : found;
}

uint32_t weir_token_quoted(const char *bytes, uint32_t size)
{
  if (size < 2 || bytes[0] != '"')
    return 0;
  uint32_t at = 1;
  while (at < size) {
    const char *quote = memchr(bytes + at, '"', size - at);
    if (quote == NULL)
      return 0;
    uint32_t end = (uint32_t)(quote - bytes);
    uint32_t slashes = 0;
    while (slashes < end - 1 && bytes[end - 1 - slashes] == '\\')
      slashes++;
    if (slashes % 2 == 0)
      return end + 1;
    at = end + 1;
  }
  return 0;
}
