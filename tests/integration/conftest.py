"""Fixtures of the integration tests. RPL_PRESET chooses the build (default dev)."""
import os

import pytest

from node import SERVER, Cluster
from simulator import Simulator


@pytest.fixture(scope="session")
def session_pki(tmp_path_factory):
    return tmp_path_factory.mktemp("shared") / "pki"


@pytest.fixture(scope="session")
def session_pcs(tmp_path_factory, session_pki):
    with Simulator(tmp_path_factory.mktemp("pcs"), pki=session_pki, no_agent=True) as pcs:
        yield pcs


@pytest.fixture
def cluster(tmp_path, session_pki, session_pcs):
    """Nodes under one root; afterwards every answer and log is searched for planted secrets."""
    if not os.path.exists(SERVER):
        pytest.skip(f"{SERVER} is not built")
    with Cluster(tmp_path, session_pki, session_pcs) as nodes:
        yield nodes
    nodes.check_secrets()


@pytest.fixture
def secret():
    """A secret file's content: several lines, made in this run."""
    return b"WALLET_KEY=" + os.urandom(24).hex().encode() + b"\nTOKEN=a=b==\n"
