#!/usr/bin/env python3
"""reference.py FOLDER - image folders as Dstack ships them, small and made up, with the registers that a
machine booted from them would have.

No fixture has the files of a real image, so the answers come from here: a second implementation of the
measurements, written from the specifications alone (TDVF design guide 11, TDX module TDH.MEM.PAGE.ADD and
TDH.MR.EXTEND, PE/Authenticode, Linux boot protocol, PI hand-off blocks). What of them can be checked against
real quotes is checked there: tests/unit/attestation/reference/fixtures_test.c.
"""
import hashlib
import json
import os
import random
import struct
import sys
import uuid

PAGE = 4096
GIB = 1 << 30


def sha(data):
    return hashlib.sha384(data).digest()


def replay(digests):
    register = bytes(48)
    for digest in digests:
        register = sha(register + digest)
    return register


def entry(guid, data):
    """An entry of OVMF's table of GUIDs, which is read from its end."""
    return data + struct.pack("<H", len(data) + 18) + uuid.UUID(guid).bytes_le


def firmware(rng, sections, length=16 * PAGE):
    """sections: (offset, raw, address, size, type, attributes)"""
    image = bytearray(rng.randbytes(length))
    metadata = b"TDVF" + struct.pack("<III", 16 + 32 * len(sections), 1, len(sections))
    metadata += b"".join(struct.pack("<IIQQII", *s) for s in sections)
    place = length - 3 * PAGE
    image[place:place + len(metadata)] = metadata
    table = entry("00f771de-1a7e-4fcb-890e-68c77e2fb44e", rng.randbytes(7))
    table += entry("e47a6535-984a-4798-865e-4685a7bf8ec2", struct.pack("<I", length - place))
    table += entry("1ba3dbd0-3c1c-4d5f-9c4d-0d0d0d0d0d0d", rng.randbytes(4))
    table += struct.pack("<H", len(table) + 18) + uuid.UUID("96b582de-1fb2-45f7-baea-a366c55a082d").bytes_le
    image[length - 32 - len(table):length - 32] = table
    return bytes(image)


