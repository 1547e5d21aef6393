#!/usr/bin/python3
"""banned.py [--update] - names that need an argument before they are used.

Every use in the product's C is counted per file against allow/<rule>.txt. More uses than allowed
fail; so do fewer, that the list stays true. --update rewrites the lists: the difference is then for
the reviewer to see. Comments and strings do not count.
"""
import re
import sys
from collections import Counter
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
ALLOW = ROOT / "tests/lint/allow"
PRODUCT = ["base", "attestation", "server", "rest_gateway", "clients"]


def call(*names):
    """The function, not a member of that name (ports->time(..))."""
    return re.compile(r"(?<![\w.>])(?:" + "|".join(names) + r")\s*\(")


# rule: (what counts, what to do instead)
RULES = {
    "memcmp": (call("memcmp", "bcmp"), "rpl_bytes_equal for public bytes, rpl_secret_equal for secrets"),
    "memcpy": (call("memcpy", "memmove", "mempcpy"), "rpl_read_copy, rpl_writer, or assign a struct"),
    "malloc": (call("malloc", "calloc", "realloc", "reallocarray", "strdup", "strndup", "asprintf", "alloca"),
               "a caller's buffer, rpl_writer with a ceiling, rpl_secret"),
    "strings": (call("strcpy", "strncpy", "strcat", "strncat", "sprintf", "vsprintf", "stpcpy", "gets", "strtok"),
                "snprintf into a sized buffer, rpl_writer"),
    "numbers": (call("atoi", "atol", "atoll", "atof", "strtol", "strtoll", "strtoul", "strtoull", "sscanf"),
                "a checked reader of digits"),
    "time": (call("time", "clock_gettime", "gettimeofday", "sleep", "usleep", "nanosleep"),
             "take `now` as an argument; one place per clock"),
    "environment": (call("getenv", "secure_getenv", "setenv", "system", "popen"), "server/config.c alone reads it"),
    "goto": (re.compile(r"\bgoto\b"), "RPL_AUTO and return"),
    "secret_doors": (call("rpl_secret_expose", "rpl_secret_fill"),
                     "the two doors to a secret's bytes; pass the rpl_secret on instead"),
    "lint_off": (re.compile(r"NOLINT|cppcheck-suppress|clang-format off"), "mend what the tool says"),
}
CONDITION = re.compile(r"\b(?:if|while|switch)\s*\(")
ASSIGNMENT = re.compile(r"(?<![=!<>+\-*/%&|^])=(?!=)|[+\-*/%&|^]=|<<=|>>=")
COMMENT_OR_STRING = re.compile(r'/\*.*?\*/|//[^\n]*|"(?:\\.|[^"\\\n])*"|\'(?:\\.|[^\'\\\n])*\'', re.DOTALL)


def bare(text):
    """`text` without comments and the contents of strings; line numbers stay."""
    return COMMENT_OR_STRING.sub(lambda m: "\n" * m[0].count("\n") or '""', text)


def condition_end(code, at):
    depth = 1
    while depth and at < len(code):
        depth += {"(": 1, ")": -1}.get(code[at], 0)
        at += 1
    return at


def assignments_in_conditions(code):
    for m in CONDITION.finditer(code):
        inside = code[m.end():condition_end(code, m.end()) - 1]
        if ASSIGNMENT.search(re.sub(r"\(\{.*?\}\)", "", inside, flags=re.DOTALL)):
            yield code.count("\n", 0, m.start()) + 1


def read_allowed(rule):
    path = ALLOW / f"{rule}.txt"
    lines = path.read_text().splitlines() if path.exists() else []
    rows = (line.split(None, 1) for line in lines if line and not line.startswith("#"))
    return Counter({name: int(count) for count, name in rows})


def write_allowed(rule, uses):
    head = f"# {rule}: uses per file. Instead: {RULES[rule][1]}\n"
    rows = "".join(f"{count} {name}\n" for name, count in sorted(uses.items()) if count)
    ALLOW.mkdir(exist_ok=True)
    (ALLOW / f"{rule}.txt").write_text(head + rows)


def main():
    update = sys.argv[1:] == ["--update"]
    if sys.argv[1:] and not update:
        sys.exit(__doc__)
    uses = {rule: Counter() for rule in RULES}
    bad = []
    files = sorted(p for folder in PRODUCT for p in (ROOT / folder).rglob("*.[ch]"))
    for path in files:
        name, text = str(path.relative_to(ROOT)), path.read_text()
        code = bare(text)
        for rule, (pattern, _) in RULES.items():
            uses[rule][name] = len(pattern.findall(text if rule == "lint_off" else code))
        bad += [f"{name}:{line}: assignment in a condition" for line in assignments_in_conditions(code)]
    for rule, (_, instead) in RULES.items():
        if update:
            write_allowed(rule, uses[rule])
            continue
        allowed = read_allowed(rule)
        for name in sorted(uses[rule] | allowed):
            if uses[rule][name] != allowed[name]:
                bad.append(f"{name}: {rule}: {uses[rule][name]} uses, {allowed[name]} allowed. Instead: {instead}")
    if bad:
        print(*bad, "An argued change of the counts: tests/lint/banned.py --update", sep="\n")
    sys.exit(bool(bad))


if __name__ == "__main__":
    main()
