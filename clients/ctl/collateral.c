#include "clients/ctl/collateral.h"

static const struct {
    const char *name;
    int (*run)(int argc, char **argv);
} parts[] = {{"fetch", rpl_ctl_collateral_fetch}, {"show", rpl_ctl_collateral_show}};

int rpl_ctl_collateral(int argc, char **argv)
{
    for (size_t i = 0; argc > 1 && i < sizeof(parts) / sizeof(parts[0]); i++)
        if (strcmp(argv[1], parts[i].name) == 0)
            return parts[i].run(argc - 1, argv + 1);
    fputs("replicatoorctl collateral: expected fetch or show, see replicatoorctl --help\n", stderr);
    return RPL_CTL_USAGE;
}
