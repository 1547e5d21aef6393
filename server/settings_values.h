/* settings_values.h - what the parsers of settings share: numbers, lists, files. For server/settings*.c.
 */
#ifndef RPL_SERVER_SETTINGS_VALUES_H
#define RPL_SERVER_SETTINGS_VALUES_H

#include "server/settings.h"

/* NULL for "". */
const char *rpl_setting_unset_is_null(const char *value);

typedef struct {
    char *data; /* owned by the config, zero-terminated */
    size_t len;
} rpl_setting_file;

/* The content of a configured file, RPL_CONFIG_VALUE_MAX bytes at most; *shown, the value as it is
 * digested, becomes the digest of the content. False when it cannot be read. */
RPL_CHECKED bool rpl_setting_load_file(rpl_config *c, const char *path, rpl_setting_file *out,
                                       char **shown);

/* A number that begins with a digit; *rest is what follows it. */
RPL_CHECKED bool rpl_setting_number(const char *text, uint64_t min, uint64_t max, int base,
                                    uint64_t *out, const char **rest);

/* Calls `item` for each part of a comma separated list, until one says what was expected instead. */
const char *rpl_setting_each(rpl_config *c, const char *value,
                             const char *(*item)(rpl_config *, const char *));

#endif
