#include "server/settings_time.h"

#include "base/https_url.h"
#include "server/settings_values.h"

/* Small public documents of Intel's, which its hosts serve to everybody. */
static const char intel[] =
    "https://api.trustedservices.intel.com/sgx/certification/v4/qe/identity,"
    "https://certificates.trustedservices.intel.com/IntelSGXRootCA.der";

static const char wanted[] = "\"intel\", or two to eight https URLs of different hosts, comma "
                             "separated, without user, query "
                             "or fragment";

static const char *add_origin(rpl_config *c, const char *part)
{
    rpl_https_url url, other;
    if (c->n_time_origins == RPL_CONFIG_TIME_ORIGINS_MAX ||
        rpl_https_url_parse(rpl_bytes_of_text(part), &url).code != RPL_OK)
        return wanted;
    for (size_t i = 0; i < c->n_time_origins; i++)
        if (rpl_https_url_parse(rpl_bytes_of_text(c->time_origins[i]), &other).code != RPL_OK ||
            rpl_host_equal(url.host, other.host))
            return wanted;
    c->time_origins[c->n_time_origins++] = part;
    return NULL;
}

const char *rpl_setting_time_origins(rpl_config *c, const char *value, char **shown)
{
    (void)shown;
    const char *list = strcmp(value, "intel") == 0 ? intel : value;
    const char *problem = rpl_setting_each(c, list, add_origin);
    return problem || c->n_time_origins >= 2 ? problem : wanted;
}

static bool is_new_host(const rpl_config *c, const char *text)
{
    rpl_https_url url, other;
    if (rpl_https_url_parse(rpl_bytes_of_text(text), &url).code != RPL_OK)
        return false;
    for (size_t i = 0; i < c->n_time_origins; i++)
        if (rpl_https_url_parse(rpl_bytes_of_text(c->time_origins[i]), &other).code != RPL_OK ||
            rpl_host_equal(url.host, other.host))
            return false;
    return c->n_time_origins < RPL_CONFIG_TIME_ORIGINS_MAX;
}

const char *rpl_settings_time_add_prefixes(rpl_config *c)
{
    for (size_t i = 0; i < c->rpc_prefixes.count; i++) {
        if (!is_new_host(c, c->rpc_prefixes.text[i]))
            continue;
        const char *kept = rpl_config_keep(c, strdup(c->rpc_prefixes.text[i]));
        if (!kept)
            return "memory";
        c->time_origins[c->n_time_origins++] = kept;
    }
    return NULL;
}

#ifdef RPL_TEST_ROOTS
enum { AGE_MAX_S = 24 * 3600 };

const char *rpl_setting_test_clock(rpl_config *c, const char *value, char **shown)
{
    const size_t len = strlen("origins");
    const char *rest = value + len;
    uint64_t seconds;

    (void)shown;
    c->host_clock = strcmp(value, "host") == 0;
    if (c->host_clock || strcmp(value, "origins") == 0)
        return NULL;
    if (strncmp(value, "origins:", len + 1) != 0 ||
        !rpl_setting_number(rest + 1, 1, AGE_MAX_S, 10, &seconds, &rest) || *rest)
        return "host, origins, or origins:SECONDS";
    c->test_time_max_age_s = (int64_t)seconds;
    return NULL;
}
#endif
