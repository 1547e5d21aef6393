/* verify.c - how many quotes per second are verified from nothing: all collateral parsed and its
 * signatures checked anew each time, one core. One line of JSON. */
#include "attestation/verify.h"
#include "base/json.h"
#include "tests/support/file.h"

#include <stdio.h>
#include <stdlib.h>
#include <time.h>

#define CASE "dcap/real/phala-dcap-qvl/tdx_v4_b0c06f/"

static double now_s(void)
{
    struct timespec t;
    clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &t);
    return (double)t.tv_sec + (double)t.tv_nsec / 1e9;
}

static rpl_bytes member(const json_t *bundle, const char *name)
{
    rpl_bytes text;
    if (!rpl_json_get_text(bundle, name, &text)) {
        fprintf(stderr, "collateral.json has no %s\n", name);
        exit(1);
    }
    return text;
}

static rpl_collateral collateral_of(const json_t *bundle)
{
    return (rpl_collateral){
        .root_crl = member(bundle, "root_ca_crl"),
        .pck_crl = member(bundle, "pck_crl"),
        .tcb_info_chain = member(bundle, "tcb_info_issuer_chain"),
        .tcb_info = member(bundle, "tcb_info"),
        .tcb_info_signature = member(bundle, "tcb_info_signature"),
        .qe_identity_chain = member(bundle, "qe_identity_issuer_chain"),
        .qe_identity = member(bundle, "qe_identity"),
        .qe_identity_signature = member(bundle, "qe_identity_signature"),
    };
}

static bool verified(rpl_bytes quote, const rpl_collateral *collateral, int64_t at)
{
    const rpl_roots roots = rpl_roots_intel();
    const rpl_verifier_policy policy = rpl_verifier_policy_default();
    RPL_AUTO(verification) rpl_verification *v = NULL;
    static rpl_verdict verdict;
    rpl_verdict_start(&verdict, RPL_GROUP_QUOTE | RPL_GROUP_TD | RPL_GROUP_COLLATERAL);
    return rpl_verification_begin(quote, &roots, &policy, at, &verdict, &v).code == RPL_OK &&
           rpl_verification_collateral(v, collateral, &verdict).code == RPL_OK &&
           rpl_verdict_admits(&verdict);
}

int main(int argc, char **argv)
{
    const double seconds = argc > 1 ? atof(argv[1]) : 2;
    size_t quote_len, bundle_len, meta_len;
    uint8_t *quote = read_vector(CASE "quote.bin", &quote_len);
    uint8_t *bundle_text = read_vector(CASE "collateral.json", &bundle_len);
    uint8_t *meta_text = read_vector(CASE "meta.json", &meta_len);
    RPL_AUTO(json) json_t *bundle = NULL;
    RPL_AUTO(json) json_t *meta = NULL;
    uint64_t at;
    if (rpl_json_parse(rpl_bytes_of(bundle_text, bundle_len), 1 << 20, &bundle).code != RPL_OK ||
        rpl_json_parse(rpl_bytes_of(meta_text, meta_len), 1 << 20, &meta).code != RPL_OK ||
        !rpl_json_get_uint(meta, "verification_time_unix", INT64_MAX, &at))
        return 1;
    const rpl_collateral collateral = collateral_of(bundle);
    const double start = now_s();
    unsigned long done = 0;
    while (now_s() - start < seconds) {
        if (!verified(rpl_bytes_of(quote, quote_len), &collateral, (int64_t)at)) {
            fputs("the quote is refused: nothing was measured\n", stderr);
            return 1;
        }
        done++;
    }
    printf("{\"cold_verifications_per_s\": %.0f}\n", (double)done / (now_s() - start));
    free(quote);
    free(bundle_text);
    free(meta_text);
    return 0;
}
