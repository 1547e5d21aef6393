"""The part of the protobuf wire format that the agent's messages use: bytes and text."""


def _varint(value):
    out = bytearray()
    while value > 0x7F:
        out.append(0x80 | value & 0x7F)
        value >>= 7
    out.append(value)
    return bytes(out)


def encode(fields):
    """`fields`: (number, bytes or str); empty ones are left out, as proto3 does."""
    out = b""
    for number, value in fields:
        value = value.encode() if isinstance(value, str) else value
        if value:
            out += _varint(number << 3 | 2) + _varint(len(value)) + value
    return out


def _read_varint(data, at):
    value = shift = 0
    while True:
        if at >= len(data) or shift > 63:
            raise ValueError("invalid varint")
        value |= (data[at] & 0x7F) << shift
        at += 1
        if data[at - 1] < 0x80:
            return value, at
        shift += 7


def decode(data):
    """Values by field number; of a repeated field the last. Raises ValueError."""
    fields, at = {}, 0
    while at < len(data):
        key, at = _read_varint(data, at)
        wire, number = key & 7, key >> 3
        if wire == 0:
            fields[number], at = _read_varint(data, at)
            continue
        length = {1: 8, 5: 4}.get(wire)
        if wire == 2:
            length, at = _read_varint(data, at)
        if length is None or number == 0:
            raise ValueError("invalid wire type value: %d" % wire)
        if length > len(data) - at:
            raise ValueError("buffer underflow")
        fields[number] = data[at:at + length]
        at += length
    return fields
