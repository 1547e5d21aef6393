#include "tests/support/world/fake_server.h"

#include <sched.h>
#include <sodium.h>

#include "base/hash.h"

enum { STATE_MAX = 1 << 20, WAIT_MS = 1000 };

static rpl_node_settings settings_of(fake_server *s, const fake_server_options *o)
{
    rpl_policy_member member;
    rpl_node_settings out = {
        .roots = fake_world_root(),
        .verifier_policy = rpl_verifier_policy_default(),
        .policy = &s->policy,
        .has_pin = o->pin != NULL,
        .min_epoch = o->min_epoch ? o->min_epoch : 1,
        .challenge_required = o->challenge_required,
        .has_secure_files = true,
        .max_state = o->max_state ? o->max_state : STATE_MAX,
    };
    snprintf(s->preimage, sizeof(s->preimage), "replicatoor/v1/config\n%sSECURE_FILE=/secret\n",
             o->config ? o->config : "");
    out.config_preimage = rpl_bytes_of_text(s->preimage);
    rpl_sha256(out.config_preimage, out.config_digest);
    if (o->chain) {
        out.chain = *o->chain;
        out.rpc_prefixes = &s->rpc_prefixes;
        assert_ok(rpl_rpc_prefixes_parse(rpl_bytes_of_text(FAKE_PREFIXES), &s->rpc_prefixes));
    }
    if (o->pin)
        memcpy(out.pin, o->pin, sizeof(out.pin));
    assert_ok(
        rpl_policy_parse(rpl_bytes_of_text(o->policy ? o->policy : "self"), &s->policy, &member));
    return out;
}

fake_server *fake_server_new(const fake_server_options *o, bool start)
{
    fake_server *s = calloc(1, sizeof(*s));
    assert_non_null(s);
    s->world = fake_world_new(o->machine ? o->machine : "first", o->seed);
    const rpl_node_settings settings = settings_of(s, o);
    s->node = rpl_node_new(&settings, &s->world->ports);
    s->loop = rpl_loop_new();
    s->workers =
        rpl_workers_new(s->loop, o->threads ? o->threads : 2, o->queue_max ? o->queue_max : 16);
    s->metrics = rpl_metrics_new();
    rpl_admission_init(&s->admission, (rpl_admission_rate){o->burst ? o->burst : 100000, 1});
    const rpl_services_config config = {
        .node = s->node,
        .ports = &s->world->ports,
        .workers = s->workers,
        .admission = &s->admission,
        .metrics = s->metrics,
    };
    s->services = rpl_services_new(&config);
    assert_non_null(s->services);
    if (start) {
        rpl_services_start(s->services);
        fake_server_settle(s);
        assert_true(s->node->self_known);
        assert_int_equal(s->node->phase, RPL_PHASE_EMPTY);
    }
    return s;
}

void fake_server_free(fake_server *s)
{
    rpl_workers_free(s->workers);
    assert_int_equal(atomic_load(&s->world->leases), 0);
    rpl_services_free(s->services);
    rpl_node_free(s->node);
    rpl_metrics_free(s->metrics);
    rpl_loop_free(s->loop);
    fake_world_free(s->world);
    free(s);
}

void fake_server_settle(fake_server *s)
{
    while (rpl_workers_outstanding(s->workers))
        rpl_loop_once(s->loop, WAIT_MS);
}

void fake_server_until(fake_server *s, atomic_uint *waiting, unsigned n)
{
    while (atomic_load(waiting) < n)
        rpl_loop_once(s->loop, 1);
}

static void take_answer(const ProtobufCMessage *message, void *data)
{
    fake_call *call = data;
    assert_int_equal(++call->answers, 1);
    const size_t len = protobuf_c_message_get_packed_size(message);
    uint8_t *packed = malloc(len + 1);
    assert_non_null(packed);
    assert_int_equal(protobuf_c_message_pack(message, packed), len);
    call->message = protobuf_c_message_unpack(message->descriptor, NULL, len, packed);
    assert_non_null(call->message);
    free(packed);
}

void fake_call_start(fake_server *s, fake_call *call, const char *method,
                     const ProtobufCMessage *input, const char *guest)
{
    ProtobufCService *service =
        guest ? rpl_services_guest(s->services) : rpl_services_host(s->services);
    const ProtobufCMethodDescriptor *found =
        protobuf_c_service_descriptor_get_method_by_name(service->descriptor, method);
    assert_non_null(found);
    *call = (fake_call){.peer = {.guest = guest, .address = "192.0.2.1:1"}};
    memcpy(call->peer.key, s->key, sizeof(s->key));
    call->call.peer = &call->peer;
    service->invoke(service, (unsigned)(found - service->descriptor->methods), input, take_answer,
                    call);
}

void fake_call_finish(fake_server *s, fake_call *call)
{
    while (!call->answers)
        rpl_loop_once(s->loop, WAIT_MS);
    fake_server_settle(s);
    assert_int_equal(call->answers, 1);
}

void fake_call_free(fake_call *call)
{
    if (call->message)
        protobuf_c_message_free_unpacked(call->message, NULL);
    call->message = NULL;
}

const Replicatoor__V1__Error *fake_call_error(const fake_call *call, const char *code)
{
    assert_int_equal(call->answers, 1);
    if (call->message->descriptor != &replicatoor__v1__error__descriptor)
        fail_msg("%s and no error", call->message->descriptor->short_name);
    const Replicatoor__V1__Error *e = (const void *)call->message;
    if (strcmp(e->code, code) != 0)
        fail_msg("%s (%s), expected %s", e->code, e->message, code);
    assert_true(e->message[0]);
    return e;
}

const void *fake_call_answer(const fake_call *call, const ProtobufCMessageDescriptor *type)
{
    assert_int_equal(call->answers, 1);
    if (call->message->descriptor == &replicatoor__v1__error__descriptor) {
        const Replicatoor__V1__Error *e = (const void *)call->message;
        fail_msg("%s: %s", e->code, e->message);
    }
    assert_ptr_equal(call->message->descriptor, type);
    return call->message;
}
