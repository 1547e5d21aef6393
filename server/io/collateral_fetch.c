#include "server/io/collateral_fetch.h"

#include "base/log.h"
#include "base/net/http_client.h"

enum { CONNECT_TIMEOUT_MS = 3000, TIMEOUT_MS = 10000, REST_MS = 5000 };

static const char only_addresses[] =
    "REPLICATOOR_PCCS: expected at most eight http(s) addresses, comma separated, without a path "
    "(/sgx/certification/v4 at their end is left out)";

rpl_status rpl_collateral_fetcher_init(rpl_collateral_fetcher *fetcher, const char *urls)
{
    const char *at = urls && urls[0] ? urls : RPL_PCS_INTEL;
    fetcher->n_sources = 0;
    for (;; at++) {
        const size_t len = strcspn(at, ",");
        if (fetcher->n_sources == RPL_COLLATERAL_SOURCES_MAX ||
            !rpl_pcs_base_parse(rpl_bytes_of(at, len), fetcher->bases[fetcher->n_sources]))
            return rpl_fail(RPL_MALFORMED, only_addresses);
        fetcher->n_sources++;
        at += len;
        if (*at == '\0')
            break;
    }
    return pthread_mutex_init(&fetcher->lock, NULL) == 0 ? rpl_ok()
                                                         : rpl_fail(RPL_INTERNAL, "no memory");
}

void rpl_collateral_fetcher_destroy(rpl_collateral_fetcher *fetcher)
{
    pthread_mutex_destroy(&fetcher->lock);
}

static rpl_status check_under_roots(const void *self, const rpl_collateral_document *d,
                                    int64_t now_s, rpl_collateral_stamp *out)
{
    rpl_verdict *verdict = calloc(1, sizeof(*verdict)); /* large */
    if (!verdict)
        return rpl_fail(RPL_INTERNAL, "no memory");
    const rpl_status s = rpl_collateral_document_check(d, self, now_s, verdict, out);
    free(verdict);
    return s;
}

rpl_collateral_judge rpl_collateral_judge_by(const rpl_roots *roots)
{
    return (rpl_collateral_judge){check_under_roots, roots};
}

static int64_t rests_until(rpl_collateral_fetcher *fetcher, size_t source)
{
    pthread_mutex_lock(&fetcher->lock);
    const int64_t until = fetcher->rests_until_ms[source];
    pthread_mutex_unlock(&fetcher->lock);
    return until;
}

static void let_rest(rpl_collateral_fetcher *fetcher, size_t source, int64_t until_ms)
{
    pthread_mutex_lock(&fetcher->lock);
    fetcher->rests_until_ms[source] = until_ms;
    pthread_mutex_unlock(&fetcher->lock);
}

static rpl_status exchange(const rpl_collateral_fetcher *fetcher, size_t source,
                           const rpl_pcs_ask *ask, rpl_http_response *answer)
{
    char url[RPL_PCS_URL_MAX];
    rpl_pcs_url(ask, fetcher->bases[source], url);
    const rpl_http_request request = {
        .url = url,
        .ca_file = fetcher->ca_file,
        .connect_timeout_ms = CONNECT_TIMEOUT_MS,
        .timeout_ms = TIMEOUT_MS,
        .body_max = rpl_pcs_body_max(ask),
    };
    return rpl_http_exchange(&request, answer);
}

/* Busy, or out of order: nothing else is worth asking there for a while. */
static int64_t rest_wanted_ms(const rpl_http_response *answer)
{
    rpl_bytes value;
    if (answer->status != 429 && answer->status < 500)
        return 0;
    const uint32_t wanted_s =
        rpl_http_header(answer, "Retry-After", &value) ? rpl_pcs_retry_after(value) : 0;
    return wanted_s ? (int64_t)wanted_s * 1000 : REST_MS;
}

static rpl_status take(const rpl_collateral_errand *errand, const rpl_http_response *answer,
                       rpl_collateral_document **out)
{
    rpl_bytes chain = {0};
    bool found = false;
    RPL_TRY(rpl_pcs_status(answer->status));
    for (size_t i = 0; !found && rpl_pcs_chain_header(errand->ask.kind, i); i++)
        found = rpl_http_header(answer, rpl_pcs_chain_header(errand->ask.kind, i), &chain);
    return rpl_collateral_document_take(&errand->ask, rpl_bytes_of(answer->body, answer->body_len),
                                        chain, errand->issuers, out);
}

