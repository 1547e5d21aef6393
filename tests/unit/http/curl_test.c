/* The documented calls as real curl sends them. */
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "tests/support/check.h"
#include "tests/support/http/fake_node.h"

static uint16_t port;
static char base[] = "/tmp/rpl-http-XXXXXX";
static char answer[8 << 20];

/* Runs `curl -sS -w ' %{http_code}' ARGS`, with $U the address; the exit status is returned. */
__attribute__((format(printf, 1, 2))) static int curl(const char *format, ...)
{
    char args[2048], command[4096];
    va_list values;
    va_start(values, format);
    vsnprintf(args, sizeof(args), format, values);
    va_end(values);
    snprintf(command, sizeof(command),
             "cd %s; U=http://127.0.0.1:%u; G=app/replicatoor.sock; export U G; "
             "curl -sS -m 30 -w ' %%{http_code}' %s 2>/dev/null",
             base, port, args);
    FILE *out = popen(command, "r");
    assert_non_null(out);
    const size_t len = fread(answer, 1, sizeof(answer) - 1, out);
    answer[len] = 0;
    return WEXITSTATUS(pclose(out));
}

static void assert_answer(const char *want)
{
    if (strcmp(answer, want) != 0)
        print_error("got  %.400s\nwant %.400s\n", answer, want);
    assert_string_equal(answer, want);
}

static void assert_answer_has(const char *part)
{
    if (!strstr(answer, part))
        print_error("got  %.400s\nwant %.400s in it\n", answer, part);
    assert_non_null(strstr(answer, part));
}

static void status_is_json_with_the_caller(void **state)
{
    (void)state;
    static const char *const paths[] = {"/status", "/status/"};
    for (size_t i = 0; i < 2; i++) {
        assert_int_equal(curl("$U%s", paths[i]), 0);
        assert_answer_has("{\"version\":\"fake\",");
        assert_answer_has("\"caller_address\":\"127.0.0.1:");
        assert_answer_has("\"quote\":null");
        assert_answer_has("}\n 200");
    }
    curl("\"$U/status/?nonce=00FF\"");
    assert_answer_has("\"state_digest\":\"00ff\"");
    curl("\"$U/status?nonce=0\"");
    assert_answer("{\"code\":\"malformed\",\"message\":\"nonce is not hex: an even number of "
                  "characters 0-9 a-f\",\"check\":\"\",\"verdict\":null}\n 400");
}

static void headers_say_what_it_is_and_nothing_about_us(void **state)
{
    (void)state;
    curl("-D - -o /dev/null $U/status");
    assert_answer_has("content-type: application/json\r\n");
    assert_answer_has("cache-control: no-store\r\n");
    assert_null(strcasestr(answer, "server:"));
    assert_int_equal(curl("-I $U/status"), 0);
    assert_answer_has("HTTP/1.1 200 OK\r\n");
    assert_answer_has("\r\n\r\n 200");
    assert_int_equal(curl("-I $U/healthz"), 0);
    assert_answer_has("\r\n\r\n 200");
}

static void unknown_paths_and_methods_have_the_error_shape(void **state)
{
    (void)state;
    curl("$U/nothing");
    assert_answer_has("{\"code\":\"malformed\",");
    assert_answer_has(" 404");
    curl("$U/");
    assert_answer_has(" 404");
    curl("-X PUT -D - $U/status");
    assert_answer_has("allow: GET, HEAD\r\n");
    assert_answer_has("\"code\":\"malformed\"");
    assert_answer_has(" 405");
    curl("-D - $U/requestKey/");
    assert_answer_has("allow: POST\r\n");
    assert_answer_has(" 405");
    curl("-X DELETE -D - $U/healthz");
    assert_answer_has("allow: GET, HEAD\r\n");
    assert_answer_has(" 405");
}

static void configure_takes_bytes_as_they_are(void **state)
{
    (void)state;
    curl("-d A=1 $U/configure");
    assert_answer("{\"accepted\":[\"3\"]}\n 200");
    curl("-H 'Content-Type: text/plain' --data-binary $'A=1\\nB=2\\n' $U/configure/");
    assert_answer_has(" 200");
    curl("-H 'Content-Type: application/json' -d '{}' $U/configure");
    assert_answer_has(" 400");
}

