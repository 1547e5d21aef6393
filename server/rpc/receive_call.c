/* POST /receiveKey: open a sealed message, verify who sealed it, install or merge what is in it.
 *
 *   loop    which request it is sealed to; nothing else is touched
 *   worker  decrypt; decode; the holder's quote under our own policy; the identity's signature
 *   loop    refuse, or begin to install: one at a time, and no request expires meanwhile
 *   worker  files on disk
 *   loop    decide what the state and the files will be
 *   worker  write the files
 *   loop    the state changes, the request is used up
 * Garbage consumes nothing: a request ends only with an accepted handover.
 */
#include "server/rpc/flow.h"

#include <sodium.h>
#include <stdlib.h>

#include "base/hash.h"

typedef struct {
    rpl_flow flow;
    const Replicatoor__V1__ReceiveKeyRequest *input;
    uint8_t message_digest[32];
    rpl_request_fields request;
    rpl_sealed_header header;
    bool admitted;   /* counts among the outstanding ones */
    bool installing; /* this call holds node->installing */
    rpl_handover handover;
    rpl_onboard_fields fields;
    rpl_peer_check *check;
    rpl_flow_judge judge;
    rpl_file_list on_disk, to_write;
    rpl_state *candidate;
    bool first_install, changed;
    size_t files_written;
} receive_call;

static void release(rpl_flow *flow)
{
    receive_call *call = (receive_call *)flow;
    if (call->installing)
        rpl_flow_node(flow)->installing = false;
    if (call->admitted)
        rpl_admission_leave(flow->services->config.admission, RPL_SLOT_VERIFY);
    rpl_sealed_header_wipe(&call->header);
    rpl_handover_free(&call->handover);
    rpl_peer_check_free(call->check);
    rpl_file_list_free(&call->on_disk);
    rpl_file_list_free(&call->to_write);
    rpl_state_free(call->candidate);
    free(call);
}

static void answer(receive_call *call, const char *result)
{
    Replicatoor__V1__ReceiveKeyResponse r = REPLICATOOR__V1__RECEIVE_KEY_RESPONSE__INIT;
    const rpl_node *node = rpl_flow_node(&call->flow);
    uint8_t digest[32] = {0};

    r.result = rpl_pb_text(result);
    if (node->state && rpl_state_digest(node->state, digest).code == RPL_OK) {
        r.identity = rpl_pb_bytes(rpl_identity_public(rpl_state_identity(node->state))->b,
                                  RPL_IDENTITY_PUB_LEN);
        r.state_digest = rpl_pb_bytes(digest, sizeof(digest));
    }
    r.handover_id = rpl_pb_bytes(call->fields.request_digest, 32);
    r.files_written = (uint32_t)call->files_written;
    rpl_flow_end(&call->flow, &r.base);
}

/* Merging once more keeps what other calls added to the state while the files were written. */
static rpl_status install(receive_call *call)
{
    rpl_node *node = rpl_flow_node(&call->flow);
    bool changed = true;

    if (call->first_install && node->state)
        return rpl_fail(RPL_CONFLICT, "this node got a state while it installed another");
    if (!call->first_install)
        RPL_TRY(rpl_state_merge(node->state, call->candidate, &changed));
    RPL_TRY(rpl_node_step(node, RPL_EVENT_RECEIVE_INSTALLED));
    if (call->first_install)
        node->state = RPL_TAKE(call->candidate);
    node->revision += changed;
    return rpl_ok();
}

static void on_loop_written(rpl_flow *flow)
{
    receive_call *call = (receive_call *)flow;
    rpl_node *node = rpl_flow_node(flow);

    if (flow->status.code == RPL_OK)
        flow->status = rpl_node_step(node, RPL_EVENT_RECEIVE_WRITTEN);
    if (flow->status.code == RPL_OK)
        flow->status = install(call);
    if (flow->status.code != RPL_OK) {
        rpl_flow_fail(flow, flow->status);
        return;
    }
    rpl_requests_remember(&node->requests, call->message_digest);
    rpl_request *request = rpl_requests_by_pubk(&node->requests, call->request.pubk);
    if (request)
        rpl_node_request_used(node, request);
    rpl_services_state_changed(flow->services);
    const char *result = call->first_install ? "installed" : call->changed ? "merged" : "unchanged";
    rpl_flow_count_handover(flow, "taken", result);
    answer(call, result);
}

static void in_worker_write(rpl_flow *flow)
{
    receive_call *call = (receive_call *)flow;
    const rpl_ports *ports = rpl_flow_ports(flow);
    flow->status =
        ports->write_files(ports->self, &call->to_write, call->first_install, &call->files_written);
}

