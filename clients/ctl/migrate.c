#include <stdarg.h>
#include <stdlib.h>

#include "clients/ctl/ctl.h"

typedef struct {
    const char *from, *to;
    bool challenge, dry_run;
} migration;

__attribute__((format(printf, 1, 2))) static void progress(const char *format, ...)
{
    va_list arguments;
    va_start(arguments, format);
    vfprintf(stderr, format, arguments);
    va_end(arguments);
    fputc('\n', stderr);
}

static int not_json(const char *node)
{
    return rpl_ctl_fail(node,
                        rpl_fail(RPL_MALFORMED, "the answer is not the JSON that was expected"));
}

/* The holder's challenge, as the body of the joiner's request; an empty body without one. */
static int ask_challenge(const migration *m, char **body)
{
    RPL_AUTO(answer) rpl_ctl_answer answer = {0};
    RPL_AUTO(json) json_t *object = json_object();
    uint8_t challenge[32];
    progress("1/4 %s: asking for a challenge", m->from);
    const int refused =
        rpl_ctl_ask(&(rpl_ctl_call){.node = m->from, .target = "/challenge"}, &answer);
    if (refused)
        return refused;
    if (!rpl_json_get_hex(answer.json, "challenge", challenge, sizeof(challenge)))
        return not_json(m->from);
    rpl_json_set_hex(object, "challenge", rpl_bytes_of(challenge, sizeof(challenge)));
    const rpl_status s = rpl_json_dump(object, body);
    return s.code == RPL_OK ? 0 : rpl_ctl_fail("challenge", s);
}

static int request_key(const migration *m, const char *body, rpl_ctl_answer *request)
{
    progress("2/4 %s: asking for a key and a quote over it", m->to);
    const int refused =
        rpl_ctl_ask(&(rpl_ctl_call){.node = m->to,
                                    .target = "/requestKey",
                                    .content_type = body ? "application/json" : NULL,
                                    .body = rpl_bytes_of_text(body ? body : "")},
                    request);
    if (refused)
        return refused;
    uint8_t pubk[32];
    return rpl_json_get_hex(request->json, "pubk", pubk, sizeof(pubk)) ? 0 : not_json(m->to);
}

static int onboard(const migration *m, const rpl_ctl_answer *request, rpl_ctl_answer *sealed)
{
    progress("3/4 %s: %s", m->from, m->dry_run ? "would it give its state?" : "sealing the state");
    return rpl_ctl_ask(&(rpl_ctl_call){.node = m->from,
                                       .target = m->dry_run ? "/onboard?dry_run=1" : "/onboard",
                                       .content_type = "application/json",
                                       .body = rpl_bytes_of(request->body, request->len)},
                       sealed);
}

static int report_dry_run(const migration *m, const rpl_ctl_answer *answer)
{
    const json_t *verdict = rpl_json_get_object(answer->json, "verdict");
    if (!verdict)
        return not_json(m->from);
    if (!json_is_true(json_object_get(verdict, "admitted"))) {
        rpl_ctl_print_checks(stderr, verdict);
        return rpl_ctl_fail(m->from, rpl_fail(RPL_DENIED, "the verdict does not admit"));
    }
    printf("%s would give its state to %s; nothing was sealed\n", m->from, m->to);
    return 0;
}

static int receive_key(const migration *m, const rpl_ctl_answer *sealed)
{
    progress("4/4 %s: installing the state", m->to);
    RPL_AUTO(answer) rpl_ctl_answer answer = {0};
    const int refused =
        rpl_ctl_ask(&(rpl_ctl_call){.node = m->to,
                                    .target = "/receiveKey",
                                    .content_type = "text/plain",
                                    .body = rpl_bytes_of(sealed->body, sealed->len)},
                    &answer);
    if (refused)
        return refused;
    rpl_bytes result;
    if (!rpl_json_get_text(answer.json, "result", &result))
        return not_json(m->to);
    rpl_ctl_print(stdout, result);
    printf(": %s has the state of %s\n", m->to, m->from);
    return 0;
}

static int migrate(const migration *m)
{
    RPL_AUTO(json_text) char *challenge = NULL;
    RPL_AUTO(answer) rpl_ctl_answer request = {0}, sealed = {0};
    int refused = m->challenge ? ask_challenge(m, &challenge) : 0;
    if (!refused)
        refused = request_key(m, challenge, &request);
    if (!refused)
        refused = onboard(m, &request, &sealed);
    if (refused)
        return refused;
    return m->dry_run ? report_dry_run(m, &sealed) : receive_key(m, &sealed);
}

int rpl_ctl_migrate(int argc, char **argv)
{
    migration m = {0};
    const rpl_ctl_option options[] = {{"--from", &m.from, NULL},
                                      {"--to", &m.to, NULL},
                                      {"--challenge", NULL, &m.challenge},
                                      {"--dry-run", NULL, &m.dry_run},
                                      {0}};
    if (!rpl_ctl_arguments(argc, argv, options, NULL, 0))
        return RPL_CTL_USAGE;
    if (!m.from || !m.to) {
        progress("replicatoorctl migrate: --from HOST:PORT and --to HOST:PORT are needed");
        return RPL_CTL_USAGE;
    }
    return migrate(&m);
}
