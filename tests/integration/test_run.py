"""The newcomer's door: ./run says what it can and refuses what it cannot."""
import subprocess
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
COMMANDS = ["deps", "build", "demo", "test", "lint", "bench", "fuzz"]


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
