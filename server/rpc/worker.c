#include "server/rpc/worker.h"

#include <pthread.h>
#include <signal.h>
#include <stdlib.h>

struct rpl_workers {
    rpl_loop *loop;
    size_t outstanding; /* loop thread only */
    unsigned n_threads;
    pthread_t threads[RPL_WORKER_THREADS_MAX];
    pthread_mutex_t mutex; /* guards the rest */
    pthread_cond_t wake;
    rpl_job *first, **last;
    size_t waiting, waiting_max;
    bool stopping;
};

static void on_work_finished(rpl_post *post)
{
    rpl_job *job = (rpl_job *)(void *)((char *)post - offsetof(rpl_job, post));
    job->workers->outstanding--;
    job->done(job);
}

static rpl_job *next_job(rpl_workers *workers)
{
    pthread_mutex_lock(&workers->mutex);
    while (!workers->first && !workers->stopping)
        pthread_cond_wait(&workers->wake, &workers->mutex);
    rpl_job *job = workers->first;
    if (job) {
        workers->first = job->next;
        if (!workers->first)
            workers->last = &workers->first;
        workers->waiting--;
    }
    pthread_mutex_unlock(&workers->mutex);
    return job;
}

static void *run_worker(void *data)
{
    rpl_workers *workers = data;
    for (rpl_job *job = next_job(workers); job; job = next_job(workers)) {
        job->work(job);
        rpl_loop_post(workers->loop, &job->post);
    }
    return NULL;
}

/* Signals are for the loop thread. */
static bool start_threads(rpl_workers *workers, unsigned threads)
{
    sigset_t all, before;
    sigfillset(&all);
    pthread_sigmask(SIG_SETMASK, &all, &before);
    while (workers->n_threads < threads &&
           pthread_create(&workers->threads[workers->n_threads], NULL, run_worker, workers) == 0)
        workers->n_threads++;
    pthread_sigmask(SIG_SETMASK, &before, NULL);
    return workers->n_threads == threads;
}

rpl_workers *rpl_workers_new(rpl_loop *loop, unsigned threads, size_t queue_max)
{
    if (threads == 0 || threads > RPL_WORKER_THREADS_MAX)
        return NULL;
    rpl_workers *workers = calloc(1, sizeof(*workers));
    if (!workers)
        return NULL;
    workers->loop = loop;
    workers->waiting_max = queue_max;
    workers->last = &workers->first;
    pthread_mutex_init(&workers->mutex, NULL);
    pthread_cond_init(&workers->wake, NULL);
    if (!start_threads(workers, threads)) {
        rpl_workers_free(workers);
        return NULL;
    }
    return workers;
}

void rpl_workers_free(rpl_workers *workers)
{
    pthread_mutex_lock(&workers->mutex);
    workers->stopping = true;
    pthread_cond_broadcast(&workers->wake);
    pthread_mutex_unlock(&workers->mutex);
    for (unsigned i = 0; i < workers->n_threads; i++)
        pthread_join(workers->threads[i], NULL);
    rpl_loop_run_posted(workers->loop);
    pthread_cond_destroy(&workers->wake);
    pthread_mutex_destroy(&workers->mutex);
    free(workers);
}

bool rpl_workers_submit(rpl_workers *workers, rpl_job *job)
{
    *job = (rpl_job){.work = job->work,
                     .done = job->done,
                     .post = {.run = on_work_finished},
                     .workers = workers};
    pthread_mutex_lock(&workers->mutex);
    const bool taken = !workers->stopping && workers->waiting < workers->waiting_max;
    if (taken) {
        *workers->last = job;
        workers->last = &job->next;
        workers->waiting++;
        pthread_cond_signal(&workers->wake);
    }
    pthread_mutex_unlock(&workers->mutex);
    workers->outstanding += taken;
    return taken;
}

size_t rpl_workers_outstanding(const rpl_workers *workers)
{
    return workers->outstanding;
}
