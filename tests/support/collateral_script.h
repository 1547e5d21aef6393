/* collateral_script.h - for tests of collateral sources: provisioning services of made-up documents,
 * each of which says its own dates, and a judge that believes them. Faults by name. */
#ifndef RPL_TESTS_COLLATERAL_SCRIPT_H
#define RPL_TESTS_COLLATERAL_SCRIPT_H

#include "attestation/collateral_document.h"
#include "tests/support/http_script.h"

enum { SCRIPT_KINDS = 6, SCRIPT_DAY_S = 86400 };

/* How a service behaves; set with script_set. */
typedef struct {
    const char *fault; /* "<document> <fault>" or "all <fault>", "" for none */
    int64_t issued_s;
    unsigned number;
    int mark; /* stands in the documents */
} script_manner;

typedef struct {
    pthread_mutex_t lock;
    pthread_cond_t opened;
    bool closed; /* answers wait until it is opened */
    script_manner manner;
    unsigned asked[SCRIPT_KINDS]; /* as script_names */
    script_server server;
} script_service;

static const char *const script_names[SCRIPT_KINDS] = {"tcb",     "qe",    "pckcrl",
                                                       "rootcrl", "early", "nextqe"};

/* CLOCK_BOOTTIME, as the test says. */
static _Atomic int64_t script_boot_now;

static inline int64_t script_boot_ms(void)
{
    return script_boot_now;
}

static inline int script_kind(const char *target)
{
    static const char *const paths[SCRIPT_KINDS] = {"/tdx/certification/v4/tcb?fmspc=",
                                                    "/tdx/certification/v4/qe/identity",
                                                    "/sgx/certification/v4/pckcrl?ca=",
                                                    "/sgx/certification/v4/rootcacrl",
                                                    "&update=early",
                                                    "/qe/identity?update=early"};
    if (strstr(target, paths[5]))
        return 5;
    if (strstr(target, paths[4]))
        return 4;
    for (int i = 0; i < 4; i++)
        if (strncmp(target, paths[i], strlen(paths[i])) == 0)
            return i;
    return -1;
}

/* A DER element of 80 bytes, or the answer of a JSON service. */
static inline char *script_body(int kind, const script_manner *m, size_t *len)
{
    char text[96], zeros[129];
    char *body = calloc(1, 512);
    memset(zeros, '0', 128);
    zeros[128] = 0;
    snprintf(text, sizeof(text), "%s %d issued=%lld number=%u", script_names[kind], m->mark,
             (long long)m->issued_s, m->number);
    if (kind == 2 || kind == 3)
        *len = (size_t)snprintf(body, 512, "\x30\x50%-80s", text);
    else
        *len =
            (size_t)snprintf(body, 512, "{\"%s\":{\"is\":\"%s\"},\"signature\":\"%s\"}",
                             kind == 1 || kind == 5 ? "enclaveIdentity" : "tcbInfo", text, zeros);
    return body;
}

static inline void script_spoil(const char *fault, script_answer *a)
{
    static const struct {
        const char *fault;
        int status;
        const char *headers;
    } rows[] = {
        {"unknown", 404, NULL},
        {"gone", 410, NULL},
        {"moved", 302, "Location: /elsewhere\r\n"},
        {"busy", 429, "Retry-After: 100\r\n"},
        {"down", 503, NULL},
        {"cut", 0, NULL},
    };
    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        if (strcmp(fault, rows[i].fault) == 0) {
            a->status = rows[i].status;
            a->headers = rows[i].headers;
        }
    }
    if (strcmp(fault, "unchained") == 0)
        a->headers = NULL;
    else if (strcmp(fault, "bent") == 0)
        a->headers = "TCB-Info-Issuer-Chain: %zz\r\n";
    else if (strcmp(fault, "other") == 0)
        a->headers = "SGX-TCB-Info-Issuer-Chain: other%20name\r\n";
    else if (strcmp(fault, "twice") == 0)
        a->headers = "TCB-Info-Issuer-Chain: a\r\nTCB-Info-Issuer-Chain: b\r\n";
    else if (strcmp(fault, "html") == 0)
        a->body[0] = '<';
    else if (strcmp(fault, "short") == 0)
        a->body_len -= 3;
    else if (strcmp(fault, "empty") == 0)
        *a->body = 0, a->body_len = 0;
    else if (strcmp(fault, "bad") == 0)
        memcpy(strstr(a->body + 2, "issued"), "forged", 6);
    else if (strcmp(fault, "huge") == 0) {
        free(a->body);
        a->body_len = (2 << 20) + 1;
        a->body = calloc(1, a->body_len);
    }
}

