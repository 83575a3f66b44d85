// arena.h -- memory of a run: all of it is forgotten with it, wherever it was left.
//
// malloc and what belongs to it are defined here.

#pragma once

void arena_begin(void);  // from the start again
void arena_end(void);    // malloc is the system's