def mrtd(image, sections, two_pass):
    digest = hashlib.sha384()

    def add(section, page):
        if not section[5] & 2:
            record = b"MEM.PAGE.ADD".ljust(16, b"\0") + struct.pack("<Q", section[2] + page * PAGE)
            digest.update(record.ljust(128, b"\0"))

    def extend(section, page):
        for at in range(page * PAGE, (page + 1) * PAGE, 256) if section[5] & 1 else ():
            record = b"MR.EXTEND".ljust(16, b"\0") + struct.pack("<Q", section[2] + at)
            digest.update(record.ljust(128, b"\0"))
            digest.update(image[section[0] + at:section[0] + at + 256])

    for section in sections:
        pages = range(section[3] // PAGE)
        steps = [(add, p) for p in pages] + [(extend, p) for p in pages]
        if not two_pass:
            steps = [(step, p) for p in pages for step in (add, extend)]
        for step, page in steps:
            step(section, page)
    return digest.digest()


def td_hob(sections, memory):
    accepted = sorted((s[2], s[2] + s[3]) for s in sections if s[4] in (2, 3))
    base = next(s[2] for s in sections if s[4] == 2)
    ram = [(0, memory)] if memory < 0xb0000000 else [(0, 2 * GIB), (4 * GIB, 4 * GIB + memory - 2 * GIB)]
    pieces = []
    for start, end in ram:
        for low, high in accepted:
            if start <= low < end:
                pieces += [(7, start, low)] if low > start else []
                pieces.append((0, low, high))
                start = high
        pieces += [(7, start, end)] if end > start else []
    body = b"".join(struct.pack("<HHI16xIIQQ", 3, 48, 0, kind, 7, low, high - low)
                    for kind, low, high in pieces)
    head = struct.pack("<HHIII4QQ", 1, 56, 0, 9, 0, 0, 0, 0, 0, base + 56 + len(body) + 8)
    return sha(head + body)


def kernel(rng, plus, certificates, tail):
    """A bzImage's shape: setup header at 0x1f1, PE header behind it, two sections, perhaps a signature."""
    image = bytearray(rng.randbytes(0x3000))
    image[0:2] = b"MZ"
    struct.pack_into("<I", image, 0x3c, 0x40)
    struct.pack_into("<4sHHIIIHH", image, 0x40, b"PE\0\0", 0x8664, 3, 0, 0, 0, 240 if plus else 224, 0x206)
    optional = 0x40 + 24
    struct.pack_into("<H", image, optional, 0x20b if plus else 0x10b)
    struct.pack_into("<I", image, optional + 60, 0x1000)
    directories = optional + (112 if plus else 96)
    struct.pack_into("<I", image, directories - 4, 16)
    blob = rng.randbytes(certificates)
    struct.pack_into("<II", image, directories + 32, len(image) + len(tail) if blob else 0, len(blob))
    table = optional + (240 if plus else 224)
    # out of order on purpose, and one without bytes
    for i, (size, at) in enumerate(((0x1800, 0x1800), (0, 0), (0x800, 0x1000))):
        struct.pack_into("<8sIIII", image, table + 40 * i, b".s%d" % i, 0, 0, size, at)
        image[table + 40 * i + 24:table + 40 * i + 40] = bytes(16)
    image[0x202:0x206] = b"HdrS"
    struct.pack_into("<H", image, 0x206, 0x20f)
    image[0x211] = 1
    struct.pack_into("<I", image, 0x22c, 0x7fffffff)
    struct.pack_into("<H", image, 0x236, 0x7f)
    return bytes(image) + tail + blob


def pe_digest(image):
    """The recipe of the Authenticode document, with EDK2's reading of the tail."""
    pe = struct.unpack_from("<I", image, 0x3c)[0]
    count, = struct.unpack_from("<H", image, pe + 6)
    optional_len, = struct.unpack_from("<H", image, pe + 20)
    optional = pe + 24
    plus = struct.unpack_from("<H", image, optional)[0] == 0x20b
    headers, = struct.unpack_from("<I", image, optional + 60)
    security = optional + (112 if plus else 96) + 4 * 8
    _, certificates = struct.unpack_from("<II", image, security)
    digest = hashlib.sha384(image[:optional + 64])
    digest.update(image[optional + 68:security])
    digest.update(image[security + 8:headers])
    rows = [struct.unpack_from("<II", image, optional + optional_len + 40 * i + 16) for i in range(count)]
    total = headers
    for at, size in sorted((at, size) for size, at in rows if size):
        digest.update(image[at:at + size])
        total += size
    if len(image) > total:
        digest.update(image[total:len(image) - certificates])
    return digest.digest()


def patched(image, initrd_len, memory):
    image = bytearray(image)
    low = memory if memory < 0xb0000000 else 2 * GIB
    image[0x210] = 0xb0
    image[0x211] |= 0x80
    struct.pack_into("<H", image, 0x224, 0xfe00)
    struct.pack_into("<I", image, 0x228, 0x20000)
    top = min(0xffffffff, low - 0x28000 - 1)
    struct.pack_into("<II", image, 0x218, (top - initrd_len) // PAGE * PAGE, initrd_len)
    return bytes(image)


def variable(guid, name):
    return sha(uuid.UUID(guid).bytes_le + struct.pack("<QQ", len(name), 0) + name.encode("utf-16-le"))


def rtmr0(hob, variables, acpi):
    glob, security = "8be4df61-93ca-11d2-aa0d-00e098032b8c", "d719b2cb-3d3a-4596-a3bc-dad00e67656f"
    menu = bytes.fromhex("23ada07f5261f12f34a0bd8e46760962d6b4d576a416f1fe"
                         "a1c64bc656b1d28eacf7047ae6e967c58fd2a98bfa74c298")
    names = [variable(glob, n) for n in ("SecureBoot", "PK", "KEK")]
    names += [variable(security, n) for n in ("db", "dbx")]
    return replay([hob, variables, *names, sha(bytes(4)), *acpi, sha(bytes(2)), menu])


def rtmr1(digest):
    return replay([digest, sha(b"Calling EFI Application from Boot Option"), sha(bytes(4)),
                   sha(b"Exit Boot Services Invocation"), sha(b"Exit Boot Services Returned with Success")])


def write(folder, name, content):
    with open(os.path.join(folder, name), "wb") as f:
        f.write(content)


def make_image(folder, seed, plus, certificates, tail, normalized):
    rng = random.Random(seed)
    os.makedirs(folder, exist_ok=True)
    sections = [(4 * PAGE, 6 * PAGE, 0xffc84000, 6 * PAGE, 0, 1), (0, 3 * PAGE + 100, 0xffc00000, 4 * PAGE, 1, 0),
                (0, 0, 0x810000, 4 * PAGE, 3, 0), (0, 0, 0x80b000, 2 * PAGE, 3, 0),
                (0, 0, 0x809000, 2 * PAGE, 2, 0), (0, 0, 0x900000, 3 * PAGE, 5, 2)]
    code = firmware(rng, sections)
    bz, initrd = kernel(rng, plus, certificates, tail), rng.randbytes(5000)
    command = "console=ttyS0 dstack.rootfs_hash=" + rng.randbytes(32).hex()
    metadata = {"bios": "ovmf.fd", "kernel": "bzImage", "initrd": "initramfs.cpio.gz", "cmdline": command}
    if normalized:
        metadata["kernel_header_normalized"] = True
    for name, content in (("ovmf.fd", code), ("bzImage", bz), ("initramfs.cpio.gz", initrd),
                          ("metadata.json", json.dumps(metadata).encode())):
        write(folder, name, content)
    acpi = [rng.randbytes(48) for _ in range(3)]
    log = [{"imr": 0, "event_type": 10, "digest": a.hex(), "event": "", "event_payload": "414350492044415441"}
           for a in acpi]
    write(folder, "acpi_log.json", json.dumps(log).encode())
    variables = sha(code[:3 * PAGE + 100])
    shapes = []
    for memory in (512 << 20, 2 * GIB, 0xb0000000 - PAGE, 0xb0000000, 16 * GIB):
        hob = td_hob(sections, memory)
        shapes.append({"memory": memory, "td_hob": hob.hex(), "rtmr0": rtmr0(hob, variables, acpi).hex(),
                       "kernel_patched": pe_digest(patched(bz, len(initrd), memory)).hex(),
                       "rtmr1_patched": rtmr1(pe_digest(patched(bz, len(initrd), memory))).hex()})
    line = sha((command + " initrd=initrd\0").encode("utf-16-le"))
    expected = {"mrtd_single_pass": mrtd(code, sections, False).hex(), "variables": variables.hex(),
                "mrtd_two_pass": mrtd(code, sections, True).hex(), "kernel_as_is": pe_digest(bz).hex(),
                "rtmr1_as_is": rtmr1(pe_digest(bz)).hex(), "command_line": line.hex(),
                "initrd": sha(initrd).hex(), "rtmr2": replay([line, sha(initrd)]).hex(), "shapes": shapes}
    write(folder, "expected.json", json.dumps(expected, indent=1).encode())


def main():
    out = sys.argv[1]
    make_image(f"{out}/plus", 1, True, 0, b"", False)
    make_image(f"{out}/signed", 2, True, 1368, b"", False)
    make_image(f"{out}/narrow", 3, False, 0, b"trailing", True)


if __name__ == "__main__":
    main()
