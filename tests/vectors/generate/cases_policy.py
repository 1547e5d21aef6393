"""What the verifier's policy decides about genuine quotes: each rule with a value that admits and one
that refuses the same quote."""
import copy
import hashlib

from tools.tappd_sim import tcb

from .cases import add
from .world import Platform

PPID = Platform().ppid.hex()
DEVICE = hashlib.sha256(Platform().ppid).hexdigest()
FMSPC = tcb.FMSPC.hex()
OTHER = "b0c06f000000"
SERVICE = bytes(47) + b"\1"


def plain(w):
    del w


def of_status(status):
    return lambda w: setattr(w.platform, "sgx_svns", tcb.platform_svns(status))


def with_attribute(bit):
    def bend(w):
        w.fields["td_attributes"] = (1 << 28 | 1 << bit).to_bytes(8, "little")
    return bend


def with_xfam(mask):
    return lambda w: w.fields.update(xfam=mask.to_bytes(8, "little"))


def with_service(w):
    w.body_type = 3
    w.fields["mr_servicetd"] = SERVICE


def numbers(tcb_info, qe_identity):
    def bend(w):
        w.tcb_info["tcbEvaluationDataNumber"] = tcb_info
        w.qe_identity["tcbEvaluationDataNumber"] = qe_identity
    return bend


def worse_now(w):
    w.body_type = 3
    w.fields["tee_tcb_svn2"] = tcb.OLD_MODULE_SVN


SWH, OLD = of_status("SWHardeningNeeded"), of_status("OutOfDate")
SWH_ADVISORIES, OLD_ADVISORIES = ["INTEL-SA-00615"], ["INTEL-SA-01036"]
UP = "ACCEPT UpToDate"
# 2024-03-13, the tcbDate of the level, to 2026-06-01, the time of all cases
DAYS = 810

# name, expected, bend, rule, value, advisories
ROWS = (
    ("accept_default", "TCB_STATUS", SWH, "tcb-accept", "UpToDate", None),
    ("accept_listed", "ACCEPT SWHardeningNeeded", SWH, "tcb-accept", "UpToDate,SWHardeningNeeded",
     SWH_ADVISORIES),
    ("accept_other", "TCB_STATUS", OLD, "tcb-accept", "UpToDate,SWHardeningNeeded", None),
    ("accept_not_up_to_date", "TCB_STATUS", plain, "tcb-accept", "OutOfDate", None),
    ("advisories_any", "ACCEPT SWHardeningNeeded", SWH, "tcb-advisories", "any", SWH_ADVISORIES),
    ("advisories_listed", "ACCEPT SWHardeningNeeded", SWH, "tcb-advisories",
     "INTEL-SA-00614,INTEL-SA-00615", SWH_ADVISORIES),
    ("advisories_other", "TCB_ADVISORY", SWH, "tcb-advisories", "INTEL-SA-00614", None),
    ("advisories_none", "TCB_ADVISORY", SWH, "tcb-advisories", "none", None),
    ("advisories_none_needed", UP, plain, "tcb-advisories", "none", None),
    ("evaluation_equal", UP, plain, "tcb-min-evaluation", "18", None),
    ("evaluation_low", "TCB_EVAL_NUMBER", plain, "tcb-min-evaluation", "19", None),
    ("evaluation_qe_low", "TCB_EVAL_NUMBER", numbers(19, 18), "tcb-min-evaluation", "19", None),
    ("evaluation_differs", UP, numbers(18, 17), "tcb-same-evaluation", "no", None),
    ("evaluation_same", UP, plain, "tcb-same-evaluation", "yes", None),
    ("evaluation_not_same", "TCB_EVAL_NUMBER", numbers(18, 17), "tcb-same-evaluation", "yes", None),
    ("current_ignored", UP, worse_now, "tcb-current", "ignored", None),
    ("platforms_allow_fmspc", UP, plain, "platforms-allow", f"{OTHER},{FMSPC}", None),
    ("platforms_allow_other", "PLATFORM", plain, "platforms-allow", OTHER, None),
    ("platforms_allow_ppid", UP, plain, "platforms-allow", PPID, None),
    ("platforms_allow_device", UP, plain, "platforms-allow", DEVICE, None),
    ("platforms_allow_other_ppid", "PLATFORM", plain, "platforms-allow", "00" * 16, None),
    ("platforms_allow_both", UP, plain, "platforms-allow", f"{FMSPC},{PPID}", None),
    ("platforms_allow_half", "PLATFORM", plain, "platforms-allow", f"{OTHER},{PPID}", None),
    ("platforms_deny_fmspc", "PLATFORM", plain, "platforms-deny", FMSPC, None),
    ("platforms_deny_ppid", "PLATFORM", plain, "platforms-deny", f"{OTHER},{PPID}", None),
    ("platforms_deny_device", "PLATFORM", plain, "platforms-deny", DEVICE, None),
    ("platforms_deny_other", UP, plain, "platforms-deny", f"{OTHER},{'00' * 16}", None),
    ("xfam_narrow", "TD_XFAM", with_xfam(0x602e7), "xfam", "0x600e7", None),
    ("xfam_wide", UP, with_xfam(0xe02e7), "xfam", "0xedbe7", None),
    ("xfam_apx", "TD_XFAM", with_xfam(0xe02e7), "xfam", "0x6dbe7", None),
    ("xfam_equal", UP, with_xfam(0x602e7), "xfam", "0x602e7", None),
    ("service_listed", UP, with_service, "service-tds", f"{'00' * 47}02,{SERVICE.hex()}", None),
    ("service_other", "TD_SERVICETD", with_service, "service-tds", f"{'00' * 47}02", None),
    ("service_none_there", UP, plain, "service-tds", SERVICE.hex(), None),
)
for _name, _expected, _bend, _rule, _value, _advisories in ROWS:
    add(f"policy_{_name}", _expected, f"{_rule} is {_value}", _bend, _advisories, {_rule: _value})

