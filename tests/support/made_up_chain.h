/* made_up_chain.h - three providers that agree about one approved peer, and judging by them. Times are
 * hours before NOW unless said. Globals: one test program at a time.
 */
#ifndef RPL_TESTS_MADE_UP_CHAIN_H
#define RPL_TESTS_MADE_UP_CHAIN_H

#include "attestation/policy/chain_rule.h"
#include "tests/support/check.h"
#include "tests/support/verdicts.h"

#define HOUR   INT64_C(3600)
#define NOW    INT64_C(1795000000)
#define NEVER  UINT64_MAX
#define DELAY  (48 * HOUR)
#define MARGIN 1000 /* seconds that the finalized block lags behind */

static rpl_chain_pin pin;
static rpl_chain_facts facts;
static rpl_chain_case peer;
static rpl_chain_mark mark;
static rpl_chain_time now;
static rpl_chain_agreement agreement;
static rpl_verdict verdict;

static inline rpl_contract_entry entry_of(int64_t not_before, uint64_t not_after,
                                          int64_t proposed_at)
{
    return (rpl_contract_entry){(uint64_t)not_before, not_after, (uint64_t)proposed_at, 1};
}

/* Proposed 100 hours ago, active since 52. */
static inline rpl_contract_entry approved(void)
{
    return entry_of(NOW - 52 * HOUR, NEVER, NOW - 100 * HOUR);
}

static inline rpl_chain_view view_at(uint64_t number, int64_t t)
{
    rpl_chain_view v = {.block = {number, t, {(uint8_t)number}},
                        .code_hash = {0xc0},
                        .release = approved(),
                        .any_device = approved(),
                        .identity = {.digest = {0x1d}},
                        .min_epoch = 1};
    return v;
}

static inline rpl_chain_report report(void)
{
    return (rpl_chain_report){.standing = RPL_CHAIN_KNOWN,
                              .chain_id = 8453,
                              .finalized = view_at(90, NOW - MARGIN),
                              .latest = view_at(100, NOW - 12)};
}

static inline int start(void **state)
{
    (void)state;
    pin = (rpl_chain_pin){true, 8453, {0xaa}, {0xc0}, 3, 2};
    facts = (rpl_chain_facts){3, {report(), report(), report()}};
    peer = (rpl_chain_case){.direction = RPL_POLICY_GIVE,
                            .question = {{1}, {2}, {3}},
                            .is_config_settled = true,
                            .identity = {0x1d},
                            .highest_epoch = 1};
    mark = (rpl_chain_mark){0};
    now = (rpl_chain_time){true, NOW};
    return 0;
}

static inline bool judge(void)
{
    rpl_verdict_start(&verdict, 0);
    rpl_chain_agree(&pin, &facts, &mark, &now, &agreement);
    rpl_chain_judge(&peer, &pin, &facts, &agreement, &now, &verdict);
    return rpl_verdict_admits(&verdict);
}

/* The only failure is this one, with this code. */
static inline void refused_by(rpl_check check, const char *code)
{
    assert_false(judge());
    for (rpl_check c = 0; c < RPL_CHECK_COUNT; c++) {
        if ((verdict.state[c] == RPL_FAILED) != (c == check))
            fail_msg("%s, while %s was to fail", rpl_check_id(c), rpl_check_id(check));
    }
    assert_string_equal(verdict.findings[0].code, code);
}

/* The same entry in every view. */
#define everywhere(member, value)                                                                  \
    do {                                                                                           \
        for (size_t i_ = 0; i_ < facts.count; i_++) {                                              \
            facts.reports[i_].finalized.member = (value);                                          \
            facts.reports[i_].latest.member = (value);                                             \
        }                                                                                          \
    } while (0)

/* The third provider is ahead of the block that the quorum has, and is asked there, too. */
static inline rpl_chain_view *ahead(void)
{
    facts.reports[2].has_newest = true;
    facts.reports[2].newest = view_at(103, NOW - 1);
    return &facts.reports[2].newest;
}

#endif
