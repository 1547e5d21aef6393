"""The few DER encodings that the SGX extension of a PCK certificate is made of (X.690)."""


def _tlv(tag, content):
    n = len(content)
    if n < 0x80:
        return bytes([tag, n]) + content
    length = n.to_bytes((n.bit_length() + 7) // 8, "big")
    return bytes([tag, 0x80 | len(length)]) + length + content


def sequence(*members):
    return _tlv(0x30, b"".join(members))


def integer(value):
    return _tlv(0x02, value.to_bytes(value.bit_length() // 8 + 1, "big"))


def enumerated(value):
    return _tlv(0x0A, bytes([value]))


def boolean(value):
    return _tlv(0x01, b"\xff" if value else b"\x00")


def octet_string(value):
    return _tlv(0x04, value)


def oid(dotted):
    first, second, *rest = (int(part) for part in dotted.split("."))
    content = bytearray([40 * first + second])
    for part in rest:
        groups = [part & 0x7F]
        while part > 0x7F:
            part >>= 7
            groups.append(0x80 | part & 0x7F)
        content.extend(reversed(groups))
    return _tlv(0x06, bytes(content))
