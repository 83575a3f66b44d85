// json_text.h -- the small steps that everything which reads JSON text takes.
//
// All of them stay within [at, end) and take any bytes.
//
// Owns     nothing.
// Threads  any.

#pragma once

#include <stddef.h>
#include <stdint.h>

// The first byte that is not one of the four blanks of JSON, or end.
const char *weir_json_after_blanks(const char *at, const char *end);

// The closing quote of the string whose inside starts at at, or NULL. *escaped is
// set to 1 if a backslash is passed, else left alone.
const char *weir_json_closing_quote(const char *at, const char *end, uint32_t *escaped);

// One past the value that starts at at; at itself if none does, NULL if it does
// not end. Brackets are counted, not matched; words and numbers are not checked.
const char *weir_json_after_value(const char *at, const char *end);

// From the opening bracket at *at to one past its closer, checking all brackets:
// OK, EDEPTH, EBRACKET for a wrong closer, EQUOTE for a newline inside a string, or
// ETRUNCATED if the text ends first. If not OK, *at is what went wrong: the bracket,
// the opening quote, or end.
int weir_json_take_object(const char **at, const char *end);

// What is wrong with a record that is one stretch of text: the checks of a scan,
// byte by byte. *column is the byte from 1.
int weir_json_diagnose(const char *at, const char *end, uint32_t *column);
