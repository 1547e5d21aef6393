"""Keccak-256 with the original padding (0x01), as Ethereum uses it; hashlib has only SHA-3.

Source: the Keccak reference, version 3.0; rate 1088, capacity 512.
"""

RATE = 136
MASK = (1 << 64) - 1


def _rotl(value, n):
    n %= 64
    return ((value << n) | (value >> (64 - n))) & MASK


def _round_constants():
    """The iota constants, drawn from the LFSR x^8 + x^6 + x^5 + x^4 + 1."""
    constants, lfsr = [], 1
    for _ in range(24):
        constant = 0
        for j in range(7):
            if lfsr & 1:
                constant |= 1 << ((1 << j) - 1)
            lfsr = (lfsr << 1) ^ (0x171 if lfsr & 0x80 else 0)
        constants.append(constant)
    return constants


ROUND_CONSTANTS = _round_constants()


def _permute(a):
    """Keccak-f[1600] over 25 lanes, lane (x, y) at index x + 5 * y."""
    for constant in ROUND_CONSTANTS:
        c = [a[x] ^ a[x + 5] ^ a[x + 10] ^ a[x + 15] ^ a[x + 20] for x in range(5)]
        d = [c[(x - 1) % 5] ^ _rotl(c[(x + 1) % 5], 1) for x in range(5)]
        a = [a[i] ^ d[i % 5] for i in range(25)]
        x, y, lane = 1, 0, a[1]
        for t in range(24):
            x, y = y, (2 * x + 3 * y) % 5
            at = x + 5 * y
            lane, a[at] = a[at], _rotl(lane, (t + 1) * (t + 2) // 2)
        for row in range(0, 25, 5):
            r = a[row:row + 5]
            a[row:row + 5] = [r[x] ^ (~r[(x + 1) % 5] & MASK & r[(x + 2) % 5]) for x in range(5)]
        a[0] ^= constant
    return a


def keccak256(data):
    padded = bytearray(data)
    padded.append(0x01)
    padded.extend(bytes(-len(padded) % RATE))
    padded[-1] |= 0x80
    lanes = [0] * 25
    for at in range(0, len(padded), RATE):
        for i in range(RATE // 8):
            lanes[i] ^= int.from_bytes(padded[at + 8 * i:at + 8 * i + 8], "little")
        lanes = _permute(lanes)
    return b"".join(lane.to_bytes(8, "little") for lane in lanes[:4])
