#include "server/config.h"

#include <stdio.h>
#include <stdlib.h>

#include "attestation/policy/config_preimage.h"
#include "server/settings.h"
#include "server/settings_chain.h"
#include "server/settings_time.h"

static const char *value_in(const char *const *environment, const char *name)
{
    const size_t len = strlen(name);
    for (; *environment; environment++)
        if (strncmp(*environment, name, len) == 0 && (*environment)[len] == '=')
            return *environment + len + 1;
    return NULL;
}

static bool is_known(const char *assignment, size_t name_len)
{
    size_t count;
    const rpl_setting_row *rows = rpl_setting_rows(&count);
    for (size_t i = 0; i < count; i++)
        if (strlen(rows[i].name) == name_len && strncmp(rows[i].name, assignment, name_len) == 0)
            return true;
    return false;
}

static rpl_status refuse_unknown(const char *const *environment,
                                 char error[static RPL_CONFIG_ERROR_MAX])
{
    for (; *environment; environment++) {
        const size_t len = strcspn(*environment, "=");
        if (strncmp(*environment, "REPLICATOOR_", strlen("REPLICATOOR_")) != 0 ||
            is_known(*environment, len))
            continue;
        if (strncmp(*environment, "REPLICATOOR_TEST_", strlen("REPLICATOOR_TEST_")) == 0)
            snprintf(error, RPL_CONFIG_ERROR_MAX,
                     "%.*s: this is a release build, which has no test settings; unset it",
                     (int)len, *environment);
        else
            snprintf(error, RPL_CONFIG_ERROR_MAX,
                     "%.*s: there is no such setting; `replicatoor settings` lists them", (int)len,
                     *environment);
        return rpl_fail(RPL_MALFORMED, "unknown setting");
    }
    return rpl_ok();
}

static bool is_printable(const char *value)
{
    for (; *value; value++)
        if ((unsigned char)*value < 0x20 || *value == 0x7f)
            return false;
    return true;
}

static rpl_status load_row(rpl_config *c, const rpl_setting_row *r, const char *given,
                           char error[static RPL_CONFIG_ERROR_MAX])
{
    char *value = rpl_config_keep(c, strdup(given ? given : r->fallback)), *shown = value;
    if (!value)
        return rpl_fail(RPL_INTERNAL, "no memory");
    const char *wanted = !is_printable(value) ? "a value without control characters"
                         : strlen(value) > RPL_CONFIG_VALUE_MAX ? "a shorter value"
                                                                : r->parse(c, value, &shown);
    if (wanted) {
        snprintf(error, RPL_CONFIG_ERROR_MAX, "%s: expected %s; got \"%.100s\"", r->name, wanted,
                 is_printable(value) ? value : "control characters");
        return rpl_fail(RPL_MALFORMED, "setting");
    }
    if (r->kind != RPL_SETTING_LATER)
        c->settings[c->n_settings++] =
            (rpl_setting){r->name, shown, r->kind != RPL_SETTING_LOCAL, value, r->fallback};
    return rpl_ok();
}

static rpl_status digest_settings(rpl_config *c)
{
    rpl_config_line lines[RPL_CONFIG_LINES_MAX];
    size_t count = 0;

    for (size_t i = 0; i < c->n_settings; i++)
        if (c->settings[i].trusted)
            lines[count++] = (rpl_config_line){rpl_bytes_of_text(c->settings[i].name),
                                               rpl_bytes_of_text(c->settings[i].value)};
    c->preimage = rpl_config_keep(c, calloc(1, RPL_CONFIG_PREIMAGE_MAX + 1));
    if (!c->preimage)
        return rpl_fail(RPL_INTERNAL, "no memory");
    RPL_TRY(rpl_config_preimage_build(lines, count, (uint8_t *)c->preimage, &c->preimage_len));
    rpl_config_digest(rpl_bytes_of(c->preimage, c->preimage_len), c->digest);
    return rpl_ok();
}

static rpl_status load(const char *const *environment, rpl_config *c,
                       char error[static RPL_CONFIG_ERROR_MAX])
{
    size_t count;
    const rpl_setting_row *rows = rpl_setting_rows(&count);

    c->settings = calloc(count, sizeof(*c->settings));
    if (!c->settings)
        return rpl_fail(RPL_INTERNAL, "no memory");
    RPL_TRY(refuse_unknown(environment, error));
    for (size_t i = 0; i < count; i++)
        RPL_TRY(load_row(c, &rows[i], value_in(environment, rows[i].name), error));
    const char *problem =
        rpl_settings_chain_check(c, value_in(environment, "REPLICATOOR_DEVICES") != NULL);
    if (!problem)
        problem = rpl_settings_time_add_prefixes(c);
    if (problem) {
        snprintf(error, RPL_CONFIG_ERROR_MAX, "%s", problem);
        return rpl_fail(RPL_MALFORMED, "setting");
    }
    const rpl_status s = digest_settings(c);
    if (s.code != RPL_OK)
        snprintf(error, RPL_CONFIG_ERROR_MAX, "configuration: %s", s.what);
    return s;
}

rpl_status rpl_config_load(const char *const *environment, rpl_config *out,
                           char error[static RPL_CONFIG_ERROR_MAX])
{
    rpl_config c = {
        .roots = rpl_roots_intel(),
        .verifier_policy = rpl_verifier_policy_default(),
        .texts = calloc(1, sizeof(*c.texts)),
    };
    snprintf(error, RPL_CONFIG_ERROR_MAX, "no memory");
    const rpl_status s =
        c.texts ? load(environment, &c, error) : rpl_fail(RPL_INTERNAL, "no memory");
    if (s.code != RPL_OK) {
        rpl_config_free(&c);
        return s;
    }
    *out = c;
    return rpl_ok();
}

void rpl_config_free(rpl_config *config)
{
    if (config->texts) {
        for (size_t i = 0; i < config->texts->count; i++)
            free(config->texts->texts[i]);
        free(config->texts->texts);
    }
    free(config->texts);
    free(config->settings);
    *config = (rpl_config){0};
}

void rpl_config_print_table(void (*line)(const char *text))
{
    char text[512];
    size_t count;
    const rpl_setting_row *rows = rpl_setting_rows(&count);

    line("| name | default | in the config digest | meaning |");
    line("|---|---|---|---|");
    for (size_t i = 0; i < count; i++) {
        if (rows[i].kind == RPL_SETTING_LATER)
            continue;
        snprintf(text, sizeof(text), "| `%s` | %s%s%s | %s | %s |", rows[i].name,
                 rows[i].fallback[0] ? "`" : "unset", rows[i].fallback,
                 rows[i].fallback[0] ? "`" : "", rows[i].kind == RPL_SETTING_LOCAL ? "no" : "yes",
                 rows[i].help);
        line(text);
    }
}
