// loop.h -- the event loop of the process: one thread that waits for everybody.
//
// It runs blocking calls on a pool of threads and is woken by other threads, by
// signals and by time. What there is to do when it wakes is its user's affair.
//
// Owns     libuv, and the signals SIGINT and SIGTERM while it is open.
// Threads  wake: any. Everything else: the thread that opened it.
// Errors   libuv's own codes.

#pragma once

#include <stdint.h>

#include "engine/loop/net.h"

typedef struct weir_loop weir_loop;

// pool_threads must be enough for every call that may block for long, plus one.
// Only the first loop of a process can choose it. on_wake is called on this thread
// after a wake, however many wakes there were.
int weir_loop_new(weir_loop **out, uint32_t pool_threads,
                  void (*on_wake)(void *context), void *context);
void weir_loop_free(weir_loop *loop);  // nothing may be under way; NULL is a no-op

// Runs work on a thread of the pool, then done on this thread.
int weir_loop_submit(weir_loop *loop, void (*work)(void *argument),
                     void (*done)(void *argument), void *argument);

void weir_loop_wake(weir_loop *loop);

// Waits for something to happen, for timeout_ms at most, and serves it.
void weir_loop_step(weir_loop *loop, uint32_t timeout_ms);

// Has a step end when something comes to the sockets of a net, which this thread then
// serves without waiting (weir_net_wait, until nothing is ready). NULL ends that, and
// has to before the net is freed. take_stirred: whether something has come since.
int weir_loop_watch(weir_loop *loop, weir_net *net);
int weir_loop_take_stirred(weir_loop *loop);

// How often SIGINT or SIGTERM has come since it was opened; two at once are one.
uint32_t weir_loop_interrupts(const weir_loop *loop);
