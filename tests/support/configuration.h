/* configuration.h - for tests of server/config: loading with one assignment. */
#ifndef RPL_TESTS_CONFIGURATION_H
#define RPL_TESTS_CONFIGURATION_H

#include "server/config.h"
#include "tests/support/check.h"

#define HEX32 "00112233445566778899aabbccddeeff00112233445566778899aabbccddeeff"

/* With one assignment, or none. */
static inline rpl_status load(const char *assignment, rpl_config *out, char *error)
{
    const char *const environment[] = {"PATH=/bin", "HOME=/", assignment, NULL};
    memset(out, 0x5a, sizeof(*out));
    return rpl_config_load(environment, out, error);
}

static inline void assert_loads(const char *assignment, rpl_config *out)
{
    char error[RPL_CONFIG_ERROR_MAX] = "";
    const rpl_status s = load(assignment, out, error);
    if (s.code != RPL_OK)
        fail_msg("%.100s: %s", assignment ? assignment : "(nothing)", error);
}

/* The one line names the setting and contains `part`. */
static inline void assert_stops(const char *assignment, const char *part)
{
    rpl_config config;
    char error[RPL_CONFIG_ERROR_MAX] = "", name[128];
    snprintf(name, sizeof(name), "%.*s: ", (int)strcspn(assignment, "="), assignment);
    if (load(assignment, &config, error).code != RPL_MALFORMED)
        fail_msg("%.100s is not refused", assignment);
    if (strncmp(error, name, strlen(name)) != 0 || !strstr(error, part) || strchr(error, '\n'))
        fail_msg("%.100s: \"%s\" does not say \"%s\"", assignment, error, part);
}

static inline const char *shown(const rpl_config *c, const char *name)
{
    for (size_t i = 0; i < c->n_settings; i++)
        if (strcmp(c->settings[i].name, name) == 0)
            return c->settings[i].value;
    return NULL;
}

#endif
