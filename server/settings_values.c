#include "server/settings_values.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>

#include "base/hash.h"
#include "base/hex.h"

/* --- texts that live as long as the config --- */

char *rpl_config_keep(rpl_config *c, char *text)
{
    char **grown = realloc(c->texts->texts, (c->texts->count + 1) * sizeof(*grown));
    if (!grown || !text) {
        free(text);
        return NULL;
    }
    c->texts->texts = grown;
    grown[c->texts->count++] = text;
    return text;
}

const char *rpl_setting_unset_is_null(const char *value)
{
    return value[0] ? value : NULL;
}

static void close_file(FILE **f)
{
    if (*f)
        (void)fclose(*f);
}

bool rpl_setting_load_file(rpl_config *c, const char *path, rpl_setting_file *out, char **shown)
{
    __attribute__((cleanup(close_file))) FILE *f = fopen(path, "re");
    char *text = malloc(RPL_CONFIG_VALUE_MAX + 1);
    uint8_t digest[RPL_SHA256_LEN];
    char *label = malloc(strlen("sha256:") + 2 * sizeof(digest) + 1);

    if (!rpl_config_keep(c, text) || !rpl_config_keep(c, label) || !f)
        return false;
    out->data = text;
    out->len = fread(text, 1, RPL_CONFIG_VALUE_MAX + 1, f);
    if (ferror(f) || out->len > RPL_CONFIG_VALUE_MAX)
        return false;
    text[out->len] = 0;
    rpl_sha256(rpl_bytes_of(text, out->len), digest);
    memcpy(label, "sha256:", strlen("sha256:"));
    rpl_hex_encode(rpl_bytes_of(digest, sizeof(digest)), label + strlen("sha256:"));
    *shown = label;
    return true;
}

bool rpl_setting_number(const char *text, uint64_t min, uint64_t max, int base, uint64_t *out,
                        const char **rest)
{
    char *end;
    if (*text < '0' || *text > '9')
        return false;
    errno = 0;
    const unsigned long long n = strtoull(text, &end, base);
    *rest = end;
    *out = n;
    return errno == 0 && n >= min && n <= max;
}

const char *rpl_setting_each(rpl_config *c, const char *value,
                             const char *(*item)(rpl_config *, const char *))
{
    char *copy = rpl_config_keep(c, strdup(value)), *rest = NULL;
    if (!copy)
        return "memory";
    for (char *part = strtok_r(copy, ",", &rest); part; part = strtok_r(NULL, ",", &rest)) {
        const char *problem = item(c, part);
        if (problem)
            return problem;
    }
    return NULL;
}
