/* replicatoorctl - the operator's and the auditor's command. */
#include "base/net/http_client.h"
#include "clients/ctl/ctl.h"

typedef struct {
    const char *name;
    int (*run)(int argc, char **argv);
    const char *arguments, *help;
} command;

static const command commands[] = {
    {"collateral", rpl_ctl_collateral,
     "fetch (--quote FILE | --fmspc HEX --ca platform|processor)\n"
     "          [--source URL,..] [--ca-file FILE] [--early] [-o FILE]\n"
     "  collateral show FILE [--at UNIX] [--json]",
     "what Intel signs about a platform, as a bundle for verify; and what is in such a bundle"},
    {"status", rpl_ctl_status, "HOST:PORT [--nonce]", "what a node says of itself, as JSON"},
    {"configure", rpl_ctl_configure, "HOST:PORT FILE", "send env lines to a node"},
    {"measure", rpl_ctl_measure,
     "[--compose FILE] [--image DIR | --published FILE] [--memory SIZE] [--two-pass]\n"
     "          [--kernel-as-is] [--image-hash HEX] [--quote FILE] [--event-log FILE] [--era "
     "NAME]\n"
     "          [--log-version 2] [--EVENT VALUE ..] [--rootfs FILE] [--ca-cert FILE] [--json]",
     "reference values: hashes of a compose file, registers of an image, RTMR3; and how they\n"
     "      agree with a captured quote"},
    {"migrate", rpl_ctl_migrate, "--from HOST:PORT --to HOST:PORT [--challenge] [--dry-run]",
     "move the state of one node to another"},
    {"release", rpl_ctl_release,
     "COMPOSE [--service NAME] [--quote FILE --event-log FILE] [--json]",
     "is what is approved what runs? and the hashes to approve"},
    {"verify", rpl_ctl_verify,
     "QUOTE --collateral FILE [--at UNIX] [--accept STATUS,..] [--event-log FILE] [--json]\n"
     "         or --node HOST:PORT instead of QUOTE; [--release HEX]; [--RULE VALUE], one for "
     "each\n"
     "         setting of the policy: --tcb-advisories for REPLICATOOR_TCB_ADVISORIES",
     "verify a quote, raw or in hex; the evidence that a node sends behind it is left out; or a\n"
     "      running node: its quote over a fresh nonce, its event log, and what it says of itself"},
    {"upgrade", rpl_ctl_upgrade,
     "propose|revoke|sunset --contract ADDRESS [--rpc URL [--from ADDRESS]] [--json|--safe]\n"
     "          (--kind NAME --value VALUE | --compose FILE --image-hash HEX [--quote FILE\n"
     "          --event-log FILE]) [--not-before UNIX] [--not-after UNIX] [--info|--reason TEXT]\n"
     "  upgrade list --contract ADDRESS --rpc URL [--since BLOCK] [--json]\n"
     "  upgrade watch --contract ADDRESS --rpc URL [--expect KIND=VALUE,..] [--expect-file FILE]\n"
     "          [--webhook URL] [--interval S] [--max-age S] [--blind S] [--once]",
     "prepare a transaction for a multisig or a hardware wallet; what is pending, active, changed"},
};

enum { COMMANDS = sizeof(commands) / sizeof(*commands) };

static int usage(FILE *to)
{
    fprintf(to, "usage: replicatoorctl COMMAND ..\n\n");
    for (size_t i = 0; i < COMMANDS; i++)
        fprintf(to, "  %s %s\n      %s\n", commands[i].name, commands[i].arguments,
                commands[i].help);
    fprintf(to, "\n  --version\n\nexit status: 0 done, 1 refused, 2 malformed input or usage, "
                "3 not ready or conflict,\n  4 unavailable, 5 our fault. - as a file is stdin.\n");
    return to == stdout ? 0 : RPL_CTL_USAGE;
}

int main(int argc, char **argv)
{
    const char *name = argc > 1 ? argv[1] : "";
    if (strcmp(name, "--help") == 0 || strcmp(name, "help") == 0)
        return usage(stdout);
    if (strcmp(name, "--version") == 0)
        return printf("replicatoorctl %s\n", RPL_VERSION) < 0;
    const rpl_status started = rpl_http_global_init();
    if (started.code != RPL_OK)
        return rpl_ctl_fail("replicatoorctl", started);
    for (size_t i = 0; i < COMMANDS; i++)
        if (strcmp(name, commands[i].name) == 0)
            return commands[i].run(argc - 1, argv + 1);
    return usage(stderr);
}
