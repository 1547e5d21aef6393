"""The cases once more, each over a world in which other fields were edited at random first, and signed
again: what is harmless changes no answer, and nothing makes a refused case admitted.

A fixed seed per case chooses the edits, so that every run makes the same ones.
"""
import random

from tests.vectors.generate.cases import FIRST_CASES
from tests.vectors.generate.world import NOW, World, datetime, iso, make_crl

DAY = datetime.timedelta(days=1)
# Refused for a relation between two fields: an edit of the other one may rightly admit it.
RELATIONS = ("TCB_REVOKED", "TCB_NOT_SUPPORTED", "TDX_MODULE", "QE_", "FMSPC", "PCEID", "TD_", "TCB_STATUS")


def field(name, size):
    return lambda w, r: w.fields.__setitem__(name, r.randbytes(size))


def report(at, size):
    def edit(w, r):
        bytes_, before = r.randbytes(size), w.qe_edit
        w.qe_edit = lambda report: before(report[:at] + bytes_ + report[at + size:])
    return edit


def auth_data(w, r):
    w.auth_data = r.randbytes(r.choice((0, 1, 31, 32, 33, 300)))


def padding(w, r):
    w.tail = bytes(r.randrange(4000))


def platform_id(w, r):
    w.platform.ppid = r.randbytes(16)


def kind(w, r):
    """Another kind of platform, in certificate and document."""
    w.platform.fmspc, w.platform.pce_id = r.randbytes(6), r.randbytes(2)
    w.tcb_info.update(fmspc=w.platform.fmspc.hex().upper(), pceId=w.platform.pce_id.hex())


def others_revoked(w, r):
    serials = {r.randrange(1, 1 << 159) for _ in range(r.randrange(20))}
    w.root_crl = make_crl(w.pki.root, revoked=serials)


def dates(w, r):
    for document in (w.tcb_info, w.qe_identity):
        document.update(issueDate=iso(NOW - r.randrange(1, 300) * DAY), nextUpdate=iso(NOW + r.randrange(300) * DAY))


def members(w, r):
    for document in (w.tcb_info, w.qe_identity):
        document[f"x{r.randrange(9)}"] = r.choice((None, True, 1.5, [], {"a": "b"}, "\u00e9\n"))
        document["tcbEvaluationDataNumber"] = r.randrange(1 << 32)


HARMLESS = [field(f"rtmr{i}", 48) for i in range(4)] + [
    field("mrtd", 48), field("mr_seam", 48), field("mr_config_id", 48), field("mr_owner", 48),
    field("mr_owner_config", 48), field("report_data", 64), report(0, 16), report(64, 32),
    auth_data, padding, platform_id, kind, others_revoked, dates, members]


def flags(name):
    return lambda w, r: w.fields.__setitem__(name, r.randrange(1 << 64).to_bytes(8, "little"))


def svns(w, r):
    w.platform.sgx_svns = [r.randrange(256) for _ in range(16)]
    w.platform.pce_svn = r.randrange(1 << 16)


def leaf(name):
    """One value somewhere in a document, of any type."""
    def edit(w, r):
        at = getattr(w, name)
        while True:
            key = r.choice(sorted(at) if isinstance(at, dict) else range(len(at)))
            if not isinstance(at[key], (dict, list)) or not at[key] or r.random() < 0.1:
                break
            at = at[key]
        at[key] = r.choice((0, 1, 255, 256, -1, 1 << 40, "", "UpToDate", "Revoked", "00" * 16, None, [], {}, iso(NOW)))
    return edit


def signed_byte(w, r):
    """A byte of the signed part, after the signature was made; never the length behind it."""
    at, bit, before = r.randrange(48, 600), 1 << r.randrange(8), w.quote_edit
    w.quote_edit = lambda q: before(q[:at] + bytes([q[at] ^ bit]) + q[at + 1:])


RELATED = [svns, leaf("tcb_info"), leaf("qe_identity"), flags("td_attributes"), flags("xfam"),
           field("tee_tcb_svn", 16), report(256, 4), report(16, 4), report(48, 16), report(128, 32)]
HOSTILE = [signed_byte, field("seam_attributes", 8), field("mrsigner_seam", 48)]


def apply(world, random_, edits, count):
    for edit in random_.sample(edits, count):
        try:
            edit(world, random_)
        except (KeyError, TypeError, IndexError, ValueError):
            pass  # an earlier edit took away what this one looks for


def write(folder, authorities):
    """harmless/ and hostile/, one folder per case that could be made."""
    made = 0
    for name, expected, why, advisories, _, bend in FIRST_CASES:
        if expected == "ACCEPT":  # its status is found elsewhere
            continue
        world, random_ = World(authorities), random.Random(name)
        apply(world, random_, HARMLESS, 6)
        bend(world)
        world.write(folder / "harmless" / name, expected, why, advisories)
        made += 1
        if expected.startswith(("ACCEPT", "TD_ATTR_OPTIONAL")):
            continue
        related = [] if any(word in expected for word in RELATIONS) else RELATED
        world = World(authorities)
        apply(world, random_, HARMLESS + HOSTILE + related, 4)
        try:
            bend(world)
            world.write(folder / "hostile" / name, "*", why, advisories)
            made += 1
        except (KeyError, TypeError, IndexError, AttributeError, ValueError, OverflowError):
            continue  # nothing left that could be bent, or no such certificate can be written
    return made
