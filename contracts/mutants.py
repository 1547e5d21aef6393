#!/usr/bin/env python3
"""Breaks the contract in one place at a time; the tests have to notice each. Takes some minutes.

Works on a copy in a temporary folder. Prints a line per mutant; exit status 1 if one survives.
"""
import os
import pathlib
import shutil
import subprocess
import sys
import tempfile

HERE = pathlib.Path(__file__).resolve().parent

# (what breaks, the text, what stands there instead)
MUTANTS = [
    ("proposals need not wait", "if (notBefore < least) revert TooEarly(notBefore, least);", ""),
    ("the default start is now", "if (notBefore == 0) notBefore = least;", "if (notBefore == 0) notBefore = _now();"),
    ("a second less to wait", "uint64 least = _now() + minDelay;", "uint64 least = _now() + minDelay - 1;"),
    ("no floor", "if (minDelay_ < DELAY_FLOOR || minDelay_", "if (minDelay_"),
    ("floor of 47 hours", "DELAY_FLOOR = 48 hours", "DELAY_FLOOR = 47 hours"),
    ("no ceiling", " || minDelay_ > DELAY_CEILING", ""),
    ("active one second early", "return block.timestamp >= e.notBefore ?", "return block.timestamp + 1 >= e.notBefore ?"),
    ("active one second late", "return block.timestamp >= e.notBefore ?", "return block.timestamp > e.notBefore ?"),
    ("closed one second late", "if (block.timestamp >= e.notAfter) return", "if (block.timestamp > e.notAfter) return"),
    ("empty windows", "if (notAfter <= notBefore) revert", "if (notAfter < notBefore) revert"),
    ("live entries are proposed again", "} else if (_status(e) != Status.Closed) {", "} else if (false) {"),
    ("only active ones are not proposed again", "} else if (_status(e) != Status.Closed) {",
     "} else if (_status(e) == Status.Active) {"),
    ("anyone proposes", "external\n        onlyOwner\n    {\n        _propose", "external\n    {\n        _propose"),
    ("anyone proposes a release", "bytes calldata measurements) external onlyOwner", "bytes calldata measurements) external"),
    ("anyone proposes a compose file", "proposeCompose(bytes calldata appCompose) external onlyOwner",
     "proposeCompose(bytes calldata appCompose) external"),
    ("revoke does nothing", "e.notAfter = _now();\n        emit Revoked", "emit Revoked"),
    ("revoke acts a second late", "e.notAfter = _now();\n        emit Revoked",
     "e.notAfter = _now() + 1;\n        emit Revoked"),
    ("anyone revokes", "reason) external onlyOwnerOrGuardian {\n        Entry", "reason) external {\n        Entry"),
    ("only the owner revokes", "msg.sender != owner() && !isGuardian(msg.sender)", "msg.sender != owner()"),
    ("the owner does not revoke", "msg.sender != owner() && !isGuardian(msg.sender)", "!isGuardian(msg.sender)"),
    ("what is closed is revoked again", "if (status != Status.Pending && status != Status.Active) revert NotLive",
     "if (status == Status.None) revert NotLive"),
    ("a guardian is revoked at once", "(was == Status.Active || msg.sender != owner())", "(msg.sender != owner())"),
    ("guardians cancel guardians", "(was == Status.Active || msg.sender != owner())", "(was == Status.Active)"),
    ("a guardian goes without notice", "if (kind == KIND_GUARDIAN && notAfter < _now() + minDelay) {", "if (false) {"),
    ("a second less of notice", "&& notAfter < _now() + minDelay)", "&& notAfter + 1 < _now() + minDelay)"),
    ("any value is a guardian", "if (kind == KIND_GUARDIAN && (value == 0 || uint256(value) > type(uint160).max))",
     "if (false)"),
    ("sunset extends", "if (notAfter >= e.notAfter) revert OnlyShortens", "if (false) revert OnlyShortens"),
    ("sunset in the past", "if (notAfter <= _now()) revert TooEarly(notAfter, _now() + 1);", ""),
    ("anyone sunsets", "uint64 notAfter) external onlyOwner {\n        Entry", "uint64 notAfter) external {\n        Entry"),
    ("a changed identity acts at once", "next.from += uint48(minDelay);", ""),
    ("the first identity waits", "if (_pin.digest == 0) {", "if (false) {"),
    ("identities are replaced at once", "if (_pin.digest == 0) {", "if (true) {"),
    ("an identity one second early", "_nextPin.from <= block.timestamp ? _nextPin", "_nextPin.from <= block.timestamp + 1 ? _nextPin"),
    ("an identity one second late", "_nextPin.from <= block.timestamp ? _nextPin", "_nextPin.from < block.timestamp ? _nextPin"),
    ("an identity in force is forgotten", "        _pin = _nextPin;\n        delete", "        delete"),
    ("a change settles early", "if (_nextPin.digest == 0 || _nextPin.from > block.timestamp) return;",
     "if (_nextPin.digest == 0) return;"),
    ("a change settles never", "if (_nextPin.digest == 0 || _nextPin.from > block.timestamp) return;", "return;"),
    ("two changes at once", "if (_nextPin.digest != 0) revert IdentityPending(_nextPin.digest);", ""),
    ("anyone sets the identity", "bytes calldata info) external onlyOwner {\n        _expectLength(identityPublic",
     "bytes calldata info) external {\n        _expectLength(identityPublic"),
    ("anyone cancels an identity", "cancelIdentity(string calldata reason) external onlyOwnerOrGuardian",
     "cancelIdentity(string calldata reason) external"),
    ("cancelling an identity does nothing", "delete _nextPin;\n        emit IdentityCancelled", "emit IdentityCancelled"),
    ("minEpoch falls", "if (to <= present || to - present > EPOCH_STEP)", "if (to - present > EPOCH_STEP)"),
    ("minEpoch jumps", "if (to <= present || to - present > EPOCH_STEP)", "if (to <= present)"),
    ("anyone raises minEpoch", "raiseMinEpoch(uint64 to) external onlyOwner", "raiseMinEpoch(uint64 to) external"),
    ("an owner comes at once", "_now() < _ownerFrom) revert", "false) revert"),
    ("an owner one second early", "_now() < _ownerFrom) revert", "_now() + 1 < _ownerFrom) revert"),
    ("a cancelled transfer still works", "_ownerFrom == 0 ? address(0) : super.pendingOwner()", "super.pendingOwner()"),
    ("cancelTransfer does nothing", "_ownerFrom = 0;\n        emit OwnershipTransferCancelled",
     "emit OwnershipTransferCancelled"),
    ("anyone cancels a transfer", "cancelTransfer() external onlyOwnerOrGuardian", "cancelTransfer() external"),
    ("the time of a transfer stays behind", "super.acceptOwnership();\n        _ownerFrom = 0;", "super.acceptOwnership();"),
    ("renounce works", "view override onlyOwner {\n        revert RenounceDisabled();", "override onlyOwner {\n        _transferOwnership(address(0));"),
    ("anyone sees renounce", "renounceOwnership() public view override onlyOwner", "renounceOwnership() public view override"),
    ("the TCB is not looked at", "if (!_approvedOrAny(KIND_TCB,", "if (false && !_approvedOrAny(KIND_TCB,"),
    ("the device is not looked at", "if (!_approvedOrAny(KIND_DEVICE, b.deviceId))", "if (false)"),
    ("the compose hash is not looked at", "if (!isApproved(KIND_COMPOSE, b.composeHash))", "if (false)"),
    ("any compose file", "if (!isApproved(KIND_COMPOSE, b.composeHash))", "if (!_approvedOrAny(KIND_COMPOSE, b.composeHash))"),
    ("the OS image is not looked at", "if (!isApproved(KIND_OS_IMAGE, b.osImageHash))", "if (false)"),
    ("the first advisory alone", "for (uint256 i = 0; i < b.advisoryIds.length; ++i)", "for (uint256 i = 0; i < 1 && i < b.advisoryIds.length; ++i)"),
    ("advisories are not looked at", "i < b.advisoryIds.length", "i < 0"),
    ("ANY means nothing", "isApproved(kind, value) || isApproved(kind, ANY)", "isApproved(kind, value)"),
    ("a length is not looked at", "_expectLength(rtmr3.length, 48);", ""),
    ("measurements of any length", "_expectLength(measurements.length, 192);", ""),
    ("list forgets its bound", "if (limit > n - offset) limit = n - offset;", ""),
    ("slots move", "    Key[] private _keys;", "    uint256 private _new;\n    Key[] private _keys;"),
    ("the wrong parity", "if (y % 2 != uint8(prefix) % 2) y = P - y;", ""),
    ("points off the curve", "if (mulmod(y, y, P) != square) revert NotOnCurve();", ""),
    ("any prefix", "(prefix != 0x02 && prefix != 0x03) || ", ""),
    ("x beyond the field", " || x >= P) revert", ") revert"),
]


