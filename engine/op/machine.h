// machine.h -- what is inside a program and a strip; for this room only.
//
// Kernels are loops over the selection: the rows, in order, that the program's
// control is at. A jump takes rows out of it into the bitmap of a label; at the label
// they come back. A row that bails is marked, and taken out behind the kernel.

#pragma once

#include <stddef.h>
#include <stdint.h>

#include "engine/base/buf.h"
#include "engine/base/slice.h"
#include "engine/data/batch.h"
#include "engine/data/field.h"
#include "engine/data/layout.h"
#include "engine/data/path.h"
#include "engine/op/arena.h"
#include "engine/op/cells.h"
#include "engine/op/datum.h"
#include "engine/op/program.h"
#include "engine/op/shared.h"
#include "engine/op/strip.h"

enum {
  WEIR_COLUMN_NONE = 0xFFFF,
  WEIR_LABEL_NONE = 0x7FFFFFFF,
  WEIR_TEXT_PAD = 32,  // may be read, and in an arena written, behind every text
  WEIR_LABEL_WORDS = 1024 / 64,  // a bit a row
};

typedef struct weir_strip weir_strip;
typedef struct weir_lot weir_lot;  // see plain.c
typedef struct weir_step weir_step;
typedef void (*weir_kernel)(weir_strip *strip, const weir_step *step);

struct weir_step {
  weir_kernel kernel;
  weir_instruction is;
  uint32_t label;    // where a jump, END or FILTER lead; of LABEL and STAGE, their own
  uint32_t falls;    // END, FILTER: the stage ends right behind, so no jump is needed
  uint32_t column;   // that SET writes or GET may find the field in
  uint32_t shape;    // of the record here
  uint32_t hazards;  // SET: a later column may be set, or this one; see weir_op_set
  weir_path *path;   // GET: of a member in one look-up, or NULL; see nested.c
  uint32_t outer;    // and the step that would get the object
};

typedef struct weir_named {
  weir_field *field;
  size_t key;  // where ,"name": starts in keys, and how long it is
  size_t key_size;
} weir_named;

// A field of the record that stands in a column.
typedef struct weir_column {
  uint32_t shape;
  uint32_t field;
  uint32_t made;    // by MAKE; else a SET added it
  int32_t operand;  // that MAKE fills it from
} weir_column;

struct weir_program {
  uint64_t id;  // never given twice in a process
  weir_step *steps;
  weir_datum *constants;
  weir_named *fields;
  weir_column *columns;  // by shape, made ones first, in the order of first SET
  uint32_t step_count, step_capacity;
  uint32_t constant_count, constant_capacity;
  uint32_t field_count, field_capacity;
  uint32_t column_count, column_capacity;
  uint32_t label_count;  // those of stages included, once sealed
  uint32_t shape_count;  // 0 is the source row
  uint32_t register_count;
  uint32_t given_count;
  uint32_t assigns;  // some column is of shape 0
  int32_t *given;    // what the columns are, or NONE: one that GIVE fills
  uint32_t sealed;
  weir_buf keys;
};

uint32_t weir_program_column(weir_program *program, weir_column column);

// What became of a row.
enum {
  WEIR_FATE_OUT = 0x4000,   // and the stage that put it out
  WEIR_FATE_PORT = 0x8000,  // and the port it goes to
  WEIR_FATE_BAILED = 0xFFFF,
};

typedef struct weir_label_rows {
  uint64_t bits[WEIR_LABEL_WORDS];
  uint32_t any;
} weir_label_rows;

struct weir_strip {
  weir_program *program;
  const weir_batch *batch;
  uint64_t program_id;
  uint32_t generation;  // of the batch
  uint32_t first;       // row of the batch
  uint32_t size;        // rows
  uint32_t at;          // of the walk, from 0
  uint32_t stage;       // at work
  uint32_t bailed;      // some row of the selection has been marked
  uint32_t *mark;       // for a profile, or NULL
  uint32_t behind;      // what it becomes behind the program

  uint32_t count;  // of the selection
  uint16_t *rows;  // the selection, ascending
  uint16_t *fates;
  uint16_t *shapes;
  weir_label_rows *labels;
  weir_datum *data;  // registers, then columns, then given: ROWS_MAX each
  uint32_t label_capacity;
  uint32_t data_capacity;

