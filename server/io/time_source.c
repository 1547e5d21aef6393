#include "server/io/time_source.h"

#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <time.h>

#include "base/https_url.h"
#include "base/log.h"
#include "base/net/http_client.h"
#include "server/core/http_date.h"

enum { BODY_MAX = 256 << 10, CACHE_AGE_MAX_S = 7 * 86400 };

struct rpl_time_source {
    rpl_time_source_config config;
    rpl_clock *clock;
    bool started;
    pthread_t thread;
    atomic_bool stopping;
    pthread_mutex_t lock; /* guards the report, and `stopping` while the thread waits */
    pthread_cond_t wake;
    rpl_time_report report;
};

/* --- one origin --- */

/* Up to seven decimal digits. */
static bool read_seconds(rpl_bytes text, int64_t *seconds)
{
    int64_t n = 0;
    if (text.len == 0 || text.len > 7)
        return false;
    for (size_t i = 0; i < text.len; i++) {
        if (text.data[i] < '0' || text.data[i] > '9')
            return false;
        n = n * 10 + (text.data[i] - '0');
    }
    *seconds = n;
    return true;
}

static const char *read_age(const rpl_http_response *answer, int64_t *age_s)
{
    rpl_bytes text;
    *age_s = 0;
    if (rpl_http_header_count(answer, "Age") == 0)
        return NULL;
    return rpl_http_header(answer, "Age", &text) && read_seconds(text, age_s) &&
                   *age_s <= CACHE_AGE_MAX_S
               ? NULL
               : "expected an Age of at most a week, in seconds, or none";
}

static const char *read_date(const rpl_http_response *answer, int64_t *date_s)
{
    rpl_bytes text;
    int64_t age_s;

    if (answer->status >= 300 && answer->status < 400)
        return "a redirect, which is not followed";
    if (!rpl_http_header(answer, "Date", &text))
        return rpl_http_header_count(answer, "Date") ? "more than one Date in the answer"
                                                     : "no Date in the answer";
    const rpl_status s = rpl_http_date_parse(text, date_s);
    if (s.code != RPL_OK)
        return s.what;
    const char *problem = read_age(answer, &age_s);
    *date_s += age_s;
    return problem;
}

static const char *ask(const rpl_time_source *source, const char *url, rpl_time_sample *sample)
{
    const long limit_ms = (long)source->config.pace.round_trip_max_ms;
    const rpl_http_request request = {
        .url = url,
        .ca_file = source->config.ca_file,
        .timeout_ms = limit_ms,
        .body_max = BODY_MAX,
        .dates_later = true,
        .cancel = &source->stopping,
    };
    rpl_http_response answer;

    sample->sent_ms = rpl_clock_boot_ms();
    const rpl_status s = rpl_http_exchange(&request, &answer);
    sample->received_ms = rpl_clock_boot_ms();
    if (s.code != RPL_OK)
        return s.what;
    sample->certificates_from_s = answer.certificates_from_s;
    sample->certificates_until_s = answer.certificates_until_s;
    const char *problem = read_date(&answer, &sample->date_s);
    rpl_http_response_free(&answer);
    return problem;
}

/* --- a round --- */

static void report_origin(rpl_time_source *source, size_t index, const rpl_time_sample *sample,
                          const char *problem)
{
    pthread_mutex_lock(&source->lock);
    rpl_time_origin *origin = &source->report.origins[index];
    origin->asked_ms = sample->sent_ms;
    origin->date_s = sample->date_s;
    origin->round_trip_ms = sample->received_ms - sample->sent_ms;
    origin->result = problem ? problem : "not agreed with";
    pthread_mutex_unlock(&source->lock);
    if (problem)
        rpl_log(RPL_LOG_WARN, "time origin", rpl_log_text("host", origin->host),
                rpl_log_text("why", problem));
}

/* `index` says which origin each sample is of. */
static void report_round(rpl_time_source *source, const rpl_time_agreement *agreed,
                         const size_t *index, size_t count)
{
    pthread_mutex_lock(&source->lock);
    source->report.problem = "";
    source->report.agreeing = agreed->count;
    for (size_t i = 0; i < count; i++)
        if (agreed->agrees[i])
            source->report.origins[index[i]].result = "agrees";
    pthread_mutex_unlock(&source->lock);
}

static void report_failure(rpl_time_source *source, rpl_status status)
{
    pthread_mutex_lock(&source->lock);
    source->report.problem = status.what;
    source->report.agreeing = 0;
    pthread_mutex_unlock(&source->lock);
    rpl_log(RPL_LOG_WARN, "no time from the origins", rpl_log_text("why", status.what));
}

