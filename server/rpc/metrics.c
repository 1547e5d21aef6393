#include "server/rpc/metrics.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

typedef enum { COUNTER, GAUGE, HISTOGRAM } metric_kind;

static const struct {
    metric_kind kind;
    const char *name, *label1, *label2, *help;
} families[RPL_METRIC_COUNT] = {
#define RPL_METRIC_ROW(id, kind, name, label1, label2, help)                                       \
    [RPL_METRIC_##id] = {kind, name, label1, label2, help},
    RPL_METRICS(RPL_METRIC_ROW)
#undef RPL_METRIC_ROW
};

/* Upper bounds; the last bucket is +Inf. */
static const struct {
    int64_t micros;
    const char *seconds;
} bounds[] = {
    {500, "0.0005"},  {1000, "0.001"},  {2500, "0.0025"}, {5000, "0.005"},
    {10000, "0.01"},  {25000, "0.025"}, {50000, "0.05"},  {100000, "0.1"},
    {250000, "0.25"}, {500000, "0.5"},  {1000000, "1"},   {2500000, "2.5"},
    {5000000, "5"},   {10000000, "10"}, {30000000, "30"}, {120000000, "120"},
};
enum { BOUNDS = sizeof(bounds) / sizeof(bounds[0]) };

struct series {
    char label1[RPL_METRIC_LABEL_MAX + 1], label2[RPL_METRIC_LABEL_MAX + 1];
    int64_t value; /* histogram: sum in microseconds */
    uint64_t count, buckets[BOUNDS];
};

struct rpl_metrics {
    struct {
        size_t count, cap;
        struct series *series;
    } families[RPL_METRIC_COUNT];
};

rpl_metrics *rpl_metrics_new(void)
{
    return calloc(1, sizeof(rpl_metrics));
}

void rpl_metrics_free(rpl_metrics *metrics)
{
    if (!metrics)
        return;
    for (size_t i = 0; i < RPL_METRIC_COUNT; i++)
        free(metrics->families[i].series);
    free(metrics);
}

/* Quotes, backslashes and control characters would need escapes; our labels have none. */
static void copy_label(char out[static RPL_METRIC_LABEL_MAX + 1], const char *label)
{
    size_t len = 0;
    for (; label && label[len] && len < RPL_METRIC_LABEL_MAX; len++) {
        const unsigned char c = (unsigned char)label[len];
        out[len] = c < 0x20 || c >= 0x7f || c == '"' || c == '\\' ? '_' : (char)c;
    }
    out[len] = 0;
}

static struct series *append_series(rpl_metrics *metrics, rpl_metric family,
                                    const struct series *labels)
{
    const size_t count = metrics->families[family].count;
    if (count == metrics->families[family].cap) {
        const size_t cap = count ? count * 2 : 4;
        struct series *grown =
            reallocarray(metrics->families[family].series, cap, sizeof(struct series));
        if (!grown)
            return NULL;
        metrics->families[family].series = grown;
        metrics->families[family].cap = cap;
    }
    metrics->families[family].series[count] = *labels;
    metrics->families[family].count++;
    return &metrics->families[family].series[count];
}

static struct series *find_series(rpl_metrics *metrics, rpl_metric family,
                                  const struct series *labels)
{
    for (size_t i = 0; i < metrics->families[family].count; i++) {
        struct series *series = &metrics->families[family].series[i];
        if (strcmp(series->label1, labels->label1) == 0 &&
            strcmp(series->label2, labels->label2) == 0)
            return series;
    }
    return NULL;
}

static struct series *series_of(rpl_metrics *metrics, rpl_metric family, const char *first,
                                const char *second)
{
    struct series labels = {0};
    if (!metrics)
        return NULL;
    copy_label(labels.label1, first);
    copy_label(labels.label2, second);
    struct series *found = find_series(metrics, family, &labels);
    if (found)
        return found;
    if (metrics->families[family].count + 1 >= RPL_METRIC_SERIES_MAX) {
        copy_label(labels.label1, families[family].label1 ? "other" : "");
        copy_label(labels.label2, families[family].label2 ? "other" : "");
        found = find_series(metrics, family, &labels);
        if (found)
            return found;
    }
    return append_series(metrics, family, &labels);
}

void rpl_metrics_count(rpl_metrics *metrics, rpl_metric family, const char *first,
                       const char *second)
{
    struct series *series = series_of(metrics, family, first, second);
    if (series)
        series->value++;
}

void rpl_metrics_set(rpl_metrics *metrics, rpl_metric family, const char *first, int64_t value)
{
    struct series *series = series_of(metrics, family, first, NULL);
    if (series)
        series->value = value;
}

void rpl_metrics_forget(rpl_metrics *metrics, rpl_metric family)
{
    if (metrics)
        metrics->families[family].count = 0;
}

void rpl_metrics_observe_us(rpl_metrics *metrics, rpl_metric family, const char *first,
                            int64_t micros)
{
    struct series *series = series_of(metrics, family, first, NULL);
    if (!series)
        return;
    series->count++;
    series->value += micros;
    for (size_t i = 0; i < BOUNDS; i++)
        series->buckets[i] += micros <= bounds[i].micros;
}

void rpl_metrics_phase(rpl_metrics *metrics, const char *phase)
{
    if (!metrics)
        return;
    for (size_t i = 0; i < metrics->families[RPL_METRIC_PHASE].count; i++)
        metrics->families[RPL_METRIC_PHASE].series[i].value = 0;
    rpl_metrics_set(metrics, RPL_METRIC_PHASE, phase, 1);
}

void rpl_metrics_request(void *data, const char *route, int status, int64_t micros)
{
    char code[12];
    snprintf(code, sizeof(code), "%d", status);
    rpl_metrics_count(data, RPL_METRIC_REQUESTS, route, code);
    rpl_metrics_observe_us(data, RPL_METRIC_REQUEST_SECONDS, route, micros);
}

/* {route="/status",code="200"} with `le` behind it for buckets; nothing when there is no label. */
static void print_labels(FILE *out, rpl_metric family, const struct series *series, const char *le)
{
    const char *separator = "{";
    if (families[family].label1) {
        fprintf(out, "%s%s=\"%s\"", separator, families[family].label1, series->label1);
        separator = ",";
    }
    if (families[family].label2) {
        fprintf(out, "%s%s=\"%s\"", separator, families[family].label2, series->label2);
        separator = ",";
    }
    if (le) {
        fprintf(out, "%sle=\"%s\"", separator, le);
        separator = ",";
    }
    if (*separator == ',')
        fputc('}', out);
}

static void print_histogram(FILE *out, rpl_metric family, const struct series *series)
{
    const char *name = families[family].name;
    for (size_t i = 0; i <= BOUNDS; i++) {
        fprintf(out, "%s_bucket", name);
        print_labels(out, family, series, i < BOUNDS ? bounds[i].seconds : "+Inf");
        fprintf(out, " %" PRIu64 "\n", i < BOUNDS ? series->buckets[i] : series->count);
    }
    fprintf(out, "%s_sum", name);
    print_labels(out, family, series, NULL);
    fprintf(out, " %" PRId64 ".%06" PRId64 "\n%s_count", series->value / 1000000,
            series->value % 1000000, name);
    print_labels(out, family, series, NULL);
    fprintf(out, " %" PRIu64 "\n", series->count);
}

static void print_family(FILE *out, const rpl_metrics *metrics, rpl_metric family)
{
    static const char *const kinds[] = {"counter", "gauge", "histogram"};
    if (metrics->families[family].count == 0)
        return;
    fprintf(out, "# HELP %s %s\n# TYPE %s %s\n", families[family].name, families[family].help,
            families[family].name, kinds[families[family].kind]);
    for (size_t i = 0; i < metrics->families[family].count; i++) {
        const struct series *series = &metrics->families[family].series[i];
        if (families[family].kind == HISTOGRAM) {
            print_histogram(out, family, series);
            continue;
        }
        fputs(families[family].name, out);
        print_labels(out, family, series, NULL);
        fprintf(out, " %" PRId64 "\n", series->value);
    }
}

char *rpl_metrics_text(const rpl_metrics *metrics, size_t *len)
{
    char *text = NULL;
    FILE *out = open_memstream(&text, len);
    if (!out)
        return NULL;
    for (size_t i = 0; i < RPL_METRIC_COUNT; i++)
        print_family(out, metrics, (rpl_metric)i);
    if (fclose(out) != 0) {
        free(text);
        return NULL;
    }
    return text;
}
