"""The man pages render without a complaint and name everything that the programs offer."""
import glob
import os
import re
import shutil
import subprocess

import pytest

from node import CTL, SERVER
from simulator import REPOSITORY

PAGES = sorted(glob.glob(os.path.join(REPOSITORY, "docs", "man", "*.1")))


def page(name):
    """The source with mdoc's macros and escapes out of the way of words."""
    with open(os.path.join(REPOSITORY, "docs", "man", f"{name}.1"), encoding="ascii") as f:
        return re.sub(r"Fl -(\w)", r"--\1", f.read().replace("\\e", "\\"))


def options_of(text):
    """In the options of a list, only the first carries the macro: `Fl -a , -b`."""
    return set(re.findall(r"--[a-z][a-z-]*", re.sub(r"(?<=, )-(?=[a-z])", "--", text)))


def usage(program, *arguments):
    result = subprocess.run([program, *arguments], capture_output=True, text=True, check=False)
    return result.stdout + result.stderr


@pytest.mark.skipif(not shutil.which("groff"), reason="no groff")
@pytest.mark.parametrize("path", PAGES, ids=os.path.basename)
def test_a_page_renders_without_warnings(path):
    done = subprocess.run(["groff", "-mdoc", "-ww", "-Tascii", "-P-cbou", path], capture_output=True, text=True,
                          check=True)
    assert done.stderr == "" and "SYNOPSIS" in done.stdout


@pytest.mark.skipif(not os.path.exists(CTL), reason=f"{CTL} is not built")
def test_every_command_and_option_is_in_a_page():
    text = usage(CTL, "--help")
    sections = re.split(r"^  (?=[a-z]+ )", text, flags=re.M)[1:]
    assert len(sections) >= 6
    for section in sections:
        name = section.split()[0]
        assert f".It Cm {name}" in page("replicatoorctl"), f"docs/man/replicatoorctl.1 lacks {name}"
        own = os.path.join(REPOSITORY, "docs", "man", f"replicatoorctl-{name}.1")
        of = f"replicatoorctl-{name}" if os.path.exists(own) else "replicatoorctl"
        wanted = set(re.findall(r"--[a-z][a-z-]*", section)) - {"--version"}
        missing = wanted - options_of(page(of))
        assert not missing, f"docs/man/{of}.1 lacks {missing}"


@pytest.mark.skipif(not os.path.exists(CTL), reason=f"{CTL} is not built")
def test_every_event_of_measure_is_in_its_page():
    # an unknown value of a known option is another complaint than an unknown option
    for option in options_of(page("replicatoorctl-measure")):
        assert "no such option" not in usage(CTL, "measure", option, "x"), option


@pytest.mark.skipif(not os.path.exists(SERVER), reason=f"{SERVER} is not built")
def test_every_word_of_the_server_is_in_its_page():
    for word in re.findall(r"[a-z]+", usage(SERVER, "--help").split("[")[1].split("]")[0]):
        assert word in page("replicatoor"), word
