"""What changed between the releases of Dstack, one row per era.

A row says which sockets and calls exist, how bytes are written, what a plain TdxQuote puts into the
report data, and which RTMR3 events the OS made.
"""
from dataclasses import dataclass, replace


@dataclass(frozen=True)
class Era:
    version: str
    sockets: tuple = ("tappd", "dstack")
    tappd_calls: frozenset = frozenset()
    dstack_calls: frozenset = frozenset()
    hex_prefix: str = ""
    tdx_quote: str = "app-data:"  # hashed with SHA-512 before the caller's bytes; None: no tag
    knows_raw: bool = True        # hash_algorithm is a field that it knows
    answers_prefix: bool = True   # TdxQuote's answer has hash_algorithm and prefix
    get_arguments: bool = True    # GET takes arguments from the query
    modern_errors: bool = True    # prpc 0.6: 400 "Service not found: X", application/json
    one_line_errors: bool = True
    log_style: str = "stripped"
    padded_events: bool = False
    events: tuple = ()
    zero_rtmrs: tuple = ()        # what the images of the time did not measure
    mr_config_id: bool = True
    event_version: int = 1
    vm_config: bool = True
    info: str = "dstack"          # or "worker" (0.3.x)


TAPPD_04 = frozenset({"DeriveKey", "DeriveK256Key", "TdxQuote", "RawQuote", "Info"})
DSTACK_04 = frozenset({"GetTlsKey", "GetKey", "GetQuote", "Info"})
EVENTS_05 = ("system-preparing", "app-id", "compose-hash", "instance-id", "boot-mr-done",
             "key-provider", "storage-fs", "system-ready")
EVENTS_HEAD = ("system-preparing", "app-id", "compose-hash", "gpu-policy-hash", "instance-id",
               "boot-mr-done", "key-provider", "storage-fs", "system-ready")

A = Era(
    "0.1.0", sockets=("tappd",), tappd_calls=frozenset({"DeriveKey", "TdxQuote"}),
    hex_prefix="0x", tdx_quote=None, knows_raw=False, answers_prefix=False, get_arguments=False,
    modern_errors=False, one_line_errors=False, log_style="none", padded_events=True,
    events=("rootfs-hash", "app-id-full", "ca-cert-hash"), zero_rtmrs=(1, 2), mr_config_id=False,
    vm_config=False)
B = replace(A, version="0.2.0", tdx_quote="kms-root-ca:", log_style="hex", zero_rtmrs=(2,),
            events=("rootfs-hash", "app-id", "upgraded-app-id", "ca-cert-hash", "instance-id"))
C_031 = replace(
    A, version="0.3.1", hex_prefix="", tdx_quote="app-data:", knows_raw=True, log_style="full",
    padded_events=False, zero_rtmrs=(),
    events=("rootfs-hash", "app-id", "upgraded-app-id", "ca-cert-hash", "instance-id"))
C_036 = replace(
    C_031, version="0.3.6", answers_prefix=True, get_arguments=True, info="worker",
    tappd_calls=frozenset({"DeriveKey", "TdxQuote", "RawQuote", "Info"}),
    events=("rootfs-hash", "app-id", "compose-hash", "ca-cert-hash", "instance-id"))
D_042 = Era(
    "0.4.2", tappd_calls=TAPPD_04, dstack_calls=DSTACK_04, one_line_errors=False,
    log_style="full", mr_config_id=False, vm_config=False,
    events=tuple(name for name in EVENTS_05 if name != "storage-fs"))
D_055 = replace(D_042, version="0.5.5", dstack_calls=DSTACK_04 | {"EmitEvent"},
                mr_config_id=True, vm_config=True, events=EVENTS_05)
E_0511 = replace(
    D_055, version="0.5.11", one_line_errors=True, log_style="stripped",
    tappd_calls=TAPPD_04 | {"Version"},
    dstack_calls=DSTACK_04 | {"EmitEvent", "Attest", "Sign", "Verify", "Version"})
HEAD = replace(E_0511, version="0.6.0", events=EVENTS_HEAD,
               dstack_calls=(E_0511.dstack_calls | {"GpuInfo"}) - {"EmitEvent"})

ERAS = {
    "a": A, "replicatoor": A,
    "b": B,
    "c": C_036, "0.3": C_036, "0.3.6": C_036, "0.3.1": C_031,
    "d": D_055, "0.5.5": D_055, "0.4": D_042, "0.4.2": D_042,
    "e": E_0511, "0.5": E_0511, "0.5.11": E_0511,
    "head": HEAD, "0.6": HEAD, "head-v2": replace(HEAD, event_version=2),
}