static void onboard_answers_hex_or_json(void **state)
{
    (void)state;
    curl("-d 'pubk=00&quote=0aFF' $U/onboard");
    assert_answer("0aff 200");
    curl("-H 'Accept: application/json' -d 'pubk=00&quote=0aFF' $U/onboard/");
    assert_answer("{\"sealed\":\"0aff\",\"verdict\":null,\"handover_id\":\"\"}\n 200");
    curl("-d 'pubk=00&quote=0aFF' \"$U/onboard?dry_run=1\"");
    assert_answer("{\"sealed\":\"\",\"verdict\":null,\"handover_id\":\"\"}\n 200");
    curl("-H 'Content-Type: application/json' -d '{\"quote\":\"01\",\"expires_in_s\":1}' "
         "$U/onboard");
    assert_answer("01 200");
    curl("-F quote=01 $U/onboard");
    assert_answer_has(" 400");
}

static void errors_have_their_status(void **state)
{
    (void)state;
    static const struct {
        rpl_code code;
        const char *status;
    } codes[] = {{RPL_MALFORMED, " 400"}, {RPL_UNTRUSTED, " 403"},   {RPL_DENIED, " 403"},
                 {RPL_STALE, " 403"},     {RPL_NOT_READY, " 409"},   {RPL_CONFLICT, " 409"},
                 {RPL_TOO_LARGE, " 413"}, {RPL_UNAVAILABLE, " 503"}, {RPL_INTERNAL, " 500"}};
    for (size_t i = 0; i < sizeof(codes) / sizeof(codes[0]); i++) {
        char name[32];
        curl("-d 'challenge=%02x' $U/requestKey", codes[i].code);
        snprintf(name, sizeof(name), "{\"code\":\"%s\",", rpl_code_table(codes[i].code)->name);
        assert_answer_has(name);
        assert_answer_has(codes[i].status);
    }
    curl("-D - -d '{\"challenge\":\"%02x01\"}' $U/requestKey", RPL_UNAVAILABLE);
    assert_answer_has("HTTP/1.1 429 ");
    assert_answer_has("retry-after: 7\r\n");
    curl("-X POST $U/requestKey");
    assert_answer_has(" 409");
    curl("-X POST $U/bootstrap");
    assert_answer("{\"code\":\"conflict\",\"message\":\"a state is there\",\"check\":"
                  "\"policy.identity\",\"verdict\":{\"admitted\":false,\"tcb_status\":\"\","
                  "\"advisories\":[],\"checks\":[],\"forecast\":null}}\n 409");
}

static void an_answer_from_a_worker_arrives(void **state)
{
    (void)state;
    for (int i = 0; i < 3; i++) {
        curl("$U/challenge");
        assert_answer_has("{\"challenge\":\"0101");
        assert_answer_has("\"expires_in_s\":0}\n 200");
    }
}

static void keys_are_denied_on_the_port_and_given_on_the_socket(void **state)
{
    (void)state;
    curl("-X POST $U/getkey");
    assert_answer_has("{\"code\":\"denied\",");
    assert_answer_has(" 403");
    curl("--unix-socket $G -d '{\"path\":\"ok\"}' http://localhost/getkey");
    assert_answer_has("{\"key\":\"0202");
    assert_answer_has("\"service\":\"app\"");
    assert_answer_has(" 200");
    curl("--unix-socket $G -d path=ok http://localhost/getkey/");
    assert_answer_has(" 200");
    curl("--unix-socket $G -D - -X POST http://localhost/getkey");
    assert_answer_has("\"code\":\"not_ready\"");
    assert_answer_has("retry-after: 1\r\n");
    assert_answer_has(" 503");
    curl("--unix-socket $G http://localhost/status");
    assert_answer("{\"service\":\"\",\"node\":null}\n 200");
    curl("--unix-socket $G -d pubk=00 http://localhost/onboard");
    assert_answer_has(" 404");
    curl("--unix-socket $G http://localhost/metrics");
    assert_answer_has(" 404");
    curl("--unix-socket $G http://localhost/healthz");
    assert_answer("{\"ok\":true}\n 200");
}

static void health_and_metrics_are_there(void **state)
{
    (void)state;
    curl("$U/healthz/");
    assert_answer("{\"ok\":true}\n 200");
    curl("$U/readyz");
    assert_answer("{\"ready\":false,\"phase\":\"empty\"}\n 503");
    curl("$U/status");
    curl("$U/metrics");
    assert_answer_has("rpl_requests_total{route=\"/status\",code=\"200\"}");
    assert_answer_has("rpl_request_seconds_count{route=\"/status\"}");
}

static void write_file(const char *name, char fill, size_t len)
{
    char path[256];
    snprintf(path, sizeof(path), "%s/%s", base, name);
    FILE *f = fopen(path, "w");
    assert_non_null(f);
    for (size_t i = 0; i < len; i++)
        fputc(fill, f);
    fclose(f);
}

