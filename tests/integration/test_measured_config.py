"""What is approved is what runs: the node compares its settings with its own measured compose text."""
import json
import os

import pytest

from node import SERVER, compose_text

pytestmark = pytest.mark.skipif(not os.path.exists(SERVER), reason="the server is not built")


def launched(cluster, compose, settings=None, **environment):
    """A node whose machine measures `compose`, started with the usual settings."""
    node = cluster.make(settings, compose)
    node.simulator.start()
    node.launch(**environment)
    return node


def ended(node):
    """-> exit status and what it said last"""
    return node.process.wait(timeout=20), node.log()


def test_settings_that_stand_in_the_measured_text_are_measured(cluster):
    status = cluster.start().status()
    assert status["config_measured"] is True and status["config_measured_why"] == ""
    assert status["agent_shared"] is False


def test_an_agent_that_tells_no_text_leaves_them_unmeasured(cluster):
    status = cluster.start(hide_compose=True).status()
    assert status["config_measured"] is False
    assert "guest agent" in status["config_measured_why"]


def test_a_setting_that_the_host_changed_stops_the_node(cluster):
    node = launched(cluster, compose_text(cluster.environment), REPLICATOOR_TCB_ACCEPT="OutOfDate")
    code, log = ended(node)
    assert code == 1, log
    assert "REPLICATOOR_TCB_ACCEPT is OutOfDate here and UpToDate in the measured compose" in log


def test_a_setting_that_the_host_left_out_stops_the_node(cluster):
    text = compose_text({**cluster.environment, "REPLICATOOR_MIN_EPOCH": "7"})
    code, log = ended(launched(cluster, text))
    assert code == 1 and "REPLICATOOR_MIN_EPOCH is 1 here and 7 in the measured" in log, log


def test_where_and_how_loud_is_nobodys_promise(cluster):
    text = compose_text({**cluster.environment, "REPLICATOOR_LOG": "error"})
    node = cluster.make(compose=text)
    node.start(REPLICATOOR_LOG="info")
    assert node.status()["config_measured"] is True


@pytest.mark.parametrize("old,new,rule", [
    ("image: app@sha256", "image: app:latest #", "image.unpinned"),
    ("services:", "include: [other.yml]\nservices:", "compose.include"),
    ('"SECURE_FILE=secret/private.env"', '"SECURE_FILE=${FILE}"', "env.interpolated")])
def test_a_text_that_does_not_say_what_runs_stops_the_node(cluster, old, new, rule):
    text = compose_text(cluster.environment)
    assert old in text
    code, log = ended(launched(cluster, text.replace(old, new, 1)))
    assert code == 1 and rule in log, log


def test_a_shared_agent_is_the_owners_explicit_choice(cluster):
    def shared(settings):
        text = compose_text({**cluster.environment, **settings})
        return text.replace("  app:\n", "  app:\n    privileged: true\n", 1)
    code, log = ended(launched(cluster, shared({})))
    assert code == 1 and "service.privileged" in log, log
    accepted = {"REPLICATOOR_AGENT_SHARED": "1"}
    status = cluster.start(accepted, shared(accepted)).status()
    assert status["config_measured"] is True and status["agent_shared"] is True


def test_the_whole_app_compose_counts(cluster, tmp_path):
    """allowed_envs that name our settings: the host could set them."""
    app = {"manifest_version": 2, "runner": "docker-compose", "allowed_envs": ["REPLICATOOR_POLICY"],
           "docker_compose_file": compose_text(cluster.environment)}
    path = tmp_path / "app-compose.json"
    path.write_text(json.dumps(app))
    node = cluster.make()
    node.simulator.command[node.simulator.command.index("--compose") + 1] = str(path)
    node.simulator.start()
    node.launch()
    code, log = ended(node)
    assert code == 1 and "allowed_envs.ours" in log, log


def test_a_service_of_another_name_is_named_by_a_setting(cluster):
    settings = {"REPLICATOOR_SERVICE": "vault"}
    text = compose_text({**cluster.environment, **settings})
    text = text.replace("  replicatoor:\n    image: replicatoor@", "  vault:\n    image: kept@", 1)
    assert cluster.start(settings, text).status()["config_measured"] is True
