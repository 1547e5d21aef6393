#include <stdlib.h>

#include "clients/ctl/ctl.h"

static const rpl_ctl_option *find(const rpl_ctl_option *options, const char *name)
{
    for (; options->name; options++) {
        if (strcmp(options->name, name) == 0)
            return options;
    }
    return NULL;
}

static bool complain(const char *command, const char *argument, const char *what)
{
    fprintf(stderr, "replicatoorctl %s: ", command);
    if (argument) {
        /* never what is behind it: "--rpc=URL" and a URL too many hold a key */
        const char *url = strstr(argument, "://");
        const size_t name = strcspn(argument, "="), scheme = url ? (size_t)(url - argument) : name;
        rpl_ctl_print(stderr, rpl_bytes_of(argument, name < scheme ? name : scheme));
        fputs(": ", stderr);
    }
    fprintf(stderr, "%s; see replicatoorctl --help\n", what);
    return false;
}

/* "-" alone is a file, not an option. */
static bool is_option(const char *argument)
{
    return argument[0] == '-' && argument[1] != 0;
}

bool rpl_ctl_arguments(int argc, char **argv, const rpl_ctl_option *options,
                       const char **positionals, size_t n_positionals)
{
    size_t n = 0;
    for (int i = 1; i < argc; i++) {
        const rpl_ctl_option *option = is_option(argv[i]) ? find(options, argv[i]) : NULL;
        if (is_option(argv[i]) && !option)
            return complain(argv[0], argv[i], "no such option");
        if (option && option->value && i + 1 == argc)
            return complain(argv[0], argv[i], "a value was expected behind it");
        if (!option && n == n_positionals)
            return complain(argv[0], argv[i], "one argument too many");
        if (option && option->value)
            *option->value = argv[++i];
        else if (option)
            *option->given = true;
        else
            positionals[n++] = argv[i];
    }
    return n == n_positionals || complain(argv[0], NULL, "an argument is missing");
}

static void close_file(FILE *file)
{
    if (file != stdin)
        (void)fclose(file);
}
RPL_DEFINE_AUTO(FILE *, file, close_file)

uint8_t *rpl_ctl_read_start(const char *path, size_t max, size_t *len)
{
    RPL_AUTO(file) FILE *file = strcmp(path, "-") == 0 ? stdin : fopen(path, "rb");
    RPL_AUTO(bytes) uint8_t *data = malloc(max + 1);
    if (!file || !data) {
        perror(path);
        return NULL;
    }
    *len = fread(data, 1, max, file);
    if (ferror(file)) {
        perror(path);
        return NULL;
    }
    data[*len] = 0;
    return RPL_TAKE(data);
}

uint8_t *rpl_ctl_read(const char *path, size_t max, size_t *len)
{
    RPL_AUTO(bytes) uint8_t *data = rpl_ctl_read_start(path, max + 1, len);
    if (data && *len > max) {
        fprintf(stderr, "%s: longer than %zu bytes\n", path, max);
        return NULL;
    }
    return RPL_TAKE(data);
}

int rpl_ctl_fail(const char *subject, rpl_status s)
{
    fprintf(stderr, "%s: %s", subject, s.what ? s.what : rpl_code_table(s.code)->name);
    if (s.at)
        fprintf(stderr, " (at byte %u)", s.at);
    fputc('\n', stderr);
    return rpl_code_table(s.code)->exit_code;
}

void rpl_ctl_print(FILE *to, rpl_bytes text)
{
    for (size_t i = 0; i < text.len; i++) {
        const uint8_t c = text.data[i];
        if (c >= 0x20 && c < 0x7f)
            fputc(c, to);
        else
            fprintf(to, "\\x%02x", c);
    }
}
