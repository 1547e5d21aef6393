#include "attestation/reference/app_compose.h"

#include "base/json.h"

enum { VALUES_MAX = 4096 };

/* Values still to look at: the depth of JSON is bounded, so this is a walk without recursion. */
static rpl_status check_numbers(json_t *root)
{
    json_t *stack[VALUES_MAX];
    size_t n = 0;
    const char *key;
    json_t *value;
    size_t i;

    stack[n++] = root;
    while (n > 0) {
        json_t *at = stack[--n];
        if (json_is_real(at))
            return rpl_fail(RPL_MALFORMED, "app-compose: a number with a fraction or an exponent");
        if (n + json_object_size(at) + json_array_size(at) > VALUES_MAX)
            return rpl_fail(RPL_TOO_LARGE, "app-compose: more than 4096 values");
        json_object_foreach(at, key, value) stack[n++] = value;
        json_array_foreach(at, i, value) stack[n++] = value;
    }
    return rpl_ok();
}

static void drop_other_runner(json_t *object)
{
    rpl_bytes runner, script;
    const bool is_bash = rpl_json_get_text(object, "runner", &runner) &&
                         rpl_bytes_equal(runner, rpl_bytes_of_text("bash"));

    json_object_del(object, is_bash ? "docker_compose_file" : "bash_script");
    if (rpl_json_get_text(object, "pre_launch_script", &script) && script.len == 0)
        json_object_del(object, "pre_launch_script");
}

/* jansson writes \u001F where everybody else writes \u001f. */
static void lower_escapes(char *text)
{
    for (char *c = text; *c; c++) {
        if (*c != '\\')
            continue;
        c++;
        for (size_t i = 1; *c == 'u' && i <= 4; i++)
            if (c[i] >= 'A' && c[i] <= 'F')
                c[i] = (char)(c[i] - 'A' + 'a');
    }
}

rpl_status rpl_app_compose_normalize(rpl_bytes text, bool drop_unused, char **out)
{
    RPL_AUTO(json) json_t *object = NULL;

    RPL_TRY(rpl_json_parse(text, RPL_APP_COMPOSE_MAX, &object));
    if (!json_is_object(object))
        return rpl_fail(RPL_MALFORMED, "app-compose: not a JSON object");
    RPL_TRY(check_numbers(object));
    if (drop_unused)
        drop_other_runner(object);
    RPL_AUTO(json_text) char *dumped = json_dumps(object, JSON_COMPACT | JSON_SORT_KEYS);
    if (!dumped)
        return rpl_fail(RPL_INTERNAL, "app-compose: no memory");
    lower_escapes(dumped);
    *out = RPL_TAKE(dumped);
    return rpl_ok();
}
