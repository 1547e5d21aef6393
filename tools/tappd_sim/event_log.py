"""Event logs and their replay into RTMR values.

RTMR0 to RTMR2 hold what firmware and loader measured (TCG events, here in the layout of QEMU with
the older OVMF); RTMR3 what the Dstack OS said, by a scheme that changed with the era.
"""
import hashlib
import json

DSTACK_EVENT = 0x08000001
EV_SEPARATOR, EV_EVENT_TAG, EV_PLATFORM_CONFIG_FLAGS = 4, 6, 10
EV_EFI_VARIABLE_DRIVER_CONFIG, EV_EFI_VARIABLE_BOOT = 0x80000001, 0x80000002
EV_EFI_BOOT_SERVICES_APPLICATION, EV_EFI_ACTION = 0x80000003, 0x80000007
EV_EFI_PLATFORM_FIRMWARE_BLOB2, EV_EFI_HANDOFF_TABLES2 = 0x8000000A, 0x8000000B

GLOBAL_VARIABLE = bytes.fromhex("61dfe48bca93d211aa0d00e098032b8c")
SECURITY_DATABASE = bytes.fromhex("cbb219d73a3d9645a3bcdad00e67656f")


def sha384(data):
    return hashlib.sha384(data).digest()


class Event:
    """name: of a Dstack event; text = what stands in the log's "event" member."""

    def __init__(self, imr, event_type, digest, name="", payload=b"", version=1, preimage=""):
        self.imr = imr
        self.type = event_type
        self.digest = digest
        self.name = name
        self.payload = payload
        self.version = version
        self.preimage = preimage


def replay(events, imr):
    value = bytes(48)
    for event in events:
        if event.imr == imr:
            value = sha384(value + event.digest)
    return value


def _variable(guid, name, data=b""):
    """UEFI_VARIABLE_DATA of the TCG EFI platform specification."""
    return (guid + len(name).to_bytes(8, "little") + len(data).to_bytes(8, "little")
            + name.encode("utf-16-le") + data)


def _hashed(imr, event_type, payload):
    return Event(imr, event_type, sha384(payload), payload=payload)


def _opaque(imr, event_type, payload, what):
    """An event whose digest is not that of its payload: of a blob, of which `what` is the name."""
    return Event(imr, event_type, sha384(b"simulated " + what.encode()), payload=payload)


def boot_events(image, shape):
    """RTMR0..2 of one image on one VM shape (CPU, memory, devices: they change the ACPI tables and
    the hand-off block)."""
    config, boot = EV_EFI_VARIABLE_DRIVER_CONFIG, EV_EFI_VARIABLE_BOOT
    hand_off = b"\x09TdxTable\x00\x01" + bytes(7) + hashlib.md5(shape.encode()).digest()
    events = [_opaque(0, EV_EFI_HANDOFF_TABLES2, hand_off, f"hand-off block {shape}"),
              _opaque(0, EV_EFI_PLATFORM_FIRMWARE_BLOB2, b")Fv(" + b"X" * 36 + b")",
                      "configuration firmware volume")]
    events += [_hashed(0, config, _variable(GLOBAL_VARIABLE, name))
               for name in ("SecureBoot", "PK", "KEK")]
    events += [_hashed(0, config, _variable(SECURITY_DATABASE, name)) for name in ("db", "dbx")]
    events.append(_hashed(0, EV_SEPARATOR, bytes(4)))
    events += [_opaque(0, EV_PLATFORM_CONFIG_FLAGS, b"ACPI DATA", f"{table} {shape}")
               for table in ("acpi-loader", "acpi-rsdp", "acpi-tables")]
    events += [
        _opaque(1, EV_EFI_BOOT_SERVICES_APPLICATION, b"\x18" + bytes(73), f"kernel {image}"),
        _hashed(0, boot, _variable(GLOBAL_VARIABLE, "BootOrder", bytes(2))),
        _hashed(0, boot, _variable(GLOBAL_VARIABLE, "Boot0000", b"UiApp".ljust(62, b"\0"))),
        _hashed(1, EV_EFI_ACTION, b"Calling EFI Application from Boot Option"),
        _hashed(1, EV_SEPARATOR, bytes(4)),
        Event(2, EV_EVENT_TAG, sha384(command_line(image).encode("utf-16-le") + bytes(2)),
              payload=bytes.fromhex("ed223b8f1a000000") + b"LOADED_IMAGE::LoadOptions\0"),
        _opaque(2, EV_EVENT_TAG, bytes.fromhex("ec223b8f0d000000") + b"Linux initrd\0",
                f"initrd {image}"),
        _hashed(1, EV_EFI_ACTION, b"Exit Boot Services Invocation"),
        _hashed(1, EV_EFI_ACTION, b"Exit Boot Services Returned with Success"),
    ]
    return events


def rootfs_hash(image):
    return hashlib.sha256(f"simulated rootfs {image}".encode()).digest()


def command_line(image):
    return (f"console=ttyS0 init=/init panic=1 dstack.rootfs_hash={rootfs_hash(image).hex()} "
            "initrd=initrd")


def padded(name, payload):
    """The oldest scheme: the zero-padded payload is the digest."""
    return Event(3, 1, payload.ljust(48, b"\0"), name=name, payload=payload, version=0)


def dstack_v1(name, payload):
    preimage = DSTACK_EVENT.to_bytes(4, "little") + b":" + name.encode() + b":" + payload
    return Event(3, DSTACK_EVENT, sha384(preimage), name=name, payload=payload)


def dstack_v2(name, payload):
    preimage = json.dumps({"name": name, "payload": payload.hex(), "type": DSTACK_EVENT},
                          separators=(",", ":"), ensure_ascii=False).encode()
    return Event(3, DSTACK_EVENT, sha384(preimage), name=name, payload=payload, version=2,
                 preimage=preimage.hex())


def _full(event):
    member = {"imr": event.imr, "event_type": event.type, "digest": event.digest.hex(),
              "event": event.name, "event_payload": event.payload.hex()}
    if event.version == 2:
        member.update(version=2, preimage=event.preimage)
    return member


def _stripped(event):
    """Since 0.5.6: no payload of TCG events, no digest of Dstack events."""
    member = _full(event)
    if event.type == DSTACK_EVENT:
        member["digest"] = ""
    else:
        member["event_payload"] = ""
    return member


def _associated(event):
    return {"imr": event.imr, "event_type": event.type, "digest": event.digest.hex(),
            "associated_data": event.name}


def _hex_name(event):
    return {"imr": event.imr, "event_type": event.type, "digest": event.digest.hex(),
            "event": event.name.encode().hex()}


STYLES = {"full": _full, "stripped": _stripped, "associated": _associated, "hex": _hex_name}


def to_json(events, style):
    """The text that stands in the agent's answer; style "none": the first agents gave no log."""
    if style == "none":
        return ""
    return json.dumps([STYLES[style](event) for event in events], separators=(",", ":"),
                      ensure_ascii=False)
