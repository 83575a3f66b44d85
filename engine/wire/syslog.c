// syslog.c -- a message of syslog, in the new form or the old.

#include "engine/wire/syslog.h"

#include <string.h>

#include "engine/base/err.h"
#include "engine/wire/timestamp.h"

enum { PRIORITY_MAX = 191, PRIORITY_DIGITS = 3, VERSION_DIGITS = 3 };

typedef struct cursor {
  const char *bytes;
  size_t size;
  size_t at;
} cursor;

static int is_at(const cursor *line, char byte)
{
  return line->at < line->size && line->bytes[line->at] == byte;
}

static int pass(cursor *line, char byte)
{
  int found = is_at(line, byte);
  line->at += (size_t)found;
  return found;
}

static weir_slice between(const cursor *line, size_t start, size_t end)
{
  return (weir_slice){line->bytes + start, end - start};
}

static weir_slice rest_of(const cursor *line)
{
  return between(line, line->at, line->size);
}

static int is_digit(char byte) { return byte >= '0' && byte <= '9'; }

// Up to digits_max of them, with no zero in front; -1 if there is no such number.
static int32_t read_number(cursor *line, int digits_max)
{
  size_t start = line->at;
  int32_t value = 0;
  while (line->at < line->size && is_digit(line->bytes[line->at])) {
    if (line->at - start == (size_t)digits_max)
      return -1;
    value = value * 10 + (line->bytes[line->at++] - '0');
  }
  int has_zero = line->at - start > 1 && line->bytes[start] == '0';
  return line->at == start || has_zero ? -1 : value;
}

static int read_priority(cursor *line, weir_syslog *out)
{
  out->priority = -1;
  if (!pass(line, '<'))
    return WEIR_OK;
  int32_t priority = read_number(line, PRIORITY_DIGITS);
  if (priority < 0 || priority > PRIORITY_MAX || !pass(line, '>'))
    return WEIR_ESYNTAX;
  out->priority = priority;
  return WEIR_OK;
}

// ---- the new form

static int is_printable(char byte) { return byte > ' ' && byte < 0x7f; }

static weir_slice read_word(cursor *line)
{
  size_t start = line->at;
  while (line->at < line->size && is_printable(line->bytes[line->at]))
    line->at++;
  return between(line, start, line->at);
}

// A field of the header, which "-" stands for if it is not there, and the blank behind.
static int read_field(cursor *line, weir_slice *out)
{
  weir_slice word = read_word(line);
  if (word.size == 0 || !pass(line, ' '))
    return WEIR_ESYNTAX;
  if (word.size > 1 || word.bytes[0] != '-')
    *out = word;
  return WEIR_OK;
}

static int is_of_name(char byte)
{
  return is_printable(byte) && byte != '=' && byte != ']' && byte != '"';
}

static weir_slice read_name(cursor *line)
{
  size_t start = line->at;
  while (line->at < line->size && is_of_name(line->bytes[line->at]))
    line->at++;
  return between(line, start, line->at);
}

static int read_param(cursor *line, weir_syslog_param *out)
{
  out->name = read_name(line);
  if (out->name.size == 0 || !pass(line, '=') || !pass(line, '"'))
    return WEIR_ESYNTAX;
  size_t start = line->at;
  while (line->at < line->size && !is_at(line, '"') && !is_at(line, ']'))
    line->at += is_at(line, '\\') && line->at + 1 < line->size ? 2 : 1;
  out->value = between(line, start, line->at);
  return pass(line, '"') ? WEIR_OK : WEIR_ESYNTAX;
}

static int read_element(cursor *line, weir_slice *name)
{
  weir_syslog_param param;
  line->at++;
  *name = read_name(line);
  if (name->size == 0)
    return WEIR_ESYNTAX;
  for (int count = 0; pass(line, ' '); count++)
    if (count == WEIR_SYSLOG_PARAMS || read_param(line, &param) != WEIR_OK)
      return WEIR_ESYNTAX;
  return pass(line, ']') ? WEIR_OK : WEIR_ESYNTAX;
}

static int is_among(weir_slice name, const weir_slice *names, size_t count)
{
  for (size_t i = 0; i < count; i++)
    if (names[i].size == name.size &&
        memcmp(names[i].bytes, name.bytes, name.size) == 0)
      return 1;
  return 0;
}

static int read_data(cursor *line, weir_slice *out)
{
  if (pass(line, '-'))
    return WEIR_OK;
  weir_slice names[WEIR_SYSLOG_ELEMENTS];
  size_t start = line->at;
  size_t count = 0;
  while (is_at(line, '[')) {
    if (count == WEIR_SYSLOG_ELEMENTS || read_element(line, &names[count]) != WEIR_OK ||
        is_among(names[count], names, count))
      return WEIR_ESYNTAX;
    count++;
  }
  *out = between(line, start, line->at);
  return count > 0 ? WEIR_OK : WEIR_ESYNTAX;
}

