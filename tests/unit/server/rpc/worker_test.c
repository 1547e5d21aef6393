#include "server/rpc/worker.h"

#include <pthread.h>
#include <sched.h>
#include <signal.h>
#include <stdatomic.h>

#include "tests/support/check.h"

enum { JOBS = 64 };

struct counted {
    rpl_job job;
    rpl_loop *loop;
    pthread_t worked_on, done_on;
    bool worked, done;
};

static atomic_bool gate_open;
static size_t n_done, n_wanted;
static rpl_workers *resubmit_to;

static void work(rpl_job *job)
{
    struct counted *c = (struct counted *)job;
    c->worked_on = pthread_self();
    c->worked = true;
}

static void wait_at_gate(rpl_job *job)
{
    while (!atomic_load(&gate_open))
        sched_yield();
    work(job);
}

static void done(rpl_job *job)
{
    struct counted *c = (struct counted *)job;
    assert_true(c->worked);
    assert_false(c->done);
    c->done = true;
    c->done_on = pthread_self();
    if (++n_done == n_wanted)
        rpl_loop_stop(c->loop);
}

static void done_and_again(rpl_job *job)
{
    done(job);
    assert_false(rpl_workers_submit(resubmit_to, job));
}

static struct counted a_job(rpl_loop *loop, void (*how)(rpl_job *))
{
    return (struct counted){.job = {.work = how, .done = done}, .loop = loop};
}

static void work_runs_elsewhere_and_done_here(void **state)
{
    (void)state;
    RPL_AUTO(loop) rpl_loop *loop = rpl_loop_new();
    RPL_AUTO(workers) rpl_workers *workers = rpl_workers_new(loop, 3, JOBS);
    struct counted jobs[JOBS];
    n_done = 0;
    n_wanted = JOBS;
    for (size_t i = 0; i < JOBS; i++) {
        jobs[i] = a_job(loop, work);
        assert_true(rpl_workers_submit(workers, &jobs[i].job));
    }
    rpl_loop_run(loop);
    for (size_t i = 0; i < JOBS; i++) {
        assert_true(jobs[i].done);
        assert_true(pthread_equal(jobs[i].done_on, pthread_self()));
        assert_false(pthread_equal(jobs[i].worked_on, pthread_self()));
    }
    assert_int_equal(rpl_workers_outstanding(workers), 0);
}

static void a_full_queue_refuses(void **state)
{
    (void)state;
    RPL_AUTO(loop) rpl_loop *loop = rpl_loop_new();
    RPL_AUTO(workers) rpl_workers *workers = rpl_workers_new(loop, 1, 2);
    struct counted jobs[4];
    size_t taken = 0;
    n_done = 0;
    atomic_store(&gate_open, false);
    for (size_t i = 0; i < 4; i++) {
        jobs[i] = a_job(loop, wait_at_gate);
        taken += rpl_workers_submit(workers, &jobs[i].job);
    }
    /* two wait; a third may already have been taken by the thread */
    assert_in_range(taken, 2, 3);
    assert_int_equal(rpl_workers_outstanding(workers), taken);
    n_wanted = taken;
    atomic_store(&gate_open, true);
    rpl_loop_run(loop);
    assert_int_equal(n_done, taken);
}

static void freeing_finishes_what_was_taken_and_takes_no_more(void **state)
{
    (void)state;
    RPL_AUTO(loop) rpl_loop *loop = rpl_loop_new();
    rpl_workers *workers = rpl_workers_new(loop, 2, JOBS);
    struct counted jobs[JOBS];
    n_done = 0;
    n_wanted = SIZE_MAX;
    resubmit_to = workers;
    for (size_t i = 0; i < JOBS; i++) {
        jobs[i] = a_job(loop, work);
        jobs[i].job.done = done_and_again;
        assert_true(rpl_workers_submit(workers, &jobs[i].job));
    }
    rpl_workers_free(workers);
    assert_int_equal(n_done, JOBS);
}

