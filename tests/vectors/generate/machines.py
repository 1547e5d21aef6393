"""What tests of a whole handover need: machines of one test PKI, each with the key that signs its
quotes, so that a test can have a quote over any report data."""
import hashlib

from cryptography.hazmat.primitives import serialization

from tests.vectors.generate.world import NOW, pki
from tools.tappd_sim import compose, tcb
from tools.tappd_sim.collateral import Collateral
from tools.tappd_sim.era import ERAS
from tools.tappd_sim.machine import App, Machine, Platform

# Two machines of one release, and one whose app differs by a comment.
MACHINES = (("first", compose.DEFAULT), ("second", compose.DEFAULT),
            ("other", compose.DEFAULT + "# another\n"))


def _pem(key):
    return key.private_bytes(serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8,
                             serialization.NoEncryption())


def _machine(test_pki, name, text):
    seed = hashlib.sha256(name.encode()).digest()
    return Machine(test_pki, Platform(seed[:16], tcb.platform_svns("UpToDate")),
                   App(compose.wrap(text), seed[:20]), ERAS["e"])


def write(folder, authorities):
    """root.pem, bundle.json, and a folder per machine: quote.bin, key.pem, event_log.json."""
    test_pki = pki.Pki(authorities)
    folder.mkdir()
    (folder / "root.pem").write_text(test_pki.root.pem)
    (folder / "bundle.json").write_text(Collateral(test_pki, NOW).bundle("platform"))
    for name, text in MACHINES:
        machine = _machine(test_pki, name, text)
        quote, log = machine.quote(bytes(64))
        (folder / name).mkdir()
        (folder / name / "quote.bin").write_bytes(quote)
        (folder / name / "key.pem").write_bytes(_pem(machine._enclave.attestation_key))
        (folder / name / "event_log.json").write_text(log)
