from __future__ import annotations

import copy
import subprocess
from typing import Any

import asyncpg
import jsonschema
import kubernetes_validate
import pytest

from channel_sync import __version__
from channel_sync.settings import PREFIX, Settings
from tests.deploy.files import DEPLOY, documents, resource

VERSIONS = ("1.29", "1.34", kubernetes_validate.latest_version())
"""The oldest one that anybody still runs, one in between, the newest known."""

TEXT = {"type": "string", "minLength": 1}
COUNT = {"type": "integer", "minimum": 0}


def closed(required: dict[str, Any], **others: Any) -> dict[str, Any]:
    """An object with these keys and no others."""
    return {
        "type": "object",
        "required": list(required),
        "properties": {**required, **others},
        "additionalProperties": False,
    }


LABELLED = closed({"name": TEXT}, labels={"type": "object"}, namespace=TEXT)
TRIGGER = closed(
    {
        "type": {"const": "kafka"},
        # Of KEDA's Kafka scaler: every value is a string.
        "metadata": closed(
            {
                "bootstrapServers": TEXT,
                "consumerGroup": TEXT,
                "topic": TEXT,
                "lagThreshold": {"type": "string", "pattern": "^[1-9][0-9]*$"},
            },
            offsetResetPolicy={"enum": ["latest", "earliest"]},
            allowIdleConsumers={"enum": ["true", "false"]},
            sasl={"enum": ["plaintext", "scram_sha256", "scram_sha512", "none"]},
            tls={"enum": ["enable", "disable"]},
        ),
    },
    authenticationRef=closed({"name": TEXT}),
)
KEDA = {
    "ScaledObject": closed(
        {
            "scaleTargetRef": closed({"name": TEXT}, kind=TEXT, apiVersion=TEXT),
            "triggers": {"type": "array", "minItems": 1, "items": TRIGGER},
        },
        minReplicaCount=COUNT,
        maxReplicaCount=COUNT,
        pollingInterval=COUNT,
        cooldownPeriod=COUNT,
        advanced=closed({}, horizontalPodAutoscalerConfig={"type": "object"}),
    ),
    "TriggerAuthentication": closed(
        {
            "secretTargetRef": {
                "type": "array",
                "items": closed({"parameter": TEXT, "name": TEXT, "key": TEXT}),
            }
        }
    ),
}
"""What is used of KEDA's own resources (keda.sh/v1alpha1), which Kubernetes has no schema of."""


def validate(document: dict[str, Any], version: str) -> None:
    if document["apiVersion"] == "keda.sh/v1alpha1":
        kind = {"const": document["kind"]}
        parts = {"apiVersion": TEXT, "kind": kind, "metadata": LABELLED}
        jsonschema.validate(document, closed({**parts, "spec": KEDA[document["kind"]]}))
        # Its autoscaler part is Kubernetes' own.
        advanced = document["spec"].get("advanced", {})
        if "horizontalPodAutoscalerConfig" in advanced:
            scaler = {"scaleTargetRef": {"kind": "Deployment", "name": "x"}, "maxReplicas": 1}
            kubernetes_validate.validate(
                {
                    "apiVersion": "autoscaling/v2",
                    "kind": "HorizontalPodAutoscaler",
                    "spec": {**scaler, **advanced["horizontalPodAutoscalerConfig"]},
                },
                version,
                strict=True,
            )
    else:
        kubernetes_validate.validate(document, version, strict=True)


INVALID = (kubernetes_validate.ValidationError, jsonschema.ValidationError)


def named(document: dict[str, Any]) -> str:
    return f"{document['kind']}-{document['metadata']['name']}"


EVERY = pytest.mark.parametrize("document", documents(), ids=named)


@EVERY
@pytest.mark.parametrize("version", VERSIONS)
def test_a_manifest_is_what_kubernetes_takes(document: dict[str, Any], version: str) -> None:
    validate(document, version)