add("policy_current_counts", "ACCEPT OutOfDate", "what the TD runs on now counts", worse_now,
    OLD_ADVISORIES, {"tcb-current": "counts"})
add("policy_current_refused", "TCB_STATUS", "what the TD runs on now counts, and is not accepted",
    worse_now, None, {"tcb-current": "counts", "tcb-accept": "UpToDate"})
for _name, _days, _expected in (("in_time", DAYS + 1, "ACCEPT OutOfDate"), ("over", DAYS, "TCB_STATUS"),
                                ("off", 0, "TCB_STATUS")):
    add(f"policy_grace_{_name}", _expected, f"{_days} days of grace", OLD, OLD_ADVISORIES,
        {"tcb-accept": "UpToDate", "tcb-grace-days": str(_days)})


def old_qe(w):
    """The quoting enclave is at a level that went out of date when the platform's did."""
    level = w.qe_identity["tcbLevels"][0]
    w.qe_fields["isv_svn"] = (level["tcb"]["isvsvn"]).to_bytes(2, "little")
    level.update(tcbStatus="OutOfDate", tcbDate="2024-03-13T00:00:00Z")


def old_module(w):
    level = w.tcb_info["tdxModuleIdentities"][1]["tcbLevels"][0]
    level.update(tcbStatus="OutOfDate", tcbDate="2024-03-13T00:00:00Z")


def both(*bends):
    def bend(w):
        for one in bends:
            one(w)
    return bend


def now_on(status):
    """A TD that was launched on something outdated and runs on a platform of `status`."""
    def bend(w):
        w.body_type = 3
        w.fields["tee_tcb_svn"] = tcb.OLD_MODULE_SVN
        w.platform.sgx_svns = tcb.platform_svns(status)
    return bend


def hardening_now(w):
    """Launched on a level that is out of date, and on another now that needs hardening."""
    new = w.tcb_info["tcbLevels"][0]
    old = copy.deepcopy(new)
    old.update(tcbStatus="OutOfDate", tcbDate="2024-03-13T00:00:00Z")
    new["tcbStatus"] = "SWHardeningNeeded"
    new["tcb"]["tdxtcbcomponents"][2]["svn"] = 3
    w.tcb_info["tcbLevels"].insert(1, old)
    w.body_type = 3
    w.fields["tee_tcb_svn"] = bytes([6, 1, 2]) + bytes(13)


STRICT = {"tcb-accept": "UpToDate", "tcb-grace-days": str(DAYS + 1)}
HARDENED = {**STRICT, "tcb-accept": "UpToDate,SWHardeningNeeded"}
# an old module or QE makes all together OutOfDate, and must not hide what the platform lacks
for _what, _age in (("qe", old_qe), ("module", old_module)):
    add(f"policy_grace_{_what}", "ACCEPT OutOfDate", f"grace for an old {_what}", _age, None, STRICT)
    add(f"policy_grace_{_what}_over", "TCB_STATUS", f"an old {_what}, and no grace left", _age, None,
        {**STRICT, "tcb-grace-days": str(DAYS)})
    add(f"policy_grace_{_what}_platform", "ACCEPT OutOfDate", f"an old platform with an old {_what}",
        both(OLD, _age), OLD_ADVISORIES, STRICT)
    add(f"policy_grace_{_what}_hides", "TCB_STATUS", f"SWHardeningNeeded behind an old {_what}",
        both(SWH, _age), None, STRICT)
    add(f"policy_grace_{_what}_listed", "ACCEPT OutOfDate",
        f"SWHardeningNeeded is accepted, and the old {_what} has grace", both(SWH, _age),
        SWH_ADVISORIES, HARDENED)
add("policy_grace_relaunch", "TCB_STATUS", "TDRelaunchAdvised is another status", now_on("UpToDate"),
    None, STRICT)
add("policy_grace_now_hides", "TCB_STATUS", "what the TD runs on now lacks something else",
    both(hardening_now, old_qe), None, STRICT)
add("policy_grace_now_listed", "ACCEPT OutOfDate", "what the TD runs on now is accepted as it is",
    both(hardening_now, old_qe), None, HARDENED)
add("policy_grace_other_status", "TCB_STATUS", "grace is for OutOfDate alone", SWH, None,
    {"tcb-accept": "UpToDate", "tcb-grace-days": "3650"})
add("policy_grace_with_advisories", "TCB_ADVISORY", "grace does not lift another rule", OLD, None,
    {"tcb-accept": "UpToDate", "tcb-grace-days": "3650", "tcb-advisories": "none"})

BITS = {"ICSSD": 16, "LASS": 27, "PKS": 30, "KL": 31, "TPA": 62, "PERFMON": 63}
for _attribute, _bit in BITS.items():
    _others = ",".join(a for a in BITS if a != _attribute)
    add(f"policy_attribute_{_attribute.lower()}", UP, f"{_attribute} is allowed",
        with_attribute(_bit), None, {"td-attributes": _attribute})
    add(f"policy_attribute_not_{_attribute.lower()}", "TD_ATTR_OPTIONAL", f"all but {_attribute}",
        with_attribute(_bit), None, {"td-attributes": _others})
