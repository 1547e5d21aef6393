"""The newcomer's door: ./run says what it can and refuses what it cannot."""
import os
import subprocess
from pathlib import Path

import pytest

from node import SERVER

ROOT = Path(__file__).resolve().parents[2]
COMMANDS = ["deps", "build", "demo", "test", "coverage", "lint", "contracts", "bench", "fuzz"]


def run(*arguments):
    return subprocess.run([ROOT / "run", *arguments], capture_output=True, text=True, cwd="/")


def test_without_a_command_every_command_is_listed():
    listed = [line.split()[1] for line in run().stdout.splitlines()]
    assert listed == COMMANDS


@pytest.mark.parametrize("arguments, code", [(["nosuch"], 2), (["deps", "nosuch"], 1)])
def test_what_it_does_not_know_is_refused_in_words(arguments, code):
    answer = run(*arguments)
    assert answer.returncode == code
    assert "nosuch" in answer.stderr or "./run build" in answer.stderr


@pytest.mark.parametrize("setting, code, words", [
    ("REPLICATOOR_PCCS=nowhere", 2, "REPLICATOOR_PCCS"),
    ("REPLICATOOR_LISTEN=192.0.2.1:4001", 4, "listen"),
])
def test_a_server_that_cannot_start_says_why_and_ends(setting, code, words):
    name, value = setting.split("=", 1)
    ended = subprocess.run([SERVER], capture_output=True, text=True, check=False,
                           env={"PATH": os.environ["PATH"], name: value})
    assert ended.returncode == code, ended
    assert words in ended.stderr and len(ended.stderr.splitlines()) == 1