static rpl_status ask_source(rpl_collateral_fetcher *fetcher, size_t source,
                             const rpl_collateral_errand *errand, rpl_collateral_document **out)
{
    rpl_http_response answer = {0};
    const rpl_status asked = exchange(fetcher, source, &errand->ask, &answer);
    if (asked.code == RPL_UNAVAILABLE)
        let_rest(fetcher, source, fetcher->boot_ms() + REST_MS);
    RPL_TRY(asked);
    const int64_t rest_ms = rest_wanted_ms(&answer);
    if (rest_ms)
        let_rest(fetcher, source, fetcher->boot_ms() + rest_ms);
    const rpl_status taken = take(errand, &answer, out);
    rpl_http_response_free(&answer);
    return taken;
}

/* Verified and not older: the errand is done. `found` keeps the first that did not verify. */
static rpl_status weigh(const rpl_collateral_fetcher *fetcher, const rpl_collateral_errand *errand,
                        rpl_collateral_document *document, rpl_collateral_catch *found)
{
    RPL_AUTO(collateral_document) rpl_collateral_document *mine = document;
    rpl_collateral_stamp stamp;
    const rpl_status s = fetcher->judge.check(fetcher->judge.self, document, errand->now_s, &stamp);
    if (s.code != RPL_OK) {
        if (!found->document)
            found->document = RPL_TAKE(mine);
        return s;
    }
    if (rpl_cache_judge(errand->known, &stamp) == RPL_CACHE_OLDER)
        return rpl_fail(RPL_STALE, "the document is older than the one that is known");
    free(found->document);
    *found = (rpl_collateral_catch){.document = RPL_TAKE(mine), .verified = true, .stamp = stamp};
    return s;
}

static void report(const rpl_collateral_errand *errand, size_t source, const char *why)
{
    rpl_log(errand->ask.early ? RPL_LOG_DEBUG : RPL_LOG_WARN, "collateral source",
            rpl_log_uint("source", source), rpl_log_text("document", rpl_pcs_name(&errand->ask)),
            rpl_log_text("why", why));
}

/* RPL_OK ends the errand; a source that rests says nothing (RPL_NOT_READY). That is decided by when
 * the errand began: whoever waited for one that does not answer does not ask it again at once. */
static rpl_status try_source(rpl_collateral_fetcher *fetcher, size_t source,
                             const rpl_collateral_errand *errand, rpl_collateral_catch *found)
{
    rpl_collateral_document *document = NULL;
    if (rests_until(fetcher, source) > errand->boot_ms)
        return rpl_fail(RPL_NOT_READY, "every source wants to rest for now");
    rpl_status s = ask_source(fetcher, source, errand, &document);
    if (s.code == RPL_OK)
        s = weigh(fetcher, errand, document, found);
    if (s.code != RPL_OK)
        report(errand, source, s.what);
    return s;
}

rpl_status rpl_collateral_fetch(rpl_collateral_fetcher *fetcher,
                                const rpl_collateral_errand *errand, rpl_collateral_catch *out,
                                int64_t *retry_after_ms)
{
    rpl_collateral_catch found = {0};
    rpl_status why = {0};
    int64_t first_end_ms = INT64_MAX;

    for (size_t i = 0; i < fetcher->n_sources && !found.verified; i++) {
        const rpl_status s = try_source(fetcher, i, errand, &found);
        const int64_t end_ms = rests_until(fetcher, i);
        first_end_ms = end_ms < first_end_ms ? end_ms : first_end_ms;
        if (s.code != RPL_NOT_READY || why.code == RPL_OK)
            why = s;
    }
    if (found.document) {
        *out = found;
        return rpl_ok();
    }
    const int64_t boot_ms = fetcher->boot_ms();
    *retry_after_ms = first_end_ms > boot_ms ? first_end_ms - boot_ms : 0;
    return rpl_fail(why.code == RPL_INTERNAL ? RPL_INTERNAL : RPL_UNAVAILABLE, why.what);
}
