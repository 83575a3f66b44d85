// err.c -- names and sentences for the codes in err.h.

#include "engine/base/err.h"

#include <errno.h>
#include <stddef.h>
#include <string.h>

#define SLOT(code) (-5001 - (code))

static const struct {
  const char *name;
  const char *text;
} entries[] = {
    [SLOT(WEIR_EFULL)] = {"EFULL", "the queue is full"},
    [SLOT(WEIR_EEMPTY)] = {"EEMPTY", "the queue is empty"},
    [SLOT(WEIR_EINVAL)] = {"EINVAL", "a value is outside its documented range"},
    [SLOT(WEIR_ENOMEM)] = {"ENOMEM", "not enough memory"},
    [SLOT(WEIR_EEND)] = {"EEND", "the input has ended"},
    [SLOT(WEIR_ESTOPPED)] = {"ESTOPPED", "the engine is stopping"},
    [SLOT(WEIR_ESTALE)] = {"ESTALE",
                           "a record was used after the call that received it"},
    [SLOT(WEIR_ESYNTAX)] = {"ESYNTAX", "the syntax is wrong"},
    [SLOT(WEIR_EQUOTE)] = {"EQUOTE", "a quote is not closed"},
    [SLOT(WEIR_EBRACKET)] = {"EBRACKET", "brackets are not balanced"},
    [SLOT(WEIR_EDEPTH)] = {"EDEPTH", "nested too deep"},
    [SLOT(WEIR_EOBJECT)] = {"EOBJECT", "a record must be an object"},
    [SLOT(WEIR_EUTF8)] = {"EUTF8", "not valid UTF-8"},
    [SLOT(WEIR_ERECORD)] = {"ERECORD", "the record is longer than max_record"},
    [SLOT(WEIR_ECOLUMNS)] = {"ECOLUMNS", "the row and the header differ in columns"},
    [SLOT(WEIR_EMATCH)] = {"EMATCH", "the pattern does not match"},
    [SLOT(WEIR_ETYPE)] = {"ETYPE", "the value has the wrong type"},
    [SLOT(WEIR_ENUMBER)] = {"ENUMBER", "not a number"},
    [SLOT(WEIR_ETRUNCATED)] = {"ETRUNCATED", "the input ends in the middle"},
    [SLOT(WEIR_ECORRUPT)] = {"ECORRUPT", "the data is corrupt"},
    [SLOT(WEIR_ELAMBDA)] = {"ELAMBDA", "the script raised an error"},
    [SLOT(WEIR_EFUEL)] = {"EFUEL", "the script ran out of fuel"},
    [SLOT(WEIR_EMEMORY)] = {"EMEMORY", "the script ran out of memory"},
    [SLOT(WEIR_ESINK)] = {"ESINK", "the sink refused the row"},
    [SLOT(WEIR_EOVERFLOW)] = {"EOVERFLOW", "the integer does not fit 64 bits"},
    [SLOT(WEIR_EFROZEN)] = {"EFROZEN", "this stage may not change the record"},
    [SLOT(WEIR_EERRORS)] = {"EERRORS", "more records failed than max_errors allows"},
    [SLOT(WEIR_EANSWER)] = {"EANSWER", "the program gave no answer to the record"},
    [SLOT(WEIR_ENAME)] = {"ENAME", "no address is found for this name"},
};

_Static_assert(sizeof entries / sizeof entries[0] == SLOT(WEIR_ERR_END),
               "every code needs a name and a sentence");

static int is_ours(int code) { return code <= WEIR_EFULL && code > WEIR_ERR_END; }

static int is_errno(int code) { return code < 0 && code > -4096; }

const char *weir_err_name(int code)
{
  if (code == WEIR_OK)
    return "OK";
  if (is_ours(code))
    return entries[SLOT(code)].name;
  const char *name = is_errno(code) ? strerrorname_np(-code) : NULL;
  return name != NULL ? name : "EUNKNOWN";
}

const char *weir_err_text(int code)
{
  if (code == WEIR_OK)
    return "no error";
  if (is_ours(code))
    return entries[SLOT(code)].text;
  const char *text = is_errno(code) ? strerrordesc_np(-code) : NULL;
  return text != NULL ? text : "an unknown error";
}

int weir_err_passes(int code)
{
  switch (code) {
  case -ENOSPC:
  case -EDQUOT:
  case -EFBIG:  // of a file that somebody else may cut, or a limit that may be raised
  case -EBUSY:
  case -EMFILE:
  case -ENFILE:
    return 1;
  default:
    return 0;
  }
}