@EVERY
def test_a_manifest_with_a_key_that_nobody_knows_fails(document: dict[str, Any]) -> None:
    broken = copy.deepcopy(document)
    part = broken.get("spec", broken)
    part["replica"] = 3
    with pytest.raises(INVALID):
        validate(broken, VERSIONS[-1])


@pytest.mark.parametrize(
    ("kind", "path", "value"),
    [
        ("Deployment", ("spec", "template", "spec", "terminationGracePeriodSeconds"), "45 s"),
        ("Deployment", ("spec", "template", "spec", "containers", 0, "livenessprobe"), {}),
        ("Deployment", ("spec", "template", "spec", "containers", 0, "args"), "run"),
        ("NetworkPolicy", ("spec", "egress", 0, "ports", 0, "prot"), "UDP"),
        ("PodDisruptionBudget", ("spec", "selector"), "channel-sync"),
        ("ScaledObject", ("spec", "triggers", 0, "metadata", "lagThreshold"), 500),
        ("ScaledObject", ("spec", "triggers", 0, "metadata", "lagTreshold"), "500"),
        (
            "ScaledObject",
            ("spec", "advanced", "horizontalPodAutoscalerConfig", "behaviour"),
            {"scaleDown": {}},
        ),
    ],
)
def test_a_broken_copy_of_a_manifest_fails(kind: str, path: tuple[Any, ...], value: Any) -> None:
    broken = copy.deepcopy(resource(kind))
    part = broken
    for step in path[:-1]:
        part = part[step]
    part[path[-1]] = value
    with pytest.raises(INVALID):
        validate(broken, VERSIONS[-1])


# What the schemas cannot know --------------------------------------------------------------


def pods() -> list[dict[str, Any]]:
    """The pod of every resource that makes one."""
    job = resource("Job", "channel-sync-migrate")
    months = resource("CronJob", "channel-sync-months")["spec"]["jobTemplate"]
    return [one["spec"]["template"] for one in (resource("Deployment"), job, months)]


def test_a_pod_is_given_longer_to_end_than_the_worker_takes_to_drain() -> None:
    grace = resource("Deployment")["spec"]["template"]["spec"]["terminationGracePeriodSeconds"]
    told = resource("ConfigMap")["data"].get(f"{PREFIX}DRAIN_SECONDS")
    drain = float(told or Settings.model_fields["drain_seconds"].default)
    assert grace >= drain + 10


@pytest.mark.parametrize("pod", pods(), ids=["worker", "migrate", "months"])
def test_no_pod_is_root_writes_to_its_disk_or_is_without_bounds(pod: dict[str, Any]) -> None:
    spec = pod["spec"]
    assert spec["securityContext"]["runAsNonRoot"] is True
    assert spec["automountServiceAccountToken"] is False
    (container,) = spec["containers"]
    rights = container["securityContext"]
    assert rights["readOnlyRootFilesystem"] is True
    assert rights["allowPrivilegeEscalation"] is False
    assert rights["capabilities"] == {"drop": ["ALL"]}
    assert "memory" in container["resources"]["limits"]
    assert container["image"] == f"channel-sync:{__version__}"


def test_the_selectors_find_the_worker_and_the_policy_covers_every_pod() -> None:
    labels = pods()[0]["metadata"]["labels"].items()
    for kind in ("Deployment", "PodDisruptionBudget"):
        assert resource(kind)["spec"]["selector"]["matchLabels"].items() <= labels
    policy = resource("NetworkPolicy")["spec"]
    for pod in pods():
        wanted = policy["podSelector"]["matchLabels"].items()
        assert wanted <= pod["metadata"]["labels"].items()


def test_the_network_leads_to_names_kafka_and_postgresql_only() -> None:
    policy = resource("NetworkPolicy")["spec"]
    assert set(policy["policyTypes"]) == {"Ingress", "Egress"}
    ports = {(one["protocol"], one["port"]) for rule in policy["egress"] for one in rule["ports"]}
    assert ports == {("UDP", 53), ("TCP", 53), ("TCP", 9093), ("TCP", 5432)}
    assert all(rule["to"] for rule in policy["egress"])
    (inside,) = policy["ingress"]
    assert inside["from"]
    assert [one["port"] for one in inside["ports"]] == [
        Settings.model_fields["health_port"].default
    ]


