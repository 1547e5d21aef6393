"""TCB levels: what Intel would publish about the simulated platform, and which SVNs a platform must
have to get a given status. Both sides look at the same ladder, so that machines of every status
live with one TCB info.
"""
import json

FMSPC = b"SIM\0\0\0"
PCE_ID = bytes(2)
PCE_SVN = 11
EVALUATION_NUMBER = 18
TEE_TCB_SVN = bytes([6, 1, 3]) + bytes(13)  # module SVN 6 of TDX 1.5, microcode 3
OLD_MODULE_SVN = bytes([4, 1, 3]) + bytes(13)

# Highest first. The first SGX component tells them apart; the others are the same everywhere.
LADDER = (
    (20, "UpToDate", ()),
    (18, "SWHardeningNeeded", ("INTEL-SA-00615",)),
    (16, "ConfigurationNeeded", ("INTEL-SA-00614",)),
    (14, "ConfigurationAndSWHardeningNeeded", ("INTEL-SA-00614", "INTEL-SA-00615")),
    (12, "OutOfDate", ("INTEL-SA-01036",)),
    (10, "OutOfDateConfigurationNeeded", ("INTEL-SA-01036", "INTEL-SA-00614")),
    (8, "Revoked", ("INTEL-SA-01079",)),
)
OTHER_COMPONENTS = (3, 2, 2, 4, 1, 0, 5) + 8 * (0,)
# Beside the ladder's: below every level, and what only a TD report 1.5 can show.
STATUSES = tuple(name for _, name, _ in LADDER) + ("NotSupported", "TDRelaunchAdvised")


def platform_svns(status):
    """The 16 SGX component SVNs of a platform of that status."""
    first = {name: svn for svn, name, _ in LADDER}
    first.update(NotSupported=1, TDRelaunchAdvised=LADDER[0][0])
    return (first[status],) + OTHER_COMPONENTS


def module_svns(status):
    """tee_tcb_svn (when the TD was launched) and tee_tcb_svn2 (now)."""
    launched = OLD_MODULE_SVN if status == "TDRelaunchAdvised" else TEE_TCB_SVN
    return launched, TEE_TCB_SVN


def _level(tcb, status, advisories):
    level = {"tcb": tcb, "tcbDate": "2025-05-14T00:00:00Z" if status == "UpToDate"
             else "2024-03-13T00:00:00Z", "tcbStatus": status}
    if advisories:
        level["advisoryIDs"] = list(advisories)
    return level


def _module(module_id):
    return {"id": module_id, "mrsigner": "00" * 48, "attributes": "00" * 8,
            "attributesMask": "FF" * 8,
            "tcbLevels": [_level({"isvsvn": 6}, "UpToDate", ()),
                          _level({"isvsvn": 4}, "OutOfDate", ("INTEL-SA-01036",)),
                          _level({"isvsvn": 2}, "Revoked", ("INTEL-SA-01079",))]}


def _components(svns):
    return [{"svn": svn} for svn in svns]


def _compact(document):
    return json.dumps(document, separators=(",", ":")).encode()


def tcb_info(issued, until):
    """The raw bytes that get signed; `issued` and `until` as YYYY-MM-DDThh:mm:ssZ."""
    levels = [_level({"sgxtcbcomponents": _components((first,) + OTHER_COMPONENTS),
                      "pcesvn": PCE_SVN,
                      "tdxtcbcomponents": _components((5, 0, 2) + 13 * (0,))}, status, advisories)
              for first, status, advisories in LADDER]
    return _compact({
        "id": "TDX", "version": 3, "issueDate": issued, "nextUpdate": until,
        "fmspc": FMSPC.hex().upper(), "pceId": PCE_ID.hex().upper(), "tcbType": 0,
        "tcbEvaluationDataNumber": EVALUATION_NUMBER,
        "tdxModule": {"mrsigner": "00" * 48, "attributes": "00" * 8, "attributesMask": "FF" * 8},
        "tdxModuleIdentities": [_module("TDX_03"), _module("TDX_01")],
        "tcbLevels": levels})


def early_tcb_info(standard, status):
    """The same document as Intel publishes it first: what is UpToDate is of `status` from now on, and
    a higher level is wanted."""
    document = json.loads(standard)
    document["tcbEvaluationDataNumber"] += 1
    highest = json.loads(json.dumps(document["tcbLevels"][0]))
    highest["tcb"]["sgxtcbcomponents"][0]["svn"] += 1
    document["tcbLevels"][0]["tcbStatus"] = status
    document["tcbLevels"].insert(0, highest)
    return _compact(document)


def qe_identity(issued, until, mrsigner):
    return _compact({
        "id": "TD_QE", "version": 2, "issueDate": issued, "nextUpdate": until,
        "tcbEvaluationDataNumber": EVALUATION_NUMBER,
        "miscselect": "00000000", "miscselectMask": "FFFFFFFF",
        "attributes": "11" + "00" * 15, "attributesMask": "FBFFFFFFFFFFFFFF" + "00" * 8,
        "mrsigner": mrsigner.hex().upper(), "isvprodid": 2,
        "tcbLevels": [_level({"isvsvn": 4}, "UpToDate", ())]})


def evaluation_numbers(issued, until):
    return _compact({
        "id": "TDX", "version": 1, "issueDate": issued, "nextUpdate": until,
        "tcbEvalNumbers": [{"tcbEvaluationDataNumber": EVALUATION_NUMBER,
                            "tcbRecoveryEventDate": "2025-05-13T00:00:00Z",
                            "tcbDate": "2025-05-14T00:00:00Z"}]})
