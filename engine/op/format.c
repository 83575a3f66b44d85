// format.c -- the kernel of string.format: one value by one directive.
//
// Fractions are rounded by what the double really is: the product with a power of ten
// and its error are known exactly. Where that lies half way, libraries differ, and the
// row code has to say.

#include <math.h>
#include <string.h>

#include "engine/op/machine.h"
#include "engine/op/views.h"

enum { WIDTH_MAX = 99, PRECISION_MAX = 9, NUMBER_ROOM = 40 };

static const double exact_max = 0x1p53;

struct directive {
  uint32_t width;
  uint32_t precision;
  uint32_t precise;  // it has one
  char pad;          // ' ' or '0' before the value, or '-' for blanks behind it
  char letter;
};

static uint32_t read_digits(const char **at)
{
  uint32_t number = 0;
  for (; **at >= '0' && **at <= '9'; ++*at)
    number = number * 10 + (uint32_t)(**at - '0');
  return number;
}

// %[-0]width.precision[dsfxX], as the lifting lets it through.
static struct directive directive_of(const weir_datum *text)
{
  const char *at = text->text + 1;
  struct directive made = {.pad = ' '};
  if (*at == '-' || *at == '0')
    made.pad = *at++;
  made.width = read_digits(&at);
  made.precise = *at == '.';
  if (made.precise) {
    at++;
    made.precision = read_digits(&at);
  }
  made.letter = *at;
  return made;
}

static char *digits_before(char *end, uint64_t number, uint32_t base, char ten)
{
  do {
    uint32_t digit = (uint32_t)(number % base);
    *--end = (char)(digit < 10 ? '0' + digit : (uint32_t)ten + digit - 10);
  } while ((number /= base) > 0);
  return end;
}

// Writes the magnitude before end; NULL: not known for sure.
static char *write_fixed(char *end, double magnitude, uint32_t precision)
{
  static const double powers[PRECISION_MAX + 1] = {1e0, 1e1, 1e2, 1e3, 1e4,
                                                   1e5, 1e6, 1e7, 1e8, 1e9};
  double product = magnitude * powers[precision];
  if (!(product < exact_max))
    return NULL;
  double below = floor(product);
  double half = (product - below - 0.5) + fma(magnitude, powers[precision], -product);
  if (half == 0)
    return NULL;
  uint64_t digits = (uint64_t)below + (half > 0);
  char *at = end;
  for (uint32_t i = 0; i < precision; i++, digits /= 10)
    *--at = (char)('0' + digits % 10);
  if (precision > 0)
    *--at = '.';
  return digits_before(at, digits, 10, 'a');
}

static char *write_number(char *end, const struct directive *directive, double x)
{
  double magnitude = fabs(x);
  char *at = NULL;
  if (directive->letter == 'f') {
    at = write_fixed(end, magnitude, directive->precision);
  } else if (magnitude < exact_max && magnitude == floor(magnitude)) {
    uint32_t hex = directive->letter != 'd';
    if (hex && x < 0)
      return NULL;
    at = digits_before(end, (uint64_t)magnitude, hex ? 16 : 10,
                       directive->letter == 'X' ? 'A' : 'a');
  }
  return at;
}

// The padded whole: what is signed gets its zeros behind the sign.
static int place(weir_strip *strip, const struct directive *directive, const char *text,
                 uint32_t size, int negative, weir_datum *to)
{
  uint32_t whole = size + (uint32_t)negative;
  uint32_t blanks = directive->width > whole ? directive->width - whole : 0;
  char *out = weir_strip_take(strip, whole + blanks);
  if (out == NULL)
    return 0;
  char *at = out;
  if (directive->pad == ' ') {
    memset(at, ' ', blanks);
    at += blanks;
  }
  if (negative)
    *at++ = '-';
  if (directive->pad == '0') {
    memset(at, '0', blanks);
    at += blanks;
  }
  memcpy(at, text, size);
  if (directive->pad == '-')
    memset(at + size, ' ', blanks);
  *to = weir_datum_text(out, whole + blanks, WEIR_TEXT, 0);
  return 1;
}

static int format_one(weir_strip *strip, const struct directive *directive,
                      const weir_datum *from, weir_datum *to)
{
  if (directive->letter == 's') {
    uint32_t size = from->size;
    if (from->kind != WEIR_TEXT || directive->pad == '0')
      return 0;
    if (directive->precise && directive->precision < size)
      size = directive->precision;
    return place(strip, directive, from->text, size, 0, to);
  }
  char room[NUMBER_ROOM];
  char *end = room + sizeof room;
  double x = from->number;
  if (from->kind != WEIR_NUMBER || (x == 0 && signbit(x)))
    return 0;
  const char *at = write_number(end, directive, x);
  if (at == NULL || !place(strip, directive, at, (uint32_t)(end - at), x < 0, to))
    return 0;
  to->flags = WEIR_DATUM_CLEAN;
  return 1;
}

static void format(weir_strip *strip, const weir_step *step)
{
  weir_operand a = weir_strip_operand(strip, step->is.a);
  struct directive directive = directive_of(weir_strip_operand(strip, step->is.b).at);
  weir_datum *to = weir_strip_register(strip, step->is.to);
  int known = directive.width <= WIDTH_MAX && directive.precision <= PRECISION_MAX &&
              directive.letter != '\0' && strchr("dsfxX", directive.letter) != NULL;
  for (uint32_t i = 0; i < strip->count; i++) {
    uint16_t row = strip->rows[i];
    weir_datum from = a.at[row & a.mask];
    if (!known || !format_one(strip, &directive, &from, &to[row]))
      weir_strip_bail(strip, row);
  }
}

weir_kernel weir_format_kernel(uint32_t op)
{
  return op == WEIR_OP_FORMAT ? format : NULL;
}
