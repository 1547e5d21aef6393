#include "server/settings_store.h"

enum { PATH_LEN_MAX = 1024 };

static const char wanted[] = "memory:, or file: and the absolute path of a folder";

/* Written as it is meant: no part of it leads elsewhere. */
static bool is_plain_path(const char *path)
{
    const size_t len = strlen(path);
    return path[0] == '/' && len > 1 && len <= PATH_LEN_MAX && path[len - 1] != '/' &&
           !strstr(path, "//") && !strstr(path, "/../") && !strstr(path, "/./") &&
           strcmp(path + len - (len < 3 ? len : 3), "/..") != 0 &&
           strcmp(path + len - 2, "/.") != 0;
}

const char *rpl_setting_store(rpl_config *c, const char *value, char **shown)
{
    static const char file[] = "file:";
    (void)shown;
    if (strcmp(value, "memory:") == 0)
        return NULL;
    if (strncmp(value, "etcd:", strlen("etcd:")) == 0)
        return "memory: or file:<absolute path>; this version does not store in etcd yet";
    if (strncmp(value, file, strlen(file)) != 0 || !is_plain_path(value + strlen(file)))
        return wanted;
    c->store_dir = value + strlen(file);
    return NULL;
}
