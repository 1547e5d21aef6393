#include "attestation/reference/runtime.h"

static rpl_status add_event(const rpl_os_era *era, const rpl_os_step *step, uint8_t version,
                            rpl_bytes value, rpl_event_log *log)
{
    if (!rpl_os_length_holds(step, value.len))
        return rpl_fail(RPL_MALFORMED, "event: a value of another length than this era has");
    return rpl_event_log_add(log, 3, RPL_EVENT_DSTACK, era->is_padded ? 0 : version,
                             rpl_bytes_of_text(step->name), value);
}

static rpl_status add_inputs(const rpl_os_era *era, const rpl_os_step *step, uint8_t version,
                             const rpl_os_input *inputs, size_t count, rpl_event_log *log)
{
    size_t given = 0;

    for (size_t i = 0; i < count; i++) {
        if (strcmp(inputs[i].name, step->name) != 0)
            continue;
        if (given++ > 0 && step->quantity != RPL_OS_ANY_NUMBER)
            return rpl_fail(RPL_MALFORMED, "event: given twice, but this era has it once");
        RPL_TRY(add_event(era, step, version, inputs[i].value, log));
    }
    if (given > 0 || step->quantity != RPL_OS_ONCE)
        return rpl_ok();
    if (step->rule == RPL_OS_EXACTLY && step->len == 0) /* it only marks a place */
        return add_event(era, step, version, (rpl_bytes){0}, log);
    return rpl_fail(RPL_NOT_READY, "event: this era always has it, and it was not given");
}

rpl_status rpl_runtime_log(const rpl_os_era *era, uint8_t version, const rpl_os_input *inputs,
                           size_t count, rpl_event_log *log, const char **about)
{
    *log = (rpl_event_log){0};
    for (const rpl_os_step *step = era->steps; step->name; step++) {
        const rpl_status s = add_inputs(era, step, version, inputs, count, log);
        if (s.code != RPL_OK) {
            *about = step->name;
            return s;
        }
    }
    return rpl_ok();
}
