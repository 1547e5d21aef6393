#include "server/rpc/loop.h"

#include <h2o.h>
#include <pthread.h>
#include <signal.h>
#include <stdlib.h>
#include <sys/signalfd.h>
#include <time.h>
#include <unistd.h>

enum { SIGNALS_MAX = 4 };

struct signal_watch {
    h2o_socket_t *sock;
    void (*on_signal)(void *data);
    void *data;
};

struct rpl_loop {
    h2o_evloop_t *evloop;
    h2o_multithread_queue_t *queue;
    h2o_multithread_receiver_t receiver; /* only ever woken: posts travel in the list below */
    rpl_timer timers;                    /* anchor of a ring */
    bool stopped;
    struct signal_watch signals[SIGNALS_MAX];
    size_t n_signals;
    pthread_mutex_t mutex; /* guards the list of posts */
    rpl_post *first, **last;
};

#ifdef __SANITIZE_ADDRESS__
/* What h2o never frees: its queues, and small buffers kept for reuse in thread-local lists. */
const char *__lsan_default_suppressions(void);
const char *__lsan_default_suppressions(void)
{
    return "leak:h2o_multithread_create_queue\nleak:h2o_mem_alloc_recycle\n";
}
#endif

int64_t rpl_loop_now_ms(void)
{
    struct timespec now;
    clock_gettime(CLOCK_MONOTONIC, &now);
    return (int64_t)now.tv_sec * 1000 + now.tv_nsec / 1000000;
}

static void on_message(h2o_multithread_receiver_t *receiver, h2o_linklist_t *messages)
{
    (void)receiver;
    while (!h2o_linklist_is_empty(messages))
        h2o_linklist_unlink(messages->next);
}

rpl_loop *rpl_loop_new(void)
{
    rpl_loop *loop = calloc(1, sizeof(*loop));
    if (!loop)
        return NULL;
    loop->evloop = h2o_evloop_create();
    loop->queue = h2o_multithread_create_queue(loop->evloop);
    h2o_multithread_register_receiver(loop->queue, &loop->receiver, on_message);
    loop->timers.prev = loop->timers.next = &loop->timers;
    loop->last = &loop->first;
    pthread_mutex_init(&loop->mutex, NULL);
    return loop;
}

void rpl_loop_free(rpl_loop *loop)
{
    rpl_loop_run_posted(loop);
    while (loop->timers.next != &loop->timers)
        rpl_timer_stop(loop->timers.next);
    for (size_t i = 0; i < loop->n_signals; i++)
        h2o_socket_close(loop->signals[i].sock);
    h2o_multithread_unregister_receiver(loop->queue, &loop->receiver);
    h2o_multithread_destroy_queue(loop->queue);
    h2o_evloop_run(loop->evloop, 0); /* closed sockets are freed in the next round */
    h2o_evloop_destroy(loop->evloop);
    pthread_mutex_destroy(&loop->mutex);
    free(loop);
}

void rpl_loop_post(rpl_loop *loop, rpl_post *post)
{
    post->next = NULL;
    pthread_mutex_lock(&loop->mutex);
    const bool was_empty = !loop->first;
    *loop->last = post;
    loop->last = &post->next;
    pthread_mutex_unlock(&loop->mutex);
    if (was_empty)
        h2o_multithread_send_message(&loop->receiver, NULL);
}

static rpl_post *take_posts(rpl_loop *loop)
{
    pthread_mutex_lock(&loop->mutex);
    rpl_post *posts = loop->first;
    loop->first = NULL;
    loop->last = &loop->first;
    pthread_mutex_unlock(&loop->mutex);
    return posts;
}

static void run_posts(rpl_post *posts)
{
    while (posts) {
        rpl_post *post = posts;
        posts = posts->next;
        post->run(post);
    }
}

void rpl_loop_run_posted(rpl_loop *loop)
{
    rpl_post *posts = take_posts(loop);
    while (posts) {
        run_posts(posts);
        posts = take_posts(loop);
    }
}

void rpl_timer_start(rpl_loop *loop, rpl_timer *timer, int64_t after_ms, int64_t period_ms)
{
    rpl_timer_stop(timer);
    timer->due_ms = rpl_loop_now_ms() + (after_ms > 0 ? after_ms : 1);
    timer->period_ms = period_ms;
    timer->prev = loop->timers.prev;
    timer->next = &loop->timers;
    timer->prev->next = timer;
    timer->next->prev = timer;
}

void rpl_timer_stop(rpl_timer *timer)
{
    if (!timer->next)
        return;
    timer->prev->next = timer->next;
    timer->next->prev = timer->prev;
    timer->prev = timer->next = NULL;
}

static rpl_timer *earliest_timer(rpl_loop *loop)
{
    rpl_timer *earliest = NULL;
    for (rpl_timer *t = loop->timers.next; t != &loop->timers; t = t->next) {
        if (!earliest || t->due_ms < earliest->due_ms)
            earliest = t;
    }
    return earliest;
}

static void fire_due_timers(rpl_loop *loop)
{
    const int64_t now = rpl_loop_now_ms();
    for (rpl_timer *t = earliest_timer(loop); t && t->due_ms <= now; t = earliest_timer(loop)) {
        if (t->period_ms > 0)
            t->due_ms = now + t->period_ms;
        else
            rpl_timer_stop(t);
        t->fire(t);
    }
}

static int wait_until_timer(rpl_loop *loop, int max_wait_ms)
{
    const rpl_timer *next = earliest_timer(loop);
    if (!next)
        return max_wait_ms;
    const int64_t left = next->due_ms - rpl_loop_now_ms();
    if (left <= 0)
        return 0;
    return left < max_wait_ms ? (int)left : max_wait_ms;
}

void rpl_loop_once(rpl_loop *loop, int max_wait_ms)
{
    h2o_evloop_run(loop->evloop, wait_until_timer(loop, max_wait_ms));
    run_posts(take_posts(loop));
    fire_due_timers(loop);
}

void rpl_loop_run(rpl_loop *loop)
{
    loop->stopped = false;
    while (!loop->stopped)
        rpl_loop_once(loop, 60 * 1000);
}

void rpl_loop_stop(rpl_loop *loop)
{
    loop->stopped = true;
}

static void on_signal_readable(h2o_socket_t *sock, const char *err)
{
    const struct signal_watch *watch = sock->data;
    struct signalfd_siginfo info;
    if (!err && read(h2o_socket_get_fd(sock), &info, sizeof(info)) == sizeof(info))
        watch->on_signal(watch->data);
}

rpl_status rpl_loop_on_signal(rpl_loop *loop, int signo, void (*on_signal)(void *data), void *data)
{
    sigset_t set;
    sigemptyset(&set);
    sigaddset(&set, signo);
    const int fd =
        loop->n_signals < SIGNALS_MAX ? signalfd(-1, &set, SFD_NONBLOCK | SFD_CLOEXEC) : -1;
    if (fd < 0)
        return rpl_fail(RPL_INTERNAL, "no descriptor to wait for signals with");
    pthread_sigmask(SIG_BLOCK, &set, NULL);
    struct signal_watch *watch = &loop->signals[loop->n_signals++];
    *watch = (struct signal_watch){.on_signal = on_signal, .data = data};
    watch->sock = h2o_evloop_socket_create(loop->evloop, fd, H2O_SOCKET_FLAG_DONT_READ);
    watch->sock->data = watch;
    h2o_socket_read_start(watch->sock, on_signal_readable);
    return rpl_ok();
}

struct st_h2o_evloop_t *rpl_loop_evloop(rpl_loop *loop)
{
    return loop->evloop;
}