static void nonsensical_pools_are_refused(void **state)
{
    (void)state;
    RPL_AUTO(loop) rpl_loop *loop = rpl_loop_new();
    assert_null(rpl_workers_new(loop, 0, 1));
    assert_null(rpl_workers_new(loop, RPL_WORKER_THREADS_MAX + 1, 1));
}

struct ticking {
    rpl_timer timer;
    rpl_loop *loop;
    int fired, stop_after;
    rpl_timer *victim;
};

static void tick(rpl_timer *timer)
{
    struct ticking *t = (struct ticking *)timer;
    t->fired++;
    if (t->victim)
        rpl_timer_stop(t->victim);
    if (t->fired == t->stop_after)
        rpl_loop_stop(t->loop);
}

static void a_timer_fires_once_or_again_and_again(void **state)
{
    (void)state;
    RPL_AUTO(loop) rpl_loop *loop = rpl_loop_new();
    struct ticking once = {.timer.fire = tick, .loop = loop};
    struct ticking often = {.timer.fire = tick, .loop = loop, .stop_after = 4};
    rpl_timer_start(loop, &once.timer, 1, 0);
    rpl_timer_start(loop, &often.timer, 1, 1);
    rpl_loop_run(loop);
    assert_int_equal(once.fired, 1);
    assert_int_equal(often.fired, 4);
    rpl_timer_stop(&often.timer);
    rpl_timer_stop(&often.timer);
}

static void a_timer_may_stop_another_before_it_fires(void **state)
{
    (void)state;
    RPL_AUTO(loop) rpl_loop *loop = rpl_loop_new();
    struct ticking victim = {.timer.fire = tick, .loop = loop};
    struct ticking killer = {
        .timer.fire = tick, .loop = loop, .stop_after = 1, .victim = &victim.timer};
    rpl_timer_start(loop, &killer.timer, 1, 0);
    rpl_timer_start(loop, &victim.timer, 2, 0);
    rpl_loop_run(loop);
    assert_int_equal(killer.fired, 1);
    assert_int_equal(victim.fired, 0);
}

static void restart(rpl_timer *timer)
{
    struct ticking *t = (struct ticking *)timer;
    t->fired++;
    rpl_timer_start(t->loop, timer, 0, 0);
}

static void a_timer_that_restarts_itself_at_once_does_not_starve_others(void **state)
{
    (void)state;
    RPL_AUTO(loop) rpl_loop *loop = rpl_loop_new();
    struct ticking greedy = {.timer.fire = restart, .loop = loop};
    struct ticking other = {.timer.fire = tick, .loop = loop, .stop_after = 1};
    rpl_timer_start(loop, &greedy.timer, 0, 0);
    rpl_timer_start(loop, &other.timer, 5, 0);
    rpl_loop_run(loop);
    assert_int_equal(other.fired, 1);
    assert_true(greedy.fired >= 1);
}

static void on_usr1(void *data)
{
    rpl_loop_stop(data);
}

static void a_signal_arrives_on_the_loop(void **state)
{
    (void)state;
    RPL_AUTO(loop) rpl_loop *loop = rpl_loop_new();
    assert_ok(rpl_loop_on_signal(loop, SIGUSR1, on_usr1, loop));
    raise(SIGUSR1);
    rpl_loop_run(loop);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(work_runs_elsewhere_and_done_here),
        cmocka_unit_test(a_full_queue_refuses),
        cmocka_unit_test(freeing_finishes_what_was_taken_and_takes_no_more),
        cmocka_unit_test(nonsensical_pools_are_refused),
        cmocka_unit_test(a_timer_fires_once_or_again_and_again),
        cmocka_unit_test(a_timer_may_stop_another_before_it_fires),
        cmocka_unit_test(a_timer_that_restarts_itself_at_once_does_not_starve_others),
        cmocka_unit_test(a_signal_arrives_on_the_loop),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
