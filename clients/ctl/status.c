#include <sodium.h>

#include "base/hex.h"
#include "clients/ctl/ctl.h"

enum { NONCE_LEN = 32 };

/* The node's quote must be over the nonce that was asked for; whether the quote holds is for
 * `replicatoorctl verify`. */
static bool answers_nonce(const json_t *status, const uint8_t nonce[static NONCE_LEN])
{
    uint8_t got[NONCE_LEN];
    const json_t *quote = rpl_json_get_object(status, "quote");
    return rpl_json_get_hex(quote, "nonce", got, sizeof(got)) &&
           rpl_bytes_equal(rpl_bytes_of(got, NONCE_LEN), rpl_bytes_of(nonce, NONCE_LEN));
}

int rpl_ctl_status(int argc, char **argv)
{
    const char *node;
    bool fresh = false;
    const rpl_ctl_option options[] = {{"--nonce", NULL, &fresh}, {0}};
    if (!rpl_ctl_arguments(argc, argv, options, &node, 1))
        return RPL_CTL_USAGE;
    uint8_t nonce[NONCE_LEN];
    char hex[2 * NONCE_LEN + 1], target[128];
    randombytes_buf(nonce, sizeof(nonce));
    rpl_hex_encode(rpl_bytes_of(nonce, sizeof(nonce)), hex);
    snprintf(target, sizeof(target), "/status%s%s", fresh ? "?nonce=" : "", fresh ? hex : "");
    RPL_AUTO(answer) rpl_ctl_answer answer = {0};
    const int refused = rpl_ctl_ask(&(rpl_ctl_call){.node = node, .target = target}, &answer);
    if (refused)
        return refused;
    if (!answer.json)
        return rpl_ctl_fail(node, rpl_fail(RPL_MALFORMED, "the answer is not JSON"));
    if (fresh && !answers_nonce(answer.json, nonce))
        return rpl_ctl_fail(node,
                            rpl_fail(RPL_UNTRUSTED, "the quote is not over the nonce asked for"));
    if (json_dumpf(answer.json, stdout, JSON_INDENT(2) | JSON_ENSURE_ASCII) != 0 ||
        putchar('\n') < 0)
        return rpl_ctl_fail("stdout", rpl_fail(RPL_INTERNAL, "cannot write"));
    return 0;
}
