#include "clients/ctl/capture.h"

#include "base/hex.h"
#include "base/writer.h"
#include "clients/ctl/ctl.h"

enum { QUOTE_FILE_MAX = 4 * 1048576 };

static rpl_bytes without_line_end(rpl_bytes text)
{
    while (text.len && (text.data[text.len - 1] == '\n' || text.data[text.len - 1] == '\r'))
        text.len--;
    return text;
}

/* In hex or raw; the bytes end up in `file`. */
static rpl_bytes decode_if_hex(uint8_t *file, size_t len)
{
    size_t decoded;
    RPL_AUTO(bytes) uint8_t *raw = malloc(len / 2 + 1);
    const rpl_bytes text = without_line_end(rpl_bytes_of(file, len));
    if (!raw || rpl_hex_decode(text, raw, len / 2 + 1, &decoded).code != RPL_OK)
        return rpl_bytes_of(file, len);
    rpl_writer w = rpl_writer_over(file, len);
    rpl_write_bytes(&w, rpl_bytes_of(raw, decoded));
    return rpl_writer_bytes(&w);
}

static rpl_status read_quote(rpl_bytes bytes, rpl_quote *quote)
{
    const char *code;
    size_t len;
    RPL_TRY(rpl_quote_canonical_len(bytes, &len));
    return rpl_quote_parse((rpl_bytes){bytes.data, len}, quote, &code);
}

static void print_finding(const rpl_finding *finding)
{
    fprintf(stderr, "    %s (%s)\n      got:  %s\n      want: %s\n      fix:  %s\n",
            rpl_check_id(finding->check), finding->code, finding->got, finding->want, finding->fix);
}

static int judge(const rpl_quote *quote, const rpl_event_log *log, rpl_peer_identity *out)
{
    rpl_verdict verdict;
    rpl_verdict_start(&verdict, 0);
    rpl_verdict_require(&verdict, RPL_CHECK_EVENT_LOG);
    rpl_measurement_check(quote, log, &verdict, out);
    if (rpl_verdict_admits(&verdict))
        return 0;
    for (size_t i = 0; i < verdict.n_findings; i++)
        print_finding(&verdict.findings[i]);
    return rpl_ctl_fail("quote and event log",
                        rpl_fail(RPL_UNTRUSTED, "they name no release; see the checks above"));
}

void rpl_ctl_capture_free(rpl_ctl_capture_files *files)
{
    rpl_event_log_free(&files->log);
    free(files->bytes);
    *files = (rpl_ctl_capture_files){0};
}

int rpl_ctl_capture_read(const char *quote_file, const char *log_file, rpl_ctl_capture_files *out)
{
    size_t quote_len, log_len;
    *out = (rpl_ctl_capture_files){0};
    out->bytes = rpl_ctl_read(quote_file, QUOTE_FILE_MAX, &quote_len);
    RPL_AUTO(bytes) uint8_t *log_text = rpl_ctl_read(log_file, RPL_EVENT_LOG_MAX, &log_len);
    if (!out->bytes || !log_text)
        return RPL_CTL_USAGE;
    rpl_status s = read_quote(decode_if_hex(out->bytes, quote_len), &out->quote);
    if (s.code != RPL_OK)
        return rpl_ctl_fail(quote_file, s);
    s = rpl_event_log_parse(rpl_bytes_of(log_text, log_len), &out->log);
    return s.code == RPL_OK ? judge(&out->quote, &out->log, &out->identity)
                            : rpl_ctl_fail(log_file, s);
}

int rpl_ctl_capture(const char *quote_file, const char *log_file, rpl_peer_identity *out)
{
    RPL_AUTO(capture) rpl_ctl_capture_files files = {0};
    const int refused = rpl_ctl_capture_read(quote_file, log_file, &files);
    if (!refused)
        *out = files.identity;
    return refused;
}
