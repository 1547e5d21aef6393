/* loop.h - the event loop: one thread that owns all state, timers on it, and the way in for other
 * threads.
 *
 * Everything here is called on the loop thread (the one that calls rpl_loop_run), except
 * rpl_loop_post. Time is CLOCK_MONOTONIC in milliseconds: timers do not follow the wall clock, which
 * is the host's. Structs are embedded in the caller's and must outlive their use.
 */
#ifndef RPL_SERVER_RPC_LOOP_H
#define RPL_SERVER_RPC_LOOP_H

#include <stdbool.h>
#include <stdint.h>

#include "base/status.h"

typedef struct rpl_loop rpl_loop;

/* NULL when memory or descriptors are short. */
rpl_loop *rpl_loop_new(void);
/* Runs what was posted, then frees. Timers that still run are forgotten, not fired. */
void rpl_loop_free(rpl_loop *loop);
/* Runs until rpl_loop_stop. */
void rpl_loop_run(rpl_loop *loop);
/* Makes rpl_loop_run return after the present round. */
void rpl_loop_stop(rpl_loop *loop);
/* One round: waits at most `max_wait_ms` for something to happen and handles it. */
void rpl_loop_once(rpl_loop *loop, int max_wait_ms);
int64_t rpl_loop_now_ms(void);

/* Zero-initialised = not running. */
typedef struct rpl_timer {
    void (*fire)(
        struct rpl_timer *timer); /* set by the caller; may start, stop or free the timer */
    int64_t due_ms, period_ms;    /* the rest is the loop's */
    struct rpl_timer *prev, *next;
} rpl_timer;

/* Fires once after `after_ms`, then every `period_ms` (0 = once only). Restarts a running timer.
 * Times below 1 ms count as 1 ms, so that a timer restarted by itself cannot starve the loop. */
void rpl_timer_start(rpl_loop *loop, rpl_timer *timer, int64_t after_ms, int64_t period_ms);
/* Stopping a timer that does not run does nothing. */
void rpl_timer_stop(rpl_timer *timer);

typedef struct rpl_post {
    void (*run)(struct rpl_post *post); /* set by the caller */
    struct rpl_post *next;
} rpl_post;

/* From any thread: `post->run(post)` is called on the loop thread, in the order of posting. `post`
 * must not be pending already. */
void rpl_loop_post(rpl_loop *loop, rpl_post *post);

/* Runs what has been posted so far, and what that posts, without waiting. */
void rpl_loop_run_posted(rpl_loop *loop);

/* Calls `on_signal` on the loop thread for each arriving `signo`, which is blocked in the calling
 * thread: call it before other threads are made, so that they inherit that.
 * RPL_INTERNAL  no descriptor */
RPL_CHECKED rpl_status rpl_loop_on_signal(rpl_loop *loop, int signo, void (*on_signal)(void *data),
                                          void *data);

/* h2o's loop beneath; for the other files of this layer. */
struct st_h2o_evloop_t *rpl_loop_evloop(rpl_loop *loop);

RPL_DEFINE_AUTO(rpl_loop *, loop, rpl_loop_free)

#endif
