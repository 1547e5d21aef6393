/* compose_rules.h - the rules of compose_lint.h over one part of the tree each; for compose_lint.c
 * alone. */
#ifndef RPL_ATTESTATION_POLICY_COMPOSE_RULES_H
#define RPL_ATTESTATION_POLICY_COMPOSE_RULES_H

#include "attestation/policy/compose_lint.h"
#include "attestation/policy/yaml_tree.h"

/* `node` NULL: `key` stands at the top of the file. `text` is what broke the rule. */
void rpl_lint_add(rpl_compose_report *report, rpl_lint_rule rule, const rpl_yaml_node *node,
                  const char *key, rpl_bytes text);
/* Printable ASCII, cut; other bytes become '?'. */
void rpl_lint_print(char out[static RPL_LINT_WHERE_MAX], rpl_bytes text);

void rpl_lint_allowed_env(rpl_compose_report *report, rpl_bytes name);
void rpl_lint_top_level(rpl_compose_report *report, const rpl_yaml_node *root);
void rpl_lint_service(rpl_compose_report *report, const rpl_yaml_node *service, bool is_ours);

#endif