static int read_new(cursor *line, weir_syslog *out)
{
  size_t start = line->at;
  if (read_field(line, &out->timestamp) != WEIR_OK)
    return WEIR_ESYNTAX;
  weir_slice text = out->timestamp;
  out->has_time = text.size > 0;
  if (out->has_time && weir_timestamp_read(text, &out->time_ms) != text.size) {
    line->at = start;
    return WEIR_ESYNTAX;
  }
  int rc = read_field(line, &out->host);
  if (rc == WEIR_OK)
    rc = read_field(line, &out->app);
  if (rc == WEIR_OK)
    rc = read_field(line, &out->procid);
  if (rc == WEIR_OK)
    rc = read_field(line, &out->msgid);
  if (rc == WEIR_OK)
    rc = read_data(line, &out->data);
  if (rc != WEIR_OK)
    return rc;
  if (line->at < line->size && !pass(line, ' '))
    return WEIR_ESYNTAX;
  weir_slice message = rest_of(line);
  // A byte order mark says that it is UTF-8, as all texts here are.
  size_t mark =
      message.size >= 3 && memcmp(message.bytes, "\xef\xbb\xbf", 3) == 0 ? 3 : 0;
  out->message = (weir_slice){message.bytes + mark, message.size - mark};
  return WEIR_OK;
}

// A version and a blank: "1 ", up to three digits.
static int read_version(cursor *line, uint32_t *out)
{
  cursor look = *line;
  int32_t version = read_number(&look, VERSION_DIGITS);
  if (version <= 0 || !pass(&look, ' '))
    return 0;
  *line = look;
  *out = (uint32_t)version;
  return 1;
}

// ---- the old form

static size_t read_old_time(cursor *line, const weir_syslog_here *here,
                            weir_syslog *out)
{
  weir_slice rest = rest_of(line);
  size_t size = weir_timestamp_read(rest, &out->time_ms);
  if (size == 0)
    size = weir_timestamp_read_bsd(rest, here->now_ms, here->offset_ms, &out->time_ms);
  // What goes on behind it is no time.
  if (size == 0 ||
      (size < rest.size && rest.bytes[size] != ' ' && rest.bytes[size] != ':'))
    return 0;
  out->has_time = 1;
  out->timestamp = (weir_slice){rest.bytes, size};
  line->at += size;
  return size;
}

// A host, unless the word is what names the program: "su:", "sshd[12]:".
static void read_host(cursor *line, weir_syslog *out)
{
  cursor look = *line;
  weir_slice word = read_word(&look);
  if (word.size == 0 || word.bytes[word.size - 1] == ':' ||
      memchr(word.bytes, '[', word.size) != NULL)
    return;
  if (!pass(&look, ' ') && look.at < look.size)
    return;
  out->host = word;
  *line = look;
}

// "su: ", "sshd[12]: "; what does not look so is the message's.
static void read_tag(cursor *line, weir_syslog *out)
{
  cursor look = *line;
  size_t start = look.at;
  while (look.at < look.size && is_printable(look.bytes[look.at]) &&
         !is_at(&look, '[') && !is_at(&look, ':'))
    look.at++;
  weir_slice app = between(&look, start, look.at);
  weir_slice procid = {NULL, 0};
  int bracketed = pass(&look, '[');
  if (bracketed) {
    start = look.at;
    while (look.at < look.size && is_printable(look.bytes[look.at]) &&
           !is_at(&look, ']'))
      look.at++;
    procid = between(&look, start, look.at);
    if (procid.size == 0 || !pass(&look, ']'))
      return;
  }
  int coloned = pass(&look, ':');
  if (app.size == 0 || !(coloned || bracketed))
    return;
  if (!pass(&look, ' ') && look.at < look.size)
    return;
  out->app = app;
  out->procid = procid;
  *line = look;
}

static int read_old(cursor *line, const weir_syslog_here *here, weir_syslog *out)
{
  if (read_old_time(line, here, out) > 0) {
    int is_near = pass(line, ':');  // some routers: no host, no program
    pass(line, ' ');
    if (!is_near) {
      read_host(line, out);
      read_tag(line, out);
    }
  } else if (out->priority < 0) {
    return WEIR_ESYNTAX;
  }
  out->message = rest_of(line);
  return WEIR_OK;
}

// ---- all of it

int weir_syslog_parse(weir_slice text, const weir_syslog_here *here, weir_syslog *out,
                      size_t *at)
{
  cursor line = {.bytes = text.bytes, .size = text.size};
  // Some senders put the NUL of their string on the wire.
  while (line.size > 0 && line.bytes[line.size - 1] == '\0')
    line.size--;
  *out = (weir_syslog){0};
  int rc = read_priority(&line, out);
  if (rc == WEIR_OK)
    rc = out->priority >= 0 && read_version(&line, &out->version)
             ? read_new(&line, out)
             : read_old(&line, here, out);
  *at = line.at;
  return rc;
}

int weir_syslog_next(weir_slice data, size_t *at, weir_syslog_param *out)
{
  cursor line = {.bytes = data.bytes, .size = data.size, .at = *at};
  if (line.at == line.size)
    return 0;
  weir_slice none = {NULL, 0};
  if (pass(&line, '[')) {
    out->element = read_name(&line);
    out->name = none;
    out->value = none;
  }
  if (pass(&line, ' '))
    read_param(&line, out);
  pass(&line, ']');
  *at = line.at;
  return 1;
}

const char *weir_syslog_facility(int32_t priority)
{
  static const char *const names[] = {
      "kern",   "user",   "mail",     "daemon", "auth",   "syslog", "lpr",    "news",
      "uucp",   "cron",   "authpriv", "ftp",    "ntp",    "audit",  "alert",  "clock",
      "local0", "local1", "local2",   "local3", "local4", "local5", "local6", "local7",
  };
  return names[priority / 8];
}

const char *weir_syslog_severity(int32_t priority)
{
  static const char *const names[] = {
      "emerg", "alert", "crit", "err", "warning", "notice", "info", "debug",
  };
  return names[priority % 8];
}
