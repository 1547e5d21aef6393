#include <stdlib.h>

#include "clients/ctl/ctl.h"

enum { ENV_MAX = 65536 };

int rpl_ctl_configure(int argc, char **argv)
{
    const char *arguments[2];
    const rpl_ctl_option options[] = {{0}};
    if (!rpl_ctl_arguments(argc, argv, options, arguments, 2))
        return RPL_CTL_USAGE;
    size_t len;
    RPL_AUTO(bytes) uint8_t *env = rpl_ctl_read(arguments[1], ENV_MAX, &len);
    if (!env)
        return RPL_CTL_USAGE;
    RPL_AUTO(answer) rpl_ctl_answer answer = {0};
    const int refused = rpl_ctl_ask(&(rpl_ctl_call){.node = arguments[0],
                                                    .target = "/configure",
                                                    .content_type = "text/plain",
                                                    .body = rpl_bytes_of(env, len)},
                                    &answer);
    if (refused)
        return refused;
    const json_t *accepted = rpl_json_get_array(answer.json, "accepted");
    size_t i;
    json_t *name;
    json_array_foreach(accepted, i, name)
    {
        rpl_ctl_print(stdout, rpl_bytes_of(json_string_value(name), json_string_length(name)));
        putchar('\n');
    }
    return 0;
}
