/* Keccak-256 as the Keccak team submitted it (rate 136 bytes, padding 0x01), the hash of the EVM.
 * Source: The Keccak reference, version 3.0, sections 1.2 (permutation) and 1.1.2 (padding). */
#include "base/hash.h"

enum { RATE = 136, LANES = 25, ROUNDS = 24 };

static const uint64_t round_constants[ROUNDS] = {
    0x0000000000000001, 0x0000000000008082, 0x800000000000808a, 0x8000000080008000,
    0x000000000000808b, 0x0000000080000001, 0x8000000080008081, 0x8000000000008009,
    0x000000000000008a, 0x0000000000000088, 0x0000000080008009, 0x000000008000000a,
    0x000000008000808b, 0x800000000000008b, 0x8000000000008089, 0x8000000000008003,
    0x8000000000008002, 0x8000000000000080, 0x000000000000800a, 0x800000008000000a,
    0x8000000080008081, 0x8000000000008080, 0x0000000080000001, 0x8000000080008008,
};

/* rho and pi walked together: lane `to[i]` receives the lane before it, rotated by `by[i]`. */
static const uint8_t by[LANES - 1] = {1,  3,  6,  10, 15, 21, 28, 36, 45, 55, 2,  14,
                                      27, 41, 56, 8,  25, 43, 62, 18, 39, 61, 20, 44};
static const uint8_t to[LANES - 1] = {10, 7,  11, 17, 18, 3, 5,  16, 8,  21, 24, 4,
                                      15, 23, 19, 13, 12, 2, 20, 14, 22, 9,  6,  1};

static uint64_t rotate(uint64_t lane, unsigned bits)
{
    return lane << bits | lane >> (64 - bits);
}

static void theta(uint64_t a[static LANES])
{
    uint64_t parity[5];
    for (size_t x = 0; x < 5; x++)
        parity[x] = a[x] ^ a[x + 5] ^ a[x + 10] ^ a[x + 15] ^ a[x + 20];
    for (size_t i = 0; i < LANES; i++)
        a[i] ^= parity[(i + 4) % 5] ^ rotate(parity[(i + 1) % 5], 1);
}

static void rho_pi(uint64_t a[static LANES])
{
    uint64_t carried = a[1];
    for (size_t i = 0; i < LANES - 1; i++) {
        const uint64_t replaced = a[to[i]];
        a[to[i]] = rotate(carried, by[i]);
        carried = replaced;
    }
}

static void chi(uint64_t a[static LANES])
{
    for (size_t y = 0; y < LANES; y += 5) {
        uint64_t row[5];
        memcpy(row, a + y, sizeof(row));
        for (size_t x = 0; x < 5; x++)
            a[y + x] = row[x] ^ (~row[(x + 1) % 5] & row[(x + 2) % 5]);
    }
}

static void permute(uint64_t a[static LANES])
{
    for (size_t round = 0; round < ROUNDS; round++) {
        theta(a);
        rho_pi(a);
        chi(a);
        a[0] ^= round_constants[round];
    }
}

static void absorb(uint64_t a[static LANES], const uint8_t block[static RATE])
{
    for (size_t i = 0; i < RATE; i++)
        a[i / 8] ^= (uint64_t)block[i] << 8 * (i % 8);
    permute(a);
}

void rpl_keccak256(rpl_bytes in, uint8_t out[static RPL_KECCAK256_LEN])
{
    uint64_t a[LANES] = {0};
    uint8_t last[RATE] = {0};
    size_t done = 0;
    for (; in.len - done >= RATE; done += RATE)
        absorb(a, in.data + done);
    if (in.len > done)
        memcpy(last, in.data + done, in.len - done);
    last[in.len - done] = 0x01;
    last[RATE - 1] |= 0x80;
    absorb(a, last);
    for (size_t i = 0; i < RPL_KECCAK256_LEN; i++)
        out[i] = (uint8_t)(a[i / 8] >> 8 * (i % 8));
}