/* What the state will be: the received one, or ours (with what lies on disk now) and it merged. */
static rpl_status prepare(receive_call *call)
{
    const rpl_node *node = rpl_flow_node(&call->flow);
    bool taken;

    call->first_install = node->state == NULL;
    if (call->first_install) {
        call->candidate = RPL_TAKE(call->handover.state);
    } else {
        RPL_TRY(rpl_state_clone(node->state, &call->candidate));
        RPL_TRY(rpl_state_take_files(call->candidate, &call->on_disk, node->replica_id, &taken));
        RPL_TRY(rpl_state_merge(call->candidate, call->handover.state, &call->changed));
    }
    return rpl_state_files(call->candidate, &call->to_write);
}

/* What concerns this node and not the holder's platform: pin, phase, identity, epoch. */
static void check_admission(receive_call *call)
{
    const rpl_node *node = rpl_flow_node(&call->flow);
    rpl_verdict *v = &call->check->verdict;
    uint8_t digest[32];

    rpl_identity_digest(&call->fields.identity, digest);
    if (node->settings.has_pin)
        (void)rpl_verdict_equal(v, RPL_CHECK_POLICY_IDENTITY, "IDENTITY_PIN",
                                rpl_bytes_of(digest, sizeof(digest)),
                                rpl_bytes_of(node->settings.pin, sizeof(node->settings.pin)),
                                "the state belongs to another app than REPLICATOOR_IDENTITY pins");
    if (rpl_node_epoch_allowed(node, call->fields.highest_epoch).code == RPL_OK)
        rpl_verdict_pass(v, RPL_CHECK_POLICY_EPOCH);
    else
        rpl_verdict_fail(v, RPL_CHECK_POLICY_EPOCH, "EPOCH_TOO_LOW", NULL, NULL,
                         "the state's highest epoch is below REPLICATOOR_MIN_EPOCH");
}

/* A state that is here stays: the state of another identity is a conflict, not a denial. */
static rpl_status check_identity(receive_call *call)
{
    const rpl_node *node = rpl_flow_node(&call->flow);
    const rpl_bytes theirs = rpl_bytes_of(call->fields.identity.b, RPL_IDENTITY_PUB_LEN);
    const char *const why = "this node holds the state of another identity, and keeps it";

    if (!node->state)
        return rpl_ok();
    const rpl_identity_pub *ours = rpl_identity_public(rpl_state_identity(node->state));
    return rpl_verdict_equal(&call->check->verdict, RPL_CHECK_POLICY_IDENTITY, "OTHER_IDENTITY",
                             theirs, rpl_bytes_of(ours->b, sizeof(ours->b)), why)
               ? rpl_ok()
               : rpl_fail(RPL_CONFLICT, why);
}

static void on_loop_read(rpl_flow *flow)
{
    receive_call *call = (receive_call *)flow;

    if (flow->status.code == RPL_OK)
        flow->status = prepare(call);
    if (flow->status.code != RPL_OK) {
        rpl_flow_fail(flow, flow->status);
        return;
    }
    rpl_flow_work(flow, in_worker_write, on_loop_written);
}

static void in_worker_read(rpl_flow *flow)
{
    receive_call *call = (receive_call *)flow;
    const rpl_ports *ports = rpl_flow_ports(flow);
    flow->status = ports->read_files(ports->self, &call->on_disk);
}

static rpl_status begin_to_install(receive_call *call)
{
    rpl_node *node = rpl_flow_node(&call->flow);

    if (!rpl_requests_by_pubk(&node->requests, call->request.pubk))
        return rpl_fail(RPL_NOT_READY, "the request ended while the message was verified: POST "
                                       "/requestKey and onboard that request");
    if (node->installing)
        return rpl_fail(RPL_UNAVAILABLE, "another state is being installed: try again");
    RPL_TRY(rpl_node_step(node, RPL_EVENT_RECEIVE_VERIFIED));
    node->installing = call->installing = true;
    return rpl_ok();
}

static void on_loop_verified(rpl_flow *flow)
{
    receive_call *call = (receive_call *)flow;
    rpl_node *node = rpl_flow_node(flow);

    rpl_chain_hearing_keep(&call->judge.chain, node);
    if (flow->status.code != RPL_OK && rpl_verdict_has_failure(&call->check->verdict)) {
        rpl_flow_refuse(flow, flow->status, call->check);
        return;
    }
    if (flow->status.code == RPL_OK) {
        check_admission(call);
        rpl_flow_count_verification(flow, &call->check->verdict);
        const bool admitted = rpl_verdict_admits(&call->check->verdict);
        const rpl_status identity = admitted ? check_identity(call) : rpl_ok();
        if (!admitted || identity.code != RPL_OK) {
            rpl_flow_refuse(flow, identity, call->check);
            return;
        }
    }
    if (flow->status.code == RPL_OK &&
        rpl_requests_remembers(&node->requests, call->message_digest)) {
        answer(call, "unchanged");
        return;
    }
    if (flow->status.code == RPL_OK)
        flow->status = begin_to_install(call);
    if (flow->status.code != RPL_OK) {
        rpl_flow_fail(flow, flow->status);
        return;
    }
    rpl_flow_work(flow, in_worker_read, on_loop_read);
}