def test_the_configuration_consists_of_settings_that_the_program_takes(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    given = resource("ConfigMap")["data"] | resource("Secret")["stringData"]
    known = {f"{PREFIX}{name.upper()}" for name in Settings.model_fields}
    assert given.keys() <= known
    for name, value in given.items():
        monkeypatch.setenv(name, value)
    settings = Settings.load(needs_broker=True)
    trigger = resource("ScaledObject")["spec"]["triggers"][0]["metadata"]
    assert trigger["consumerGroup"] == settings.group
    assert (trigger["topic"],) == settings.topics
    assert trigger["bootstrapServers"] == settings.kafka_bootstrap


def test_the_scaler_leaves_a_worker_when_another_goes() -> None:
    spec = resource("ScaledObject")["spec"]
    assert 2 <= spec["minReplicaCount"] <= spec["maxReplicaCount"]
    assert spec["scaleTargetRef"]["name"] == resource("Deployment")["metadata"]["name"]
    assert "replicas" not in resource("Deployment")["spec"]


def test_no_example_bears_a_password() -> None:
    for name in ("channel-sync", "channel-sync-owner"):
        for key, value in resource("Secret", name)["stringData"].items():
            assert "CHANGE-ME" in value or "USERNAME" in key


# Rights ------------------------------------------------------------------------------------


def test_the_worker_s_principal_may_read_and_describe_and_nothing_else() -> None:
    done = subprocess.run(
        [DEPLOY / "kafka" / "acls.sh", "--command-config", "admin.properties"],
        env={
            "PATH": "/usr/bin:/bin",
            "KAFKA_ACLS": "echo",
            "BOOTSTRAP": "k:9093",
            "TOPICS": "bookings changes",
        },
        capture_output=True,
        text=True,
        check=True,
    )
    base = "--bootstrap-server k:9093 --command-config admin.properties --add "
    base += "--allow-principal User:channel-sync --operation Read --operation Describe "
    assert done.stdout.splitlines() == [
        f"{base}--topic bookings",
        f"{base}--topic changes",
        f"{base}--group channel-sync",
    ]


GRANTED = [
    ("channel_sync_worker_1", "SET ROLE channel_sync_worker", "SELECT FROM property", None),
    ("channel_sync_worker_1", "SET ROLE channel_sync_worker", "DELETE FROM stay", "denied"),
    ("channel_sync_worker_1", "SELECT 1", "SELECT FROM channel_sync.property", "denied"),
    ("hotel_pms", "SELECT 1", "SELECT FROM channel_sync.v_stay", None),
    ("hotel_pms", "SELECT 1", "SELECT FROM channel_sync.stay", "denied"),
    ("channel_gateway", "SELECT 1", "SELECT FROM channel_sync.v_receipt", None),
    ("channel_gateway", "SELECT 1", "SELECT FROM channel_sync.v_stay", "denied"),
    ("channel_sync_migrator", "SET ROLE channel_sync_owner", "DROP VIEW v_receipt", None),
]


@pytest.mark.parametrize(("login", "become", "statement", "refused"), GRANTED)
async def test_a_login_may_do_what_its_role_is_for(
    database: str, login: str, become: str, statement: str, refused: str | None
) -> None:
    grants = (DEPLOY / "postgres" / "grants.sql").read_text(encoding="utf-8")
    connection = await asyncpg.connect(database, server_settings={"search_path": "channel_sync"})
    transaction = connection.transaction()
    await transaction.start()  # roles are the whole server's: they are taken back with it
    try:
        await connection.execute(grants)
        await connection.execute(f"SET SESSION AUTHORIZATION {login}")
        await connection.execute(become)
        if refused is None:
            await connection.execute(statement)
        else:
            with pytest.raises(asyncpg.InsufficientPrivilegeError, match=refused):
                await connection.execute(statement)
    finally:
        await transaction.rollback()
        await connection.close()