rpl_status rpl_time_source_round(rpl_time_source *source)
{
    const rpl_time_rules rules = {
        .n_origins = source->config.n_urls,
        .floor_s = rpl_clock_read(source->clock).floor_s,
        .round_trip_max_ms = source->config.pace.round_trip_max_ms,
        .spread_max_s = source->config.pace.spread_max_s,
    };
    rpl_time_sample samples[RPL_TIME_ORIGINS_MAX];
    size_t index[RPL_TIME_ORIGINS_MAX], count = 0;
    rpl_status status = rpl_fail(RPL_UNAVAILABLE, "no time origin was asked");

    for (size_t i = 0; i < rules.n_origins && !atomic_load(&source->stopping); i++) {
        rpl_time_agreement agreed;
        samples[count] = (rpl_time_sample){0};
        const char *problem = ask(source, source->config.urls[i], &samples[count]);
        if (!problem)
            problem = rpl_time_sample_problem(&samples[count], &rules);
        report_origin(source, i, &samples[count], problem);
        index[count] = i;
        count += problem ? 0 : 1;
        status = rpl_time_agree(samples, count, &rules, &agreed);
        if (status.code != RPL_OK)
            continue;
        rpl_clock_take(source->clock, &agreed);
        report_round(source, &agreed, index, count);
    }
    if (status.code != RPL_OK)
        report_failure(source, status);
    return status;
}

/* --- the thread --- */

/* False when the source is to stop. */
static bool wait_for(rpl_time_source *source, int64_t ms)
{
    struct timespec until = {0};
    (void)clock_gettime(CLOCK_MONOTONIC, &until);
    until.tv_sec += (time_t)(ms / 1000);
    until.tv_nsec += (long)(ms % 1000) * 1000000;
    if (until.tv_nsec >= 1000000000) {
        until.tv_sec++;
        until.tv_nsec -= 1000000000;
    }
    pthread_mutex_lock(&source->lock);
    int waited = 0;
    while (!atomic_load(&source->stopping) && waited == 0)
        waited = pthread_cond_timedwait(&source->wake, &source->lock, &until);
    pthread_mutex_unlock(&source->lock);
    return !atomic_load(&source->stopping);
}

static void *run(void *data)
{
    rpl_time_source *source = data;
    const rpl_time_pace *pace = &source->config.pace;
    int64_t retry_ms = pace->retry_first_ms, pause_ms;
    do {
        const bool known = rpl_time_source_round(source).code == RPL_OK;
        pause_ms = known ? pace->renew_ms : retry_ms;
        retry_ms = known ? pace->retry_first_ms : retry_ms * 2;
        retry_ms = retry_ms < pace->retry_max_ms ? retry_ms : pace->retry_max_ms;
    } while (wait_for(source, pause_ms));
    return NULL;
}

static rpl_status name_origins(rpl_time_source *source)
{
    rpl_https_url url;
    if (source->config.n_urls > RPL_TIME_ORIGINS_MAX)
        return rpl_fail(RPL_MALFORMED, "at most eight time origins");
    source->report.count = source->config.n_urls;
    source->report.problem = "not asked yet";
    for (size_t i = 0; i < source->config.n_urls; i++) {
        rpl_time_origin *origin = &source->report.origins[i];
        RPL_TRY(rpl_https_url_parse(rpl_bytes_of_text(source->config.urls[i]), &url));
        snprintf(origin->host, sizeof(origin->host), "%.*s", (int)url.host.len,
                 (const char *)url.host.data);
        origin->result = "not asked yet";
    }
    return rpl_ok();
}

rpl_status rpl_time_source_new(const rpl_time_source_config *config, rpl_clock *clock,
                               rpl_time_source **out)
{
    pthread_condattr_t monotonic;
    rpl_time_source *source = calloc(1, sizeof(*source));
    if (!source)
        return rpl_fail(RPL_INTERNAL, "no memory");
    source->config = *config;
    source->clock = clock;
    pthread_mutex_init(&source->lock, NULL);
    pthread_condattr_init(&monotonic);
    pthread_condattr_setclock(&monotonic, CLOCK_MONOTONIC);
    pthread_cond_init(&source->wake, &monotonic);
    pthread_condattr_destroy(&monotonic);
    const rpl_status s = name_origins(source);
    if (s.code != RPL_OK) {
        rpl_time_source_free(source);
        return s;
    }
    *out = source;
    return rpl_ok();
}

/* Signals are for the loop thread. */
rpl_status rpl_time_source_start(rpl_time_source *source)
{
    sigset_t all, before;
    sigfillset(&all);
    pthread_sigmask(SIG_SETMASK, &all, &before);
    source->started = pthread_create(&source->thread, NULL, run, source) == 0;
    pthread_sigmask(SIG_SETMASK, &before, NULL);
    return source->started ? rpl_ok() : rpl_fail(RPL_INTERNAL, "no thread for the time");
}

void rpl_time_source_free(rpl_time_source *source)
{
    if (!source)
        return;
    pthread_mutex_lock(&source->lock);
    atomic_store(&source->stopping, true);
    pthread_cond_broadcast(&source->wake);
    pthread_mutex_unlock(&source->lock);
    if (source->started)
        pthread_join(source->thread, NULL);
    pthread_cond_destroy(&source->wake);
    pthread_mutex_destroy(&source->lock);
    free(source);
}

void rpl_time_source_report(rpl_time_source *source, rpl_time_report *out)
{
    pthread_mutex_lock(&source->lock);
    *out = source->report;
    pthread_mutex_unlock(&source->lock);
}
