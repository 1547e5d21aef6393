/* evm.h - the recorded blocks of tests/vectors/evm, one per hard fork. */
#ifndef RPL_TESTS_EVM_H
#define RPL_TESTS_EVM_H

#include "attestation/policy/block_header.h"
#include "attestation/policy/chain_facts.h"
#include "attestation/policy/rpc_answer.h"
#include "tests/support/check.h"
#include "tests/support/file.h"

static const char *const evm_forks[] = {"cancun", "prague", "osaka"};
static const char *const evm_cases[] = {"approved", "revoked", "pending", "deep", "unknown"};

enum { EVM_FORKS = 3, EVM_CASES = 5 };

/* The caller releases it with json_decref. */
static inline json_t *load_evm(const char *fork)
{
    char name[64];
    size_t len;
    json_t *recorded = NULL;
    snprintf(name, sizeof(name), "evm/%s.json", fork);
    uint8_t *text = read_vector(name, &len);
    assert_ok(rpl_json_parse(rpl_bytes_of(text, len), len, &recorded));
    free(text);
    return recorded;
}

static inline void evm_hex(const json_t *object, const char *member, uint8_t *out, size_t len)
{
    assert_true(rpl_rpc_data_exact(json_object_get(object, member), out, len));
}

/* One case, ready to be proven. */
typedef struct {
    const json_t *recorded, *answer, *expected; /* borrowed */
    rpl_block_header header;
    uint8_t address[20];
    rpl_chain_question question;
    rpl_chain_words slots;
} evm_case;

static inline evm_case evm_case_of(const json_t *recorded, const char *name)
{
    evm_case c = {.recorded = recorded};
    const json_t *member = json_object_get(json_object_get(recorded, "cases"), name);
    assert_ok(rpl_block_header_read(json_object_get(recorded, "block"), &c.header));
    c.answer = json_object_get(member, "proof");
    c.expected = json_object_get(member, "expected");
    evm_hex(recorded, "contract", c.address, sizeof(c.address));
    evm_hex(member, "release", c.question.release, 32);
    evm_hex(member, "config", c.question.config, 32);
    evm_hex(member, "device", c.question.device, 32);
    rpl_chain_slots(&c.question, &c.slots);
    return c;
}

static inline rpl_status evm_prove(const evm_case *c, const json_t *answer, rpl_chain_view *view)
{
    return rpl_chain_view_prove(answer, c->header.state_root, c->address, &c->slots, view);
}

#endif
