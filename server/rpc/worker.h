/* worker.h - a pool of threads for work that would hold up the loop: signatures, requests to the
 * guest agent and to the network.
 *
 * A job is embedded in the caller's struct. work() runs on a pool thread and touches only what
 * belongs to the job; done() runs on the loop thread afterwards, always, exactly once. The queue is
 * bounded: when it is full, say so to the client.
 */
#ifndef RPL_SERVER_RPC_WORKER_H
#define RPL_SERVER_RPC_WORKER_H

#include <stddef.h>

#include "server/rpc/loop.h"

typedef struct rpl_job {
    void (*work)(struct rpl_job *job); /* pool thread */
    void (*done)(struct rpl_job *job); /* loop thread; may free the job */
    rpl_post post;                     /* the rest is the pool's */
    struct rpl_job *next;
    struct rpl_workers *workers;
} rpl_job;

typedef struct rpl_workers rpl_workers;

enum { RPL_WORKER_THREADS_MAX = 64 };

/* `threads` 1..RPL_WORKER_THREADS_MAX; at most `queue_max` jobs wait (those running do not count).
 * NULL when memory or threads are short. */
rpl_workers *rpl_workers_new(rpl_loop *loop, unsigned threads, size_t queue_max);
/* Lets running and waiting jobs finish, joins the threads, calls the outstanding done(), frees.
 * Before rpl_loop_free; on the loop thread. */
void rpl_workers_free(rpl_workers *workers);
/* On the loop thread. False: the queue is full or the pool is being freed, and neither work() nor
 * done() will be called. */
RPL_CHECKED bool rpl_workers_submit(rpl_workers *workers, rpl_job *job);
/* Jobs submitted whose done() has not been called yet. */
size_t rpl_workers_outstanding(const rpl_workers *workers);

RPL_DEFINE_AUTO(rpl_workers *, workers, rpl_workers_free)

#endif
