#include "base/net/tls_dates.h"

#include <openssl/ssl.h>
#include <time.h>

static bool to_unix(const ASN1_TIME *time, int64_t *unix_s)
{
    struct tm parts;
    if (ASN1_TIME_to_tm(time, &parts) != 1)
        return false;
    *unix_s = timegm(&parts);
    return true;
}

/* The window in which every certificate of the chain is valid. */
static bool read_chain(STACK_OF(X509) * chain, rpl_tls_dates *dates)
{
    int64_t from_s, until_s;

    dates->from_s = INT64_MIN;
    dates->until_s = INT64_MAX;
    for (int i = 0; i < sk_X509_num(chain); i++) {
        const X509 *one = sk_X509_value(chain, i);
        if (!to_unix(X509_get0_notBefore(one), &from_s) ||
            !to_unix(X509_get0_notAfter(one), &until_s))
            return false;
        dates->from_s = from_s > dates->from_s ? from_s : dates->from_s;
        dates->until_s = until_s < dates->until_s ? until_s : dates->until_s;
    }
    return sk_X509_num(chain) > 0;
}

/* OpenSSL judges by our time, or not at all. */
static void set_time(X509_VERIFY_PARAM *rules, const rpl_tls_dates *dates)
{
    if (dates->judged)
        X509_VERIFY_PARAM_set_time(rules, (time_t)dates->now_s);
    else
        (void)X509_VERIFY_PARAM_set_flags(rules, X509_V_FLAG_NO_CHECK_TIME);
}

static int verify(X509_STORE_CTX *store, void *context)
{
    rpl_tls_dates *dates = context;

    set_time(X509_STORE_CTX_get0_param(store), dates);
    const bool verified = X509_verify_cert(store) == 1;
    const int error = X509_STORE_CTX_get_error(store);
    dates->refused = !verified && (error == X509_V_ERR_CERT_HAS_EXPIRED ||
                                   error == X509_V_ERR_CERT_NOT_YET_VALID);
    return verified && read_chain(X509_STORE_CTX_get0_chain(store), dates) ? 1 : 0;
}

void rpl_tls_dates_judge(struct ssl_ctx_st *context, rpl_tls_dates *dates)
{
    SSL_CTX_set_cert_verify_callback(context, verify, dates);
}
