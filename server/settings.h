/* settings.h - the table of settings: one row per name, each with its default, meaning and parser.
 * For config.c alone, which reads the environment and makes the digest.
 */
#ifndef RPL_SERVER_SETTINGS_H
#define RPL_SERVER_SETTINGS_H

#include "server/config.h"

typedef enum {
    RPL_SETTING_TRUSTED, /* takes part in the config digest */
    RPL_SETTING_LOCAL,   /* where and how loud: says nothing about what the node does */
    RPL_SETTING_TESTING, /* exists in test builds only, and is trusted there */
    RPL_SETTING_LATER, /* reserved for a version that honours it; ignoring it would be dangerous */
} rpl_setting_kind;

/* Answers NULL, or what was expected. It may replace *shown, the value as it is digested. */
typedef const char *(*rpl_setting_parser)(rpl_config *c, const char *value, char **shown);

typedef struct {
    const char *name;
    rpl_setting_kind kind;
    const char *fallback;
    rpl_setting_parser parse;
    const char *help;
} rpl_setting_row;

/* In the order in which they are to be read. */
const rpl_setting_row *rpl_setting_rows(size_t *count);

/* What lives as long as the config. */
struct rpl_config_texts {
    char **texts;
    size_t count;
    char problem[256]; /* what a parser says when a static text is not enough */
};
/* Takes ownership of `text`; NULL, having freed it, when memory is short. */
char *rpl_config_keep(rpl_config *c, char *text);

#endif