  weir_layout *layout;
  weir_layout_rows compared;  // of the strip, once its batch is given
  weir_lot *lot;              // what rows are written from; NULL until then
  uint32_t lot_known;         // for this strip

  weir_arena arena;
  weir_buf scratch;
  weir_cells cells;
  weir_shared *shared;  // NULL until a batch has other readers
  weir_rows *odd;  // one slot is used, for rows that are no plain case; NULL until then
  uint64_t filtered[WEIR_PROGRAM_STAGES_MAX];
};

// A register, or a constant for all rows: value of row r is at[r & mask].
typedef struct weir_operand {
  const weir_datum *at;
  uint32_t mask;
} weir_operand;

weir_operand weir_strip_operand(const weir_strip *strip, int32_t operand);
weir_datum *weir_strip_register(const weir_strip *strip, int32_t number);
weir_datum *weir_strip_column(const weir_strip *strip, uint32_t column);
weir_datum *weir_strip_given_column(const weir_strip *strip, uint32_t number);
weir_operand weir_strip_gives(const weir_strip *strip, uint32_t number);

// Walks on to a row, past others.
void weir_strip_pass(weir_strip *strip, uint32_t end);

void weir_strip_bail(weir_strip *strip, uint32_t row);

// Memory for a text of this strip; NULL when the arena is at its limit.
char *weir_strip_take(weir_strip *strip, size_t size);

// The strip's rows, for its layout; the batch is indexed.
const weir_layout_rows *weir_strip_layout_rows(weir_strip *strip);

weir_datum weir_datum_text(const char *text, size_t size, unsigned kind,
                           unsigned flags);

// Reads a field's plain values in the rows of the selection, or takes their bytes.
// Which rows are left to be looked up one by one is put into left, which has room for a
// strip.
uint32_t weir_strip_read_plain(weir_strip *strip, const weir_field *field, int raw,
                               weir_datum *to, uint16_t *left);

// The value behind a colon of a row of the batch: 0 as below.
int weir_strip_read_behind(weir_strip *strip, uint32_t row, uint32_t colon,
                           weir_datum *out);

// A JSON value, as a datum: 0 if it is nothing plain, so that the row must bail.
int weir_strip_read(weir_strip *strip, weir_slice json, weir_datum *out);

// The row as JSON, appended. 0 if the row has to be done by the row code.
int weir_strip_render(weir_strip *strip, uint32_t row, weir_buf *out);

// The same where it is a made record, or looks like others; 0 if it was not written.
int weir_strip_render_plain(weir_strip *strip, uint32_t row, weir_buf *out);

// Appends rows from the one at hand on, which go the same way and have one shape up to
// end: until one is not plain, or the batch has so many bytes, or no room for a row.
void weir_strip_write_plain(weir_strip *strip, uint32_t end, weir_batch *to,
                            size_t stop_bytes);

// Appends a datum that may be stored.
void weir_datum_write(weir_buf *out, const weir_datum *datum);
int weir_datum_storable(const weir_datum *datum);
void weir_datum_value(const weir_datum *datum, weir_value *out);

// GET of a field of a register; and, of a step with a path, without it.
void weir_nested_get(weir_strip *strip, const weir_step *step);
void weir_path_get(weir_strip *strip, const weir_step *step);

// Gives paths to the steps of a sound program for which it comes to the same.
void weir_program_join_paths(weir_program *program);

// Says what the given columns of a sound program are.
void weir_program_place_given(weir_program *program);

// The kernels, by family; NULL for another one's instruction.
weir_kernel weir_control_kernel(uint32_t op);
weir_kernel weir_condition_kernel(uint32_t op);
weir_kernel weir_number_kernel(uint32_t op);
weir_kernel weir_text_kernel(uint32_t op);
weir_kernel weir_search_kernel(uint32_t op);
weir_kernel weir_field_kernel(uint32_t op);
weir_kernel weir_kind_kernel(uint32_t op);
weir_kernel weir_table_kernel(uint32_t op);
weir_kernel weir_format_kernel(uint32_t op);
weir_kernel weir_replace_kernel(uint32_t op);
