"""The command: arguments -> PKI, machine, servers -> one line of JSON -> wait for SIGTERM."""
import argparse
import datetime
import hashlib
import json
import os
import shutil
import signal
import sys
import threading

from . import compose, pcs, sockets, tcb
from .agent import Agent
from .collateral import Collateral
from .era import ERAS
from .machine import App, Faults, Machine, Platform
from .pki import open_pki, pck_serial

REVOCABLE = ("pck", "platform", "processor", "tcb-signing", "root")


def _hex(length=None):
    def parse(text):
        value = bytes.fromhex(text.removeprefix("0x"))
        if length is not None and len(value) != length:
            raise argparse.ArgumentTypeError(f"expected {length} bytes of hex, got {len(value)}")
        return value
    parse.__name__ = "hex"
    return parse


def _td_field(text):
    name, _, value = text.partition("=")
    return name, bytes.fromhex(value)


def _parser():
    p = argparse.ArgumentParser(
        prog="tappd-sim",
        description="A Dstack guest agent and a provisioning service (PCS) for machines without "
        "TDX: quotes of the real format under a test root.")
    p.add_argument("--dir", required=True, help="where the sockets and root.pem go")
    p.add_argument("--pki", help="the test PKI, made on first use; several simulators may share "
                   "one (default: DIR/pki)")
    p.add_argument("--pcs", metavar="HOST:PORT", help="serve the PCS there (port 0: a free one)")
    p.add_argument("--no-agent", action="store_true", help="no sockets: only the PCS")
    p.add_argument("--write-bundle", metavar="FILE", help="write the collateral as dcap-qvl's "
                   "JSON bundle, for `replicatoorctl verify --collateral`")

    m = p.add_argument_group("the machine")
    m.add_argument("--compose", metavar="FILE", help="docker-compose file, or an app-compose.json "
                   "which is taken byte for byte")
    m.add_argument("--instance", type=_hex(20), metavar="HEX", help="instance id, 20 bytes "
                   "(default: from DIR)")
    m.add_argument("--ppid", type=_hex(16), metavar="HEX", help="the platform, 16 bytes "
                   "(default: from the instance id)")
    m.add_argument("--ca", choices=("platform", "processor"), default="platform",
                   help="which CA issued the PCK certificate")
    m.add_argument("--tcb", choices=tcb.STATUSES, default="UpToDate", metavar="STATUS",
                   help=", ".join(tcb.STATUSES))
    m.add_argument("--era", choices=sorted(ERAS), default="e", help="release of Dstack")
    m.add_argument("--image", default="sim-1", help="another name, other MRTD and RTMR0..2")
    m.add_argument("--shape", default="2 CPU, 2 GiB", help="another text, another RTMR0")
    m.add_argument("--body", type=int, choices=(2, 3), help="version 5 quotes with that body type")
    m.add_argument("--mrconfig", type=int, choices=(0, 1, 2), default=1, help="form of MRCONFIGID")
    m.add_argument("--no-mrconfig", dest="mrconfig", action="store_const", const=0)
    m.add_argument("--td", type=_td_field, action="append", default=[], metavar="FIELD=HEX",
                   help="set a field of the TD report, e.g. td_attributes=0100001000000000")

    c = p.add_argument_group("collateral")
    c.add_argument("--issue-offset", type=int, default=0, metavar="SECONDS",
                   help="shift the dates of the collateral (default: an hour ago)")
    c.add_argument("--revoke", action="append", default=[], metavar="WHAT",
                   help=f"{', '.join(REVOCABLE)}, or a serial number in hex")

    f = p.add_argument_group("faults")
    f.add_argument("--fail-quotes", type=int, default=0, metavar="N",
                   help="the first N quote calls find the device busy")
    f.add_argument("--slow-ms", type=int, default=0, help="delay before each quote")
    f.add_argument("--tamper", nargs="?", const="signature", default="",
                   choices=("signature", "body", "qe"), help="flip a bit of each quote")
    f.add_argument("--wrong-report-data", action="store_true",
                   help="quotes are signed, but over other report data")
    f.add_argument("--hide-compose", action="store_true",
                   help="the agent does not tell the app-compose text")
    f.add_argument("--pcs-fault", action="append", default=[], metavar="WHAT=FAULT",
                   help="WHAT: tcb qe numbers pckcrl rootcrl all; FAULT: a status such as 404, "
                   "redirect slow oversized empty garbage flipped nochain")
    return p