def killed(folder):
    """Whether the tests fail; None when the mutant does not even compile."""
    def fails(*arguments):
        command = [folder / "node_modules/.bin/forge", *arguments, "--quiet"]
        return subprocess.run(command, cwd=folder, capture_output=True, check=False).returncode != 0

    if fails("build"):
        return None
    return (fails("test", "--fail-fast", "--no-match-contract", "InvariantTest")
            or fails("test", "--fail-fast", "--match-contract", "InvariantTest"))


def main():
    bad = 0
    with tempfile.TemporaryDirectory() as temporary:
        folder = pathlib.Path(temporary) / "c"
        shutil.copytree(HERE, folder, ignore=shutil.ignore_patterns("node_modules", "out", "cache",
                                                                      "Safe.t.sol"))
        os.symlink(HERE / "node_modules", folder / "node_modules")
        if killed(folder):
            sys.exit("the tests fail before anything is broken")
        for name, old, new in MUTANTS:
            files = [f for f in (folder / "src").iterdir() if f.read_text().count(old) == 1]
            if len(files) != 1:
                print(f"not there once: {name}", flush=True)
                bad += 1
                continue
            text = files[0].read_text()
            files[0].write_text(text.replace(old, new))
            result = killed(folder)
            files[0].write_text(text)
            print({True: "killed  ", False: "SURVIVED", None: "no code "}[result], name, flush=True)
            bad += result is not True
    print(f"{len(MUTANTS) - bad} of {len(MUTANTS)} killed")
    sys.exit(bad != 0)


if __name__ == "__main__":
    main()
