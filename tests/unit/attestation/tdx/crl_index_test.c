/* Looking a serial up in a list with an index and without gives one answer: the right one. */
#include "attestation/tdx/crl.h"
#include "base/writer.h"
#include "tests/support/check.h"

enum { SERIALS = 64, ENTRY_MAX = 40 };

static uint8_t serials[SERIALS][20];
static size_t lengths[SERIALS];
static uint8_t entries[SERIALS * ENTRY_MAX];

/* Of every length from 1 to 20, in no order, none with a leading zero; several share their beginning. */
static void make_serials(void)
{
    uint32_t state = 1;
    for (size_t i = 0; i < SERIALS; i++) {
        lengths[i] = 1 + i * 7 % 20;
        for (size_t b = 0; b < lengths[i]; b++) {
            state = state * 1664525u + 1013904223u;
            serials[i][b] = (uint8_t)(b < 2 ? 1 + i / 20 : state >> 24);
        }
        serials[i][lengths[i] - 1] = (uint8_t)(1 + i);
    }
}

static rpl_bytes make_entries(size_t count)
{
    rpl_writer w = rpl_writer_over(entries, sizeof(entries));
    for (size_t i = 0; i < count; i++) {
        const bool pad = serials[i][0] & 0x80;
        const size_t integer = lengths[i] + pad;
        rpl_write_u8(&w, 0x30);
        rpl_write_u8(&w, (uint8_t)(2 + integer + 15));
        rpl_write_u8(&w, 0x02);
        rpl_write_u8(&w, (uint8_t)integer);
        if (pad)
            rpl_write_u8(&w, 0);
        rpl_write_bytes(&w, rpl_bytes_of(serials[i], lengths[i]));
        rpl_write_bytes(&w, rpl_bytes_of_text("\x17\x0d"
                                              "250101000000Z"));
    }
    assert_true(rpl_writer_done(&w));
    return rpl_writer_bytes(&w);
}

static bool revokes(const rpl_crl *crl, const uint8_t *serial, size_t len)
{
    rpl_certificate c = {.serial_len = len};
    memcpy(c.serial, serial, len);
    return rpl_crl_revokes(crl, &c);
}

static bool is_in(size_t count, const uint8_t *serial, size_t len)
{
    for (size_t i = 0; i < count; i++) {
        if (lengths[i] == len && memcmp(serials[i], serial, len) == 0)
            return true;
    }
    return false;
}

/* The serial itself, its neighbours, and the same with a byte more or less. */
static void look_up_around(const rpl_crl *crl, size_t count, size_t i)
{
    uint8_t near[21];
    memset(near, 1, sizeof(near));
    memcpy(near, serials[i], lengths[i]);
    for (int step = -1; step <= 1; step++) {
        near[lengths[i] - 1] = (uint8_t)(serials[i][lengths[i] - 1] + step);
        assert_int_equal(revokes(crl, near, lengths[i]), is_in(count, near, lengths[i]));
    }
    near[lengths[i] - 1] = serials[i][lengths[i] - 1];
    assert_int_equal(revokes(crl, near, lengths[i] - 1), is_in(count, near, lengths[i] - 1));
    if (lengths[i] < 20)
        assert_int_equal(revokes(crl, near, lengths[i] + 1), is_in(count, near, lengths[i] + 1));
}

static void index_and_list_agree(void **state)
{
    (void)state;
    make_serials();
    for (size_t count = 0; count <= SERIALS; count++) {
        RPL_AUTO(crl) rpl_crl crl = {.entries = make_entries(count)};
        assert_int_equal(rpl_crl_count(&crl), count);
        for (size_t i = 0; i < SERIALS; i++)
            look_up_around(&crl, count, i);
        assert_ok(rpl_crl_index(&crl));
        assert_int_equal(crl.n_serials, count);
        for (size_t i = 0; i < SERIALS; i++)
            look_up_around(&crl, count, i);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(index_and_list_agree),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