def _machine(args, test_pki, faults):
    app_compose = compose.read(args.compose)
    directory = os.path.realpath(args.dir).encode()
    instance = args.instance or hashlib.sha256(b"instance " + directory).digest()[:20]
    ppid = args.ppid or hashlib.sha256(b"platform " + instance).digest()[:16]
    body = args.body or (3 if args.tcb == "TDRelaunchAdvised" else None)
    return Machine(test_pki, Platform(ppid, tcb.platform_svns(args.tcb), ca=args.ca),
                   App(app_compose, instance), ERAS[args.era], image=args.image,
                   shape=args.shape, status=args.tcb, mr_config_form=args.mrconfig,
                   td=dict(args.td), body_type=body, faults=faults)


def _revoked(what, test_pki, machine):
    if what == "pck":
        return pck_serial(machine.platform)
    if what in REVOCABLE:
        return getattr(test_pki, what.replace("-", "_")).cert.serial_number
    return int(what, 16)


def _agent_servers(args, machine):
    if args.no_agent:
        return {}
    return {name: sockets.serve(os.path.join(args.dir, f"{name}.sock"), name, Agent(machine))
            for name in machine.era.sockets}


def _ready(args, machine, servers, pcs_server):
    """What a test wants to know of the simulator: paths, addresses, public facts."""
    def path(name):
        return os.path.realpath(os.path.join(args.dir, name))

    app, fields = machine.app, machine.fields
    ready = {
        "dir": os.path.realpath(args.dir),
        "dstack_sock": path("dstack.sock") if "dstack" in servers else None,
        "tappd_sock": path("tappd.sock") if "tappd" in servers else None,
        "pcs": "{}:{}".format(*pcs_server.server_address) if pcs_server else None,
        "root": path("root.pem"),
        "app_compose": path("app-compose.json"),
        "compose_hash": app.compose_hash.hex(),
        "app_id": app.app_id.hex(),
        "instance_id": app.instance_id.hex(),
        "image_hash": machine.image_hash.hex(),
        "release": machine.release.hex(),
        "ppid": machine.platform.ppid.hex(),
        "device": hashlib.sha256(machine.platform.ppid).hexdigest(),
        "pck_serial": "%x" % pck_serial(machine.platform),
        "fmspc": machine.platform.fmspc.hex(),
        "tcb": args.tcb,
        "era": args.era,
        "dstack_version": machine.era.version,
    }
    ready.update({name: fields[name].hex() for name in (
        "mrtd", "rtmr0", "rtmr1", "rtmr2", "rtmr3", "mr_config_id", "td_attributes", "xfam")})
    return ready


def _write_files(args, pki_dir, machine, collateral):
    shutil.copyfile(os.path.join(pki_dir, "root.pem"), os.path.join(args.dir, "root.pem"))
    with open(os.path.join(args.dir, "app-compose.json"), "wb") as f:
        f.write(machine.app.compose)
    if args.write_bundle:
        with open(args.write_bundle, "w", encoding="ascii") as f:
            f.write(collateral.bundle(machine.platform.ca))


def main():
    args = _parser().parse_args()
    stop = {signal.SIGTERM, signal.SIGINT}
    signal.pthread_sigmask(signal.SIG_BLOCK, stop)
    os.makedirs(args.dir, exist_ok=True)
    pki_dir = args.pki or os.path.join(args.dir, "pki")
    test_pki = open_pki(pki_dir)
    faults = Faults(args.fail_quotes, args.slow_ms, args.tamper, args.wrong_report_data,
                    args.hide_compose, ",".join(args.pcs_fault))
    machine = _machine(args, test_pki, faults)
    collateral = Collateral(test_pki, datetime.datetime.utcnow(), args.issue_offset,
                            [_revoked(what, test_pki, machine) for what in args.revoke])
    _write_files(args, pki_dir, machine, collateral)

    servers = _agent_servers(args, machine)
    pcs_server = pcs.serve(args.pcs, pcs.Service(collateral, faults)) if args.pcs else None
    for server in [*servers.values(), *([pcs_server] if pcs_server else [])]:
        threading.Thread(target=server.serve_forever, daemon=True).start()
    print(json.dumps(_ready(args, machine, servers, pcs_server)), flush=True)

    signal.sigwait(stop)
    for server in servers.values():
        os.unlink(server.server_address)
    return 0


if __name__ == "__main__":
    sys.exit(main())
