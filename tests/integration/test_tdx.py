"""The tests' own checker of quotes, on real ones: what it accepts of the simulator it must accept of
Intel, and it must notice every flipped part."""
import os

import pytest
from cryptography import x509

from simulator import REPOSITORY
from tdx import Quote, replay

VECTORS = os.path.join(REPOSITORY, "tests", "vectors")
QUOTES = ["dcap/real/phala-dcap-qvl/tdx_v4_b0c06f", "dstack/v05-quote-report",
          "dstack/v05-simulator-attestation", "dstack/v04dev-examples-attestation"]
LOGS = ["v05-quote-report", "v04dev-examples-attestation", "v04-simulator-quote",
        "v05-simulator-attestation", "v06-tdx-lite-getquote"]


def read(*names):
    with open(os.path.join(VECTORS, *names), "rb") as f:
        return f.read()


@pytest.fixture(scope="module", name="intel_root")
def intels_root():
    return x509.load_der_x509_certificate(read("dcap", "raw", "intel-roots", "root.der"))


@pytest.mark.parametrize("name", QUOTES)
def test_real_quotes_verify_under_intels_root(name, intel_root):
    quote = Quote(read(name, "quote.bin"))
    assert quote.failures(intel_root) == []
    assert not any(quote.padding)


@pytest.mark.parametrize("at,failure", [
    (200, "quote signature"), (640, "quote signature"), (1222, "qe binding"), (1100, "qe binding"),
    (780, "qe signature"), (1160, "qe signature")])
def test_a_flipped_bit_is_noticed(intel_root, at, failure):
    raw = bytearray(read(QUOTES[0], "quote.bin"))
    raw[at] ^= 1
    assert failure in Quote(bytes(raw)).failures(intel_root)


@pytest.mark.parametrize("name", LOGS)
def test_real_logs_replay(name):
    quote = Quote(read("dstack", name, "quote.bin"))
    log = read("dstack", name, "event_log.json").decode()
    assert replay(log, 3) == quote.field("rtmr3")
