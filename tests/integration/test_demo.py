"""What the README shows first has to hold."""
import os
import subprocess
from pathlib import Path

import pytest

from anvil import ANVIL
from node import BUILD, SERVER

DEMO = Path(__file__).resolve().parents[1] / "demo"
pytestmark = pytest.mark.skipif(not os.path.exists(SERVER), reason="the server is not built")


def tell(story):
    return subprocess.run([DEMO / story], capture_output=True, text=True, check=False, timeout=120,
                          env={**os.environ, "RPL_BUILD": BUILD})


@pytest.mark.parametrize("story", [
    "demo.sh", pytest.param("chain.py", marks=pytest.mark.skipif(
        not os.path.exists(ANVIL), reason="./run contracts installs anvil"))])
def test_the_story_ends_well(story):
    told = tell(story)
    assert told.returncode == 0 and "All of it as expected" in told.stdout, told.stdout + told.stderr
