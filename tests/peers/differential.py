#!/usr/bin/python3
"""differential.py OURS GENERATED MODULES [--list] - every case of tests/vectors and of GENERATED is judged
by this verifier and by two others (package.json, installed in MODULES), and whatever they disagree in
has to stand in differences.txt with the reason; an entry that no longer differs fails as well. OURS is
the program made of ours.c. --list prints the differences found, in the form of the file.
"""
import json
import subprocess
import sys
from collections import defaultdict
from pathlib import Path

HERE = Path(__file__).resolve().parent
VECTORS = HERE.parent / "vectors/dcap"
PEERS = ("js", "web")
CASES_AT_LEAST = 380


def cases(generated):
    """name -> (folder, root)"""
    found = {}
    for name, top, root in (("real", VECTORS / "real", None), ("derived", VECTORS / "derived", None),
                            ("synthetic", VECTORS / "synthetic", VECTORS / "synthetic/root_ca.der"),
                            ("generated", generated, generated / "root_ca.der")):
        for meta in sorted(top.glob("*/meta.json" if name == "generated" else "**/meta.json")):
            if "policy" in json.loads(meta.read_text()):
                continue  # what our policy decides, others leave to their caller
            found[f"{name}/{meta.parent.relative_to(top)}"] = (meta.parent, root or "-")
    return found


def lines_of(command, text):
    done = subprocess.run(command, input=text, capture_output=True, text=True, check=False)
    if done.returncode:
        sys.exit(f"{command[0]} failed: {done.stderr}")
    return done.stdout.splitlines()


def our_answers(program, text):
    """folder -> (status or "refuses", advisories)"""
    out = {}
    for line in lines_of([program], text):
        folder, status, rest = line.split("\t")
        refused = status == "refused"
        out[folder] = ("refuses", ()) if refused else (status, tuple(sorted(filter(None, rest.split(",")))))
    return out


def peer_answers(modules, text):
    """folder -> peer -> the same"""
    out = {}
    for line in lines_of(["node", str(HERE / "verify.mjs"), modules], text):
        answer = json.loads(line)
        out[answer["folder"]] = {
            peer: ("refuses", ()) if "refused" in answer[peer]
            else (answer[peer]["status"], tuple(sorted(answer[peer]["advisories"]))) for peer in PEERS}
    return out


def difference(ours, theirs):
    """How the peer's answer is called where it differs, else None."""
    if ours == theirs:
        return None
    said = lambda answer: "refuses" if answer[0] == "refuses" else f"says {answer[0]}"  # noqa: E731
    if ours[0] == theirs[0]:
        return "other advisories"
    return f"{said(theirs)}, we: {'refused' if ours[0] == 'refuses' else ours[0]}"


def differences(program, generated, modules):
    """(peer, case) -> how; and the number of cases"""
    known = cases(generated)
    text = "".join(f"{folder}\t{root}\n" for folder, root in known.values())
    ours, theirs = our_answers(program, text), peer_answers(modules, text)
    found = {}
    for name, (folder, _) in known.items():
        for peer in PEERS:
            how = difference(ours[str(folder)], theirs[str(folder)][peer])
            if how:
                found[peer, name] = how
    return found, len(known)


def listed():
    """(peer, case) -> how, of differences.txt: "peer how:" and below it, indented, cases."""
    out, peer, how, reasoned = {}, None, None, False
    for number, line in enumerate((HERE / "differences.txt").read_text().splitlines(), 1):
        where = f"differences.txt:{number}"
        if not line.strip():
            continue
        if line.startswith("#"):
            peer, how, reasoned = None, None, True
        elif not line.startswith(" "):
            peer, _, how = line.rstrip(":").partition(" ")
            if peer not in PEERS or not reasoned or not line.endswith(":"):
                sys.exit(f"{where}: expected 'js|web how:' below a reason (#)")
        else:
            for case in line.split():
                if not how or (peer, case) in out:
                    sys.exit(f"{where}: {case} stands twice, or outside of a list")
                out[peer, case] = how
    return out


def grouped(found):
    groups = defaultdict(list)
    for (peer, case), how in sorted(found.items()):
        groups[f"{peer} {how}:"].append(case)
    return "\n".join(f"{head}\n" + "\n".join(f"  {case}" for case in names) for head, names in groups.items())


def compare(found, known):
    wrong = [f"not listed: {peer} {how}: {case}" for (peer, case), how in found.items()
             if (peer, case) not in known]
    wrong += [f"differs no longer: {peer} {how}: {case}" for (peer, case), how in known.items()
              if (peer, case) not in found]
    wrong += [f"differs in another way: {peer} {case}: {found[key]}, listed: {how}"
              for key, how in known.items() for peer, case in [key] if found.get(key, how) != how]
    return wrong


def main():
    arguments = [a for a in sys.argv[1:] if a != "--list"]
    if len(arguments) != 3:
        sys.exit(__doc__)
    program, generated, modules = arguments
    if not (Path(modules) / "node_modules").is_dir():
        print("the packages are not installed: ./run deps peers")
        sys.exit(77)
    found, count = differences(program, Path(generated), modules)
    if "--list" in sys.argv:
        print(grouped(found))
        return
    wrong = compare(found, listed())
    print("\n".join(wrong), f"\n{count} cases, {len(found)} known differences, {len(wrong)} wrong")
    sys.exit(bool(wrong) or count < CASES_AT_LEAST)


if __name__ == "__main__":
    main()
