// match_class.c -- which bytes a class or a set of a pattern has.

#include "engine/op/match_class.h"

static bool is_digit(int c) { return c >= '0' && c <= '9'; }

static bool is_lower(int c) { return c >= 'a' && c <= 'z'; }

static bool is_upper(int c) { return c >= 'A' && c <= 'Z'; }

static bool is_alpha(int c) { return is_lower(c | 0x20) && c < 0x80; }

static bool is_graphic(int c) { return c > ' ' && c < 0x7f; }

bool weir_match_in_class(int c, int class)
{
  bool in;
  switch (class | 0x20) {
  case 'a':
    in = is_alpha(c);
    break;
  case 'c':
    in = c < ' ' || c == 0x7f;
    break;
  case 'd':
    in = is_digit(c);
    break;
  case 'g':
    in = is_graphic(c);
    break;
  case 'l':
    in = is_lower(c);
    break;
  case 'p':
    in = is_graphic(c) && !is_alpha(c) && !is_digit(c);
    break;
  case 's':
    in = c == ' ' || (c >= '\t' && c <= '\r');
    break;
  case 'u':
    in = is_upper(c);
    break;
  case 'w':
    in = is_alpha(c) || is_digit(c);
    break;
  case 'x':
    in = is_digit(c) || (is_alpha(c) && (c | 0x20) <= 'f');
    break;
  case 'z':
    in = c == 0;
    break;
  default:
    return class == c;
  }
  return in == is_lower(class);
}

bool weir_match_in_set(int c, const unsigned char *p, const unsigned char *end)
{
  bool wanted = true;
  p++;
  if (*p == '^') {
    wanted = false;
    p++;
  }
  for (; p < end; p++) {
    if (*p == '%') {
      p++;
      if (weir_match_in_class(c, *p))
        return wanted;
    } else if (p[1] == '-' && p + 2 < end) {
      if (p[0] <= c && c <= p[2])
        return wanted;
      p += 2;
    } else if (*p == c) {
      return wanted;
    }
  }
  return !wanted;
}