static inline script_answer script_document(script_server *server, const char *target,
                                            const char *body)
{
    static const char *const headers[SCRIPT_KINDS] = {
        "TCB-Info-Issuer-Chain: chain%20of%20tcb\r\n",
        "SGX-Enclave-Identity-Issuer-Chain: chain%20of%20qe\r\n",
        "SGX-PCK-CRL-Issuer-Chain: chain%20of%20list\r\n",
        NULL,
        "tcb-info-issuer-chain: chain%20of%20early\r\n",
        "SGX-Enclave-Identity-Issuer-Chain: chain%20of%20next\r\n"};
    script_service *s = server->data;
    const int kind = script_kind(target);
    script_answer a = {.status = 400};
    (void)body;
    if (kind < 0)
        return a;
    pthread_mutex_lock(&s->lock);
    s->asked[kind]++;
    while (s->closed)
        pthread_cond_wait(&s->opened, &s->lock);
    const script_manner m = s->manner;
    pthread_mutex_unlock(&s->lock);
    a = (script_answer){.status = 200, .headers = headers[kind]};
    a.body = script_body(kind, &m, &a.body_len);
    const char *name = script_names[kind], *fault = strchr(m.fault, ' ');
    if (fault && (strncmp(m.fault, name, strlen(name)) == 0 || strncmp(m.fault, "all", 3) == 0))
        script_spoil(fault + 1, &a);
    return a;
}

static inline void script_open(script_service *s, bool open)
{
    pthread_mutex_lock(&s->lock);
    s->closed = !open;
    pthread_cond_broadcast(&s->opened);
    pthread_mutex_unlock(&s->lock);
}

static inline void script_set(script_service *s, script_manner manner)
{
    pthread_mutex_lock(&s->lock);
    s->manner = manner;
    pthread_mutex_unlock(&s->lock);
}

static inline script_manner script_get(script_service *s)
{
    pthread_mutex_lock(&s->lock);
    const script_manner manner = s->manner;
    pthread_mutex_unlock(&s->lock);
    return manner;
}

static inline void script_fault(script_service *s, const char *fault)
{
    script_manner m = script_get(s);
    m.fault = fault;
    script_set(s, m);
}

/* How often the document was asked for. */
static inline unsigned script_asked(script_service *s, int kind)
{
    pthread_mutex_lock(&s->lock);
    const unsigned n = s->asked[kind];
    pthread_mutex_unlock(&s->lock);
    return n;
}

/* Without the early view. */
static inline unsigned script_asked_all(script_service *s)
{
    unsigned n = 0;
    for (int i = 0; i < 4; i++)
        n += script_asked(s, i);
    return n;
}

static inline void script_service_start(script_service *s, script_manner manner)
{
    *s = (script_service){.manner = manner};
    s->server = (script_server){.answer = script_document, .data = s};
    assert_int_equal(pthread_mutex_init(&s->lock, NULL), 0);
    assert_int_equal(pthread_cond_init(&s->opened, NULL), 0);
    script_start_tcp(&s->server);
}

static inline void script_service_stop(script_service *s)
{
    script_open(s, true);
    script_stop(&s->server);
    pthread_cond_destroy(&s->opened);
    pthread_mutex_destroy(&s->lock);
}

/* Documents live 28 days from the date that they give. */
static inline rpl_status script_check(const void *self, const rpl_collateral_document *d,
                                      int64_t now_s, rpl_collateral_stamp *out)
{
    char text[128] = "";
    long long issued;
    unsigned number;
    (void)self;
    if (d->text.len >= sizeof(text))
        return rpl_fail(RPL_UNTRUSTED, "another document");
    memcpy(text, d->text.data, d->text.len);
    const char *at = strstr(text, "issued=");
    if (!at || sscanf(at, "issued=%lld number=%u", &issued, &number) != 2 || d->chain.len == 0)
        return rpl_fail(RPL_UNTRUSTED, "a forged document");
    if (now_s < issued || now_s > issued + 28 * SCRIPT_DAY_S)
        return rpl_fail(RPL_STALE, "not in force");
    *out = (rpl_collateral_stamp){.issued_s = issued,
                                  .next_update_s = issued + 28 * SCRIPT_DAY_S,
                                  .valid_until_s = issued + 28 * SCRIPT_DAY_S,
                                  .number = number};
    return rpl_ok();
}

#endif
