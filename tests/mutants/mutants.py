"""mutants.py [--fresh] [FILE..] - see ../mutants.sh."""
import collections
import hashlib
import os
import shutil
import subprocess
import sys
import time
from pathlib import Path

HERE = Path(__file__).resolve().parent
ROOT = HERE.parents[1]
sys.path.insert(0, str(HERE))
import rewrite  # noqa: E402

WORK = ROOT / "build/mutants"
SOURCE, BUILD, PLAIN = WORK / "src", WORK / "build", WORK / "plain"
RESULTS, EXPLAINED = WORK / "results.txt", HERE.parent / "mutants.txt"
# attestation/reference judges nothing: it computes what a quote should say.
LAYERS = ("attestation", "attestation/tdx", "attestation/policy")
SLOW = 4  # seconds: such a test is only asked for what the others do not notice, and without sanitizers
COPIED = ("CMakeLists.txt", "attestation", "base", "clients", "proto", "rest_gateway", "server", "tests", "tools")


def run(*command, **options):
    done = subprocess.run([str(word) for word in command], capture_output=True, text=True, check=False, **options)
    if done.returncode:
        sys.exit(f"{' '.join(map(str, command))}\n{done.stdout[-3000:]}{done.stderr[-3000:]}")
    return done.stdout


def put(path, data):
    """Written only when it differs, so that little is built anew."""
    path.parent.mkdir(parents=True, exist_ok=True)
    if not path.exists() or path.read_bytes() != data:
        path.write_bytes(data)


def files_of(top):
    for path in [top] if top.is_file() else sorted(top.rglob("*")):
        if path.is_file() and not {"__pycache__", "node_modules"} & set(path.parts):
            yield path


def make_sources():
    """The tree with every condition switchable; returns the mutants."""
    mutants, kept = [], set()
    for path in (path for name in COPIED for path in files_of(ROOT / name)):
        name = str(path.relative_to(ROOT))
        data = path.read_bytes()
        if path.suffix == ".c" and str(Path(name).parent) in LAYERS:
            text, found = rewrite.rewrite(name, data.decode(), len(mutants) + 1)
            mutants += found
            data = text.encode()
        put(SOURCE / name, data)
        kept.add(SOURCE / name)
    for path in set(files_of(SOURCE)) - kept:
        path.unlink()
    return mutants


def names_of_tests():
    return [f"test-{p.relative_to(ROOT / 'tests/unit')}".replace("/", "-").removesuffix("_test.c")
             for top in ("attestation", "memory") for p in (ROOT / "tests/unit" / top).rglob("*_test.c")
            if "reference" not in p.parts and "flips" not in p.name]


def build_tests(folder, sanitizers, names):
    run("cmake", "-S", SOURCE, "-B", folder, "-G", "Ninja", "-DCMAKE_BUILD_TYPE=Debug", "-DCMAKE_C_FLAGS=-O1 -w",
        f"-DRPL_SANITIZE={sanitizers}")
    run("cmake", "--build", folder, "--target", *names)
    run("/usr/bin/python3", SOURCE / "tests/vectors/generate/generate.py", folder / "tests/generated")
    return [folder / "tests" / name for name in names]


def run_test(program, number, limit, trace=None):
    """Passed or not; a hanging one has not."""
    environment = dict(os.environ, RPL_MUTANT=str(number), ASAN_OPTIONS="detect_leaks=0")
    if trace:
        environment["RPL_MUTANT_TRACE"] = str(trace)
    try:
        return subprocess.run([program], env=environment, capture_output=True, check=False, cwd=BUILD,
                              timeout=limit).returncode == 0
    except subprocess.TimeoutExpired:
        return False


def trace_tests(programs):
    """number -> tests that meet it, quickest first; test -> seconds"""
    seconds, meets = {}, collections.defaultdict(list)
    for program in programs:
        trace = WORK / "trace.txt"
        trace.unlink(missing_ok=True)
        began = time.monotonic()
        if not run_test(program, 0, 900, trace):
            sys.exit(f"{program.name} fails without any mutant")
        seconds[program] = time.monotonic() - began
        for number in set(map(int, trace.read_text().split() if trace.exists() else ())):
            meets[number].append(program)
    for tests in meets.values():
        tests.sort(key=seconds.get)
    return meets, seconds