static rpl_status open_message(receive_call *call)
{
    RPL_AUTO(secret) rpl_secret *plaintext = NULL;
    const size_t max = rpl_flow_node(&call->flow)->settings.max_state;

    RPL_TRY(rpl_sealed_box_open(rpl_bytes_of(call->input->sealed.data, call->input->sealed.len),
                                &call->header, max, &plaintext));
    return rpl_handover_decode(rpl_secret_expose(plaintext), &call->handover);
}

static void in_worker_verify(rpl_flow *flow)
{
    receive_call *call = (receive_call *)flow;
    rpl_report_data expected;

    flow->status = open_message(call);
    if (flow->status.code == RPL_UNTRUSTED || flow->status.code == RPL_MALFORMED)
        rpl_verdict_fail(&call->check->verdict, RPL_CHECK_HANDOVER_SEALED, "SEALED_MESSAGE",
                         flow->status.what, "the message as POST /onboard answered it",
                         "send it again as it came; if that fails, onboard the request again");
    if (flow->status.code != RPL_OK)
        return;
    const rpl_peer_input peer = {.quote =
                                     rpl_bytes_of(call->handover.quote, call->handover.quote_len)};
    flow->status = rpl_peer_check_open(call->check, &peer,
                                       RPL_GROUP_QUOTE | RPL_GROUP_COLLATERAL | RPL_GROUP_TD |
                                           RPL_GROUP_BINDING | RPL_GROUP_POLICY);
    if (flow->status.code != RPL_OK)
        return;
    rpl_verdict_require(&call->check->verdict, RPL_CHECK_HANDOVER_SEALED);
    rpl_verdict_pass(&call->check->verdict, RPL_CHECK_HANDOVER_SEALED);
    rpl_handover_check(&call->handover, call->header.state_digest, &call->request,
                       call->check->config_digest, &call->check->verdict, &call->fields);
    rpl_transcript_onboard(&call->fields, &expected);
    rpl_chain_hearing_of_state(&call->judge.chain, &call->fields.identity,
                               call->fields.highest_epoch);
    call->judge.chain.hint = call->handover.mark;
    flow->status = rpl_flow_verify(flow, call->check, &expected, &call->judge);
}

static rpl_status on_loop_begin(receive_call *call)
{
    rpl_node *node = rpl_flow_node(&call->flow);
    const rpl_bytes sealed = rpl_bytes_of(call->input->sealed.data, call->input->sealed.len);
    rpl_request *request;

    rpl_node_expire(node);
    call->check = rpl_peer_check_new();
    if (!call->check)
        return rpl_fail(RPL_INTERNAL, "no memory");
    if (sealed.len < rpl_sealed_len(1) || sealed.data[0] != RPL_SEALED_FORMAT)
        return rpl_fail(RPL_MALFORMED, "expected the hex of a sealed message, as POST /onboard on "
                                       "the holder answers");
    RPL_TRY(rpl_node_may(node, RPL_EVENT_RECEIVE_OPENED));
    RPL_TRY(rpl_flow_take_tokens(&call->flow, 1));
    RPL_TRY(rpl_flow_need_time(&call->flow, &call->check->verdict));
    RPL_TRY(rpl_requests_open(&node->requests, sealed, &request, &call->header));
    RPL_TRY(rpl_admission_enter(call->flow.services->config.admission, RPL_SLOT_VERIFY));
    call->admitted = true;
    RPL_TRY(rpl_node_step(node, RPL_EVENT_RECEIVE_OPENED));
    call->request = request->fields;
    rpl_flow_judge_by(&call->flow, RPL_POLICY_TAKE, &call->judge);
    return rpl_ok();
}

void rpl_receive_call(rpl_services *s, const Replicatoor__V1__ReceiveKeyRequest *input,
                      rpl_reply reply)
{
    receive_call *call = rpl_flow_new(s, sizeof(*call), reply, release);
    if (!call)
        return;
    call->input = input;
    rpl_sha256(rpl_bytes_of(input->sealed.data, input->sealed.len), call->message_digest);
    if (rpl_requests_remembers(&s->config.node->requests, call->message_digest)) {
        answer(call, "unchanged");
        return;
    }
    const rpl_status began = on_loop_begin(call);
    if (began.code == RPL_NOT_READY) {
        rpl_verdict_fail(&call->check->verdict, RPL_CHECK_HANDOVER_REQUEST, "NO_SUCH_REQUEST",
                         "a message for another key", "one for an outstanding request", began.what);
        rpl_flow_refuse(&call->flow, began, call->check);
        return;
    }
    if (began.code != RPL_OK) {
        rpl_flow_stop(&call->flow, began, call->check);
        return;
    }
    rpl_flow_work(&call->flow, in_worker_verify, on_loop_verified);
}
