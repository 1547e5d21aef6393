/* metrics.h - counters, gauges and latencies, as Prometheus text. One static table of families; series
 * are made when first used, and their number is bounded. For the loop thread only.
 *
 * Labels are names of ours (routes, codes, check ids): never addresses, never bytes from a peer.
 */
#ifndef RPL_SERVER_RPC_METRICS_H
#define RPL_SERVER_RPC_METRICS_H

#include <stddef.h>
#include <stdint.h>

#include "base/status.h"

/* X(name, kind, Prometheus name, first label, second label, help); a label not used is NULL.
 * Histograms are fed microseconds and say seconds. */
#define RPL_METRICS(X)                                                                             \
    X(REQUESTS, COUNTER, "rpl_requests_total", "route", "code", "Requests answered.")              \
    X(REQUEST_SECONDS, HISTOGRAM, "rpl_request_seconds", "route", NULL, "Time to the answer.")     \
    X(VERIFICATIONS, COUNTER, "rpl_verifications_total", "outcome", "check",                       \
      "Foreign quotes verified; check is the first failed one.")                                   \
    X(VERIFIER_HITS, COUNTER, "rpl_verifier_hits_total", "kept", NULL,                             \
      "Parts of quotes that were known from earlier ones.")                                        \
    X(VERIFIER_MISSES, COUNTER, "rpl_verifier_misses_total", "kept", NULL,                         \
      "Parts of quotes that were verified anew.")                                                  \
    X(VERIFIER_SIGNATURES, COUNTER, "rpl_verifier_signatures_total", NULL, NULL,                   \
      "ECDSA signatures checked in quotes and their collateral.")                                  \
    X(HANDOVERS, COUNTER, "rpl_handovers_total", "side", "result", "States given and taken.")      \
    X(QUOTES, COUNTER, "rpl_agent_quotes_total", "result", NULL, "Quotes asked of the agent.")     \
    X(REFUSED, COUNTER, "rpl_admission_refused_total", "limit", NULL, "Calls refused by a limit.") \
    X(DERIVED_KEYS, COUNTER, "rpl_derived_keys_total", "algorithm", NULL, "Keys given to guests.") \
    X(PHASE, GAUGE, "rpl_phase", "phase", NULL, "1 for the phase the node is in.")                 \
    X(CONNECTIONS, GAUGE, "rpl_connections", "listener", NULL, "Open connections.")                \
    X(JOBS, GAUGE, "rpl_jobs_outstanding", NULL, NULL, "Jobs waiting for or on a worker.")         \
    X(TIME_TRUSTED, GAUGE, "rpl_time_trusted", NULL, NULL, "1 while the time is known.")           \
    X(TIME_AGE, GAUGE, "rpl_time_age_seconds", NULL, NULL, "Since the time origins agreed.")       \
    X(COLLATERAL_END, GAUGE, "rpl_collateral_valid_until_seconds", NULL, NULL,                     \
      "Unix time when the first document behind the own quote ends; 0: not verified.")             \
    X(TCB_NUMBER, GAUGE, "rpl_tcb_evaluation_number", "view", NULL,                                \
      "TCB evaluation number of the own platform's TCB info, standard and early view.")            \
    X(FALLS_OUT, GAUGE, "rpl_tcb_falls_out", NULL, NULL,                                           \
      "1 when the early view would not admit the own platform, else 0.")                           \
    X(STARTED, GAUGE, "rpl_start_time_seconds", NULL, NULL, "Unix time of the start.")             \
    X(BUILD, GAUGE, "rpl_build_info", "version", NULL, "Always 1.")

typedef enum {
#define RPL_METRIC_ENUM(name, kind, prometheus, label1, label2, help) RPL_METRIC_##name,
    RPL_METRICS(RPL_METRIC_ENUM)
#undef RPL_METRIC_ENUM
        RPL_METRIC_COUNT
} rpl_metric;

enum {
    RPL_METRIC_SERIES_MAX = 256, /* per family; further ones are counted under "other" */
    RPL_METRIC_LABEL_MAX = 47,   /* bytes; longer values are cut */
};

typedef struct rpl_metrics rpl_metrics;

rpl_metrics *rpl_metrics_new(void);
void rpl_metrics_free(rpl_metrics *metrics);

/* A label that the family does not have is NULL. `metrics` NULL: nothing happens. */
void rpl_metrics_count(rpl_metrics *metrics, rpl_metric family, const char *first,
                       const char *second);
void rpl_metrics_set(rpl_metrics *metrics, rpl_metric family, const char *first, int64_t value);
/* The family has no series again, until something is counted or set. */
void rpl_metrics_forget(rpl_metrics *metrics, rpl_metric family);
void rpl_metrics_observe_us(rpl_metrics *metrics, rpl_metric family, const char *first,
                            int64_t micros);
/* rpl_phase: 1 for `phase`, 0 for every phase that was ever set. */
void rpl_metrics_phase(rpl_metrics *metrics, const char *phase);
/* What rpl_gateway_options.observe wants (data = rpl_metrics *): RPL_METRIC_REQUESTS and
 * RPL_METRIC_REQUEST_SECONDS. */
void rpl_metrics_request(void *data, const char *route, int status, int64_t micros);

/* Prometheus text format 0.0.4. The caller frees; NULL when memory is short. */
char *rpl_metrics_text(const rpl_metrics *metrics, size_t *len);

RPL_DEFINE_AUTO(rpl_metrics *, metrics, rpl_metrics_free)

#endif