def judge(mutant, tests, seconds, slow):
    """The name of the test that notices, or "survived", or "unmet"; only slow ones are asked, or only
    quick ones."""
    for program in tests:
        if (seconds[program] > SLOW) != slow:
            continue
        if slow:
            program = PLAIN / "tests" / program.name
        if not run_test(program, mutant.number, 10 + 5 * seconds[BUILD / "tests" / program.name]):
            return program.name
    return "survived" if tests else "unmet"


def earlier(state):
    """key -> verdict, of earlier runs."""
    if not RESULTS.exists():
        return {}
    lines = RESULTS.read_text().splitlines()
    verdicts = dict(line.split("\t", 1)[::-1] for line in lines[1:])
    if lines and lines[0] == state:
        return verdicts
    # What was noticed is taken to be noticed still; the others are asked again.
    return {key: verdict for key, verdict in verdicts.items() if verdict.startswith("test-")}


def digest_of_tree():
    h = hashlib.sha256()
    for top in ("attestation", "base", "tests/unit/attestation", "tests/unit/memory", "tests/support", "tests/mutants"):
        for path in sorted((ROOT / top).rglob("*.[chp]*")):
            if path.is_file() and "__pycache__" not in path.parts:
                h.update(path.read_bytes())
    return h.hexdigest()


def explained():
    """key -> reason; a line "key -- reason"."""
    out = {}
    for line in EXPLAINED.read_text().splitlines() if EXPLAINED.exists() else ():
        if line.strip() and not line.startswith("#"):
            key, _, reason = line.partition(" -- ")
            out[key] = reason
    return out


def report(mutants, verdicts):
    known = explained()
    survivors = [m for m in mutants if verdicts.get(m.key) in ("survived", "maybe", "unmet")]
    wrong = [f"{m.file}:{m.line}: {verdicts[m.key]}: {m.key}" for m in survivors if m.key not in known]
    alive = {m.key for m in survivors}
    judged = {m.key for m in mutants if m.key in verdicts}
    wrong += [f"mutants.txt: noticed, or gone: {key}" for key in known
              if key not in alive and (key in judged or len(judged) == len(mutants))]
    print("\n".join(wrong))
    print(f"{len(mutants)} mutants, {len(judged)} tried, {len(judged) - len(survivors)} noticed, "
          f"{len(survivors)} survived, {len(survivors) - len([m for m in survivors if m.key not in known])} explained")
    return not wrong


def main():
    arguments = [a for a in sys.argv[1:] if a != "--fresh"]
    os.nice(5)
    if "--fresh" in sys.argv:
        shutil.rmtree(WORK, ignore_errors=True)
    mutants = make_sources()
    meets, seconds = trace_tests(build_tests(BUILD, "address,undefined", names_of_tests()))
    build_tests(PLAIN, "", [program.name for program, took in seconds.items() if took > SLOW])
    state = digest_of_tree()
    verdicts = earlier(state)
    RESULTS.write_text("\n".join([state] + [f"{v}\t{k}" for k, v in verdicts.items()]) + "\n")
    wanted = [m for m in mutants if not arguments or m.file in arguments]
    with RESULTS.open("a") as results:
        for slow, mutant in [(False, m) for m in wanted] + [(True, m) for m in wanted if m.kind != "edge"]:
            before = verdicts.get(mutant.key)
            if before != ("maybe" if slow else None):
                continue
            verdict = judge(mutant, meets[mutant.number], seconds, slow)
            verdicts[mutant.key] = "maybe" if verdict == "survived" and not slow else verdict
            print(f"{verdicts[mutant.key]}\t{mutant.key}", file=results, flush=True)
    sys.exit(0 if report(mutants, verdicts) else 1)


if __name__ == "__main__":
    main()
