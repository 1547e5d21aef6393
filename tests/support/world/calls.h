/* calls.h - the three calls of a handover, made and answered, each in one line. */
#ifndef RPL_TESTS_CALLS_H
#define RPL_TESTS_CALLS_H

#include "tests/support/world/fake_server.h"

#define INPUT(Message, MESSAGE)                                                                    \
    Replicatoor__V1__##Message input = REPLICATOOR__V1__##MESSAGE##__INIT

static inline ProtobufCBinaryData pb(const void *data, size_t len)
{
    return (ProtobufCBinaryData){.data = (uint8_t *)(uintptr_t)data, .len = len};
}

static inline void call_request(fake_server *s, fake_call *call, const uint8_t *challenge)
{
    INPUT(RequestKeyRequest, REQUEST_KEY_REQUEST);
    if (challenge)
        input.challenge = pb(challenge, 32);
    fake_call_start(s, call, "RequestKey", &input.base, NULL);
    fake_call_finish(s, call);
}

static inline const Replicatoor__V1__RequestKeyResponse *requested(const fake_call *call)
{
    return fake_call_answer(call, &replicatoor__v1__request_key_response__descriptor);
}

static inline Replicatoor__V1__OnboardRequest onboard_input(const fake_call *request)
{
    INPUT(OnboardRequest, ONBOARD_REQUEST);
    input.pubk = requested(request)->pubk;
    input.quote = requested(request)->quote;
    return input;
}

static inline void call_onboard(fake_server *s, fake_call *call, const fake_call *request)
{
    const Replicatoor__V1__OnboardRequest input = onboard_input(request);
    fake_call_start(s, call, "Onboard", &input.base, NULL);
    fake_call_finish(s, call);
}

static inline const Replicatoor__V1__OnboardResponse *onboarded(const fake_call *call)
{
    return fake_call_answer(call, &replicatoor__v1__onboard_response__descriptor);
}

static inline void call_receive_bytes(fake_server *s, fake_call *call, ProtobufCBinaryData sealed)
{
    INPUT(ReceiveKeyRequest, RECEIVE_KEY_REQUEST);
    input.sealed = sealed;
    fake_call_start(s, call, "ReceiveKey", &input.base, NULL);
    fake_call_finish(s, call);
}

static inline void call_receive(fake_server *s, fake_call *call, const fake_call *onboard)
{
    call_receive_bytes(s, call, onboarded(onboard)->sealed);
}

static inline const Replicatoor__V1__ReceiveKeyResponse *received(const fake_call *call)
{
    return fake_call_answer(call, &replicatoor__v1__receive_key_response__descriptor);
}

static inline void call_bootstrap(fake_server *s, fake_call *call)
{
    INPUT(BootstrapRequest, BOOTSTRAP_REQUEST);
    fake_call_start(s, call, "Bootstrap", &input.base, NULL);
    fake_call_finish(s, call);
}

static inline void take_challenge(fake_server *s, uint8_t challenge[static 32])
{
    INPUT(ChallengeRequest, CHALLENGE_REQUEST);
    fake_call call;
    fake_call_start(s, &call, "Challenge", &input.base, NULL);
    const Replicatoor__V1__ChallengeResponse *r =
        fake_call_answer(&call, &replicatoor__v1__challenge_response__descriptor);
    assert_int_equal(r->challenge.len, 32);
    memcpy(challenge, r->challenge.data, 32);
    fake_call_free(&call);
}

/* What a refusal must leave as it is. */
typedef struct {
    rpl_phase phase;
    bool has_state;
    uint8_t digest[32];
    size_t receipts, requests, files;
    unsigned writes;
} node_picture;

static inline node_picture picture_of(fake_server *s)
{
    const rpl_node *node = s->node;
    node_picture p;
    memset(&p, 0, sizeof(p));
    p.phase = node->phase;
    p.has_state = node->state != NULL;
    if (node->state) {
        assert_ok(rpl_state_digest(node->state, p.digest));
        p.receipts = rpl_state_custody(node->state)->count;
    }
    p.requests = rpl_requests_count(&node->requests);
    p.files = s->world->disk.count;
    p.writes = atomic_load(&s->world->n_writes);
    assert_false(node->installing);
    return p;
}

static inline void assert_unchanged(fake_server *s, const node_picture *before)
{
    const node_picture now = picture_of(s);
    assert_memory_equal(&now, before, sizeof(now));
}

/* A holder with a secret file, bootstrapped. */
static inline fake_server *a_holder(const fake_server_options *options)
{
    fake_call call;
    fake_server *s = fake_server_new(options, true);
    fake_world_put(s->world, "", "the secret");
    call_bootstrap(s, &call);
    (void)fake_call_answer(&call, &replicatoor__v1__bootstrap_response__descriptor);
    fake_call_free(&call);
    return s;
}

#endif
