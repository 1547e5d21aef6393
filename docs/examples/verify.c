/* verify.c - is this a quote to trust? cc verify.c $(pkg-config --cflags --libs rpl-attestation)
 *
 *     verify QUOTE COLLATERAL UNIX-TIME REPORT-DATA    prints the verdict; 0 admitted, 1 refused, 2 not evaluated
 *
 * REPORT-DATA is a file of the 64 bytes that the quote must carry: made from a nonce of yours and the key of
 * whoever sent the quote. Without that, a quote of any genuine TD would do, recorded anywhere. */
#include <attestation/verify_bytes.h>
#include <stdio.h>
#include <stdlib.h>

static char *read_file(const char *path, size_t *len)
{
    static const size_t max = 4u << 20;
    char *data = malloc(max);
    FILE *file = fopen(path, "rb");
    if (!data || !file)
        exit(RPL_VERIFY_NOT_EVALUATED);
    *len = fread(data, 1, max, file);
    fclose(file);
    return data;
}

int main(int argc, char **argv)
{
    rpl_verify_request request = {0};
    char *report = NULL;
    if (argc != 5)
        return RPL_VERIFY_NOT_EVALUATED;
    request.quote = read_file(argv[1], &request.quote_len);
    request.collateral = read_file(argv[2], &request.collateral_len);
    request.now = strtoll(argv[3], NULL, 10);
    request.report_data = read_file(argv[4], &request.report_data_len);
    const rpl_verify_outcome outcome = rpl_verify_bytes(&request, &report);
    puts(report ? report : "not evaluated");
    return outcome;
}
