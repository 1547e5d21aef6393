#include "server/core/transcript.h"

#include "base/hash.h"
#include "base/writer.h"

#ifdef RPL_TEST_ROOTS
#define PREFIX "rplT/v1/"
#else
#define PREFIX "rpl/v1/"
#endif
enum { TAG_LEN = 16, FIELDS_MAX = 256 };

static void bind(const char *name, rpl_bytes fields, rpl_report_data *out)
{
    *out = (rpl_report_data){0};
    memcpy(out->b, name, strlen(name));
    const rpl_bytes parts[] = {rpl_bytes_of(out->b, TAG_LEN), fields};
    rpl_sha384_parts(parts, 2, out->b + TAG_LEN);
}

static rpl_bytes write_request(rpl_writer *w, const rpl_request_fields *f)
{
    rpl_write_bytes(w, rpl_bytes_of(f->pubk, sizeof(f->pubk)));
    rpl_write_bytes(w, rpl_bytes_of(f->challenge, sizeof(f->challenge)));
    rpl_write_bytes(w, rpl_bytes_of(f->config_digest, sizeof(f->config_digest)));
    return rpl_writer_bytes(w);
}

void rpl_transcript_request(const rpl_request_fields *f, rpl_report_data *out)
{
    uint8_t buffer[FIELDS_MAX];
    rpl_writer w = rpl_writer_over(buffer, sizeof(buffer));
    bind(PREFIX "request", write_request(&w, f), out);
}

void rpl_request_digest(const rpl_request_fields *f, uint8_t out[static 32])
{
    uint8_t buffer[FIELDS_MAX];
    rpl_writer w = rpl_writer_over(buffer, sizeof(buffer));
    rpl_sha256(write_request(&w, f), out);
}

void rpl_transcript_onboard(const rpl_onboard_fields *f, rpl_report_data *out)
{
    uint8_t buffer[FIELDS_MAX];
    rpl_writer w = rpl_writer_over(buffer, sizeof(buffer));
    rpl_write_bytes(&w, rpl_bytes_of(f->request_digest, sizeof(f->request_digest)));
    rpl_write_bytes(&w, rpl_bytes_of(f->state_digest, sizeof(f->state_digest)));
    rpl_write_bytes(&w, rpl_bytes_of(f->identity.b, sizeof(f->identity.b)));
    rpl_write_u64le(&w, f->highest_epoch);
    rpl_write_bytes(&w, rpl_bytes_of(f->config_digest, sizeof(f->config_digest)));
    bind(PREFIX "onboard", rpl_writer_bytes(&w), out);
}

void rpl_transcript_status(const rpl_status_fields *f, rpl_report_data *out)
{
    uint8_t buffer[FIELDS_MAX];
    rpl_writer w = rpl_writer_over(buffer, sizeof(buffer));
    rpl_write_bytes(&w, rpl_bytes_of(f->nonce, sizeof(f->nonce)));
    rpl_write_bytes(&w, rpl_bytes_of(f->identity.b, sizeof(f->identity.b)));
    rpl_write_u32le(&w, f->phase);
    rpl_write_u64le(&w, f->highest_epoch);
    rpl_write_bytes(&w, rpl_bytes_of(f->config_digest, sizeof(f->config_digest)));
    bind(PREFIX "status", rpl_writer_bytes(&w), out);
}

size_t rpl_onboard_message(const rpl_onboard_fields *f, uint8_t out[static RPL_ONBOARD_MESSAGE_MAX])
{
    uint8_t epoch[8];
    rpl_writer number = rpl_writer_over(epoch, sizeof(epoch));
    rpl_writer w = rpl_writer_over(out, RPL_ONBOARD_MESSAGE_MAX);

    rpl_write_u64le(&number, f->highest_epoch);
    rpl_write_text(&w, PREFIX "onboard");
    rpl_write_u8(&w, 0);
    rpl_write_lp(&w, rpl_bytes_of(f->request_digest, sizeof(f->request_digest)));
    rpl_write_lp(&w, rpl_bytes_of(f->state_digest, sizeof(f->state_digest)));
    rpl_write_lp(&w, rpl_bytes_of(f->identity.b, sizeof(f->identity.b)));
    rpl_write_lp(&w, rpl_writer_bytes(&number));
    rpl_write_lp(&w, rpl_bytes_of(f->config_digest, sizeof(f->config_digest)));
    return w.len;
}

bool rpl_report_data_is_ours(rpl_bytes report_data)
{
    return report_data.len >= 3 && memcmp(report_data.data, "rpl", 3) == 0;
}