static void sizes_are_kept_to_the_byte(void **state)
{
    (void)state;
    write_file("fits", 'a', 64 << 10);
    write_file("over", 'a', (64 << 10) + 1);
    write_file("state", 'a', 16 << 20);
    write_file("state_over", 'a', (17 << 20) + 2);
    write_file("huge", 'a', 40 << 20);
    curl("--data-binary @fits $U/configure");
    assert_answer("{\"accepted\":[\"65536\"]}\n 200");
    curl("--data-binary @over $U/configure");
    assert_answer_has("\"code\":\"too_large\"");
    assert_answer_has(" 413");
    curl("-H 'Content-Type: text/plain' --data-binary @state $U/receiveKey");
    assert_answer_has("{\"result\":\"8388608\"");
    curl("-H 'Transfer-Encoding: chunked' -H 'Content-Type: text/plain' --data-binary @state "
         "$U/receiveKey");
    assert_answer_has("{\"result\":\"8388608\"");
    curl("--data-binary @state_over $U/receiveKey");
    assert_answer_has("\"code\":\"too_large\"");
    assert_answer_has(" 413");
    curl("--data-binary @huge $U/receiveKey");
    assert_answer_has(" 413");
    curl("$U/healthz");
    assert_answer_has(" 200");
}

static void a_large_answer_arrives_whole(void **state)
{
    (void)state;
    char path[256];
    snprintf(path, sizeof(path), "%s/quote", base);
    FILE *f = fopen(path, "w");
    fputs("quote=", f);
    for (int i = 0; i < 1000000; i++)
        fputc("0123456789abcdef"[i % 16], f);
    fclose(f);
    curl("-d @quote $U/onboard");
    assert_int_equal(strlen(answer), 1000000 + strlen(" 200"));
    assert_memory_equal(answer, "0123456789abcdef0123", 20);
    assert_string_equal(answer + 1000000, " 200");
}

static void http2_is_told_to_use_http1(void **state)
{
    (void)state;
    assert_int_not_equal(curl("--http2-prior-knowledge $U/status"), 0);
    assert_answer_has(" 000");
    assert_int_equal(curl("--http2 $U/healthz"), 0);
    assert_answer("{\"ok\":true}\n 200");
}

static int start(void **state)
{
    (void)state;
    if (!mkdtemp(base))
        return -1;
    umask(077); /* the guest's folder and socket must not depend on it */
    port = fake_node_start(NULL, base);
    return 0;
}

static void the_guest_folder_is_open_to_the_guest(void **state)
{
    (void)state;
    struct stat at;
    char path[256];
    snprintf(path, sizeof(path), "%s/app", base);
    assert_int_equal(stat(path, &at), 0);
    assert_int_equal(at.st_mode & 07777, 0755);
    snprintf(path, sizeof(path), "%s/app/replicatoor.sock", base);
    assert_int_equal(stat(path, &at), 0);
    assert_true(S_ISSOCK(at.st_mode));
    assert_int_equal(at.st_mode & 07777, 0666);
}

static int stop(void **state)
{
    (void)state;
    char command[256], path[256];
    fake_node_stop(5000);
    snprintf(path, sizeof(path), "%s/app/replicatoor.sock", base);
    const bool removed = access(path, F_OK) != 0;
    snprintf(command, sizeof(command), "rm -rf '%s'", base);
    return system(command) == 0 && removed ? 0 : -1;
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(status_is_json_with_the_caller),
        cmocka_unit_test(headers_say_what_it_is_and_nothing_about_us),
        cmocka_unit_test(unknown_paths_and_methods_have_the_error_shape),
        cmocka_unit_test(configure_takes_bytes_as_they_are),
        cmocka_unit_test(onboard_answers_hex_or_json),
        cmocka_unit_test(errors_have_their_status),
        cmocka_unit_test(an_answer_from_a_worker_arrives),
        cmocka_unit_test(keys_are_denied_on_the_port_and_given_on_the_socket),
        cmocka_unit_test(health_and_metrics_are_there),
        cmocka_unit_test(sizes_are_kept_to_the_byte),
        cmocka_unit_test(a_large_answer_arrives_whole),
        cmocka_unit_test(http2_is_told_to_use_http1),
        cmocka_unit_test(the_guest_folder_is_open_to_the_guest),
    };
    return cmocka_run_group_tests(tests, start, stop);
}
