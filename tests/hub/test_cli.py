"""The command line as a person meets it: helpful, and one sentence when something is wrong."""

import base64
import json
import os
import re
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from hub.errors import HubError, explain
from hub.paths import ROOT
from tests.pseudonymization.key_service import TOKEN, serving


def hub(home: Path, *arguments: str, **environment: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-m", "hub", *arguments],
        cwd=ROOT,
        env={**os.environ, "HUB_HOME": str(home), **environment},
        capture_output=True,
        text=True,
        timeout=300,
        stdin=subprocess.DEVNULL,
    )


def refused(done: subprocess.CompletedProcess[str]) -> str:
    assert done.returncode not in (0, 70), done.stdout + done.stderr
    assert "Traceback" not in done.stderr
    said = done.stderr.strip().splitlines()
    assert len(said) == 1, done.stderr
    return said[0]


def test_help_teaches(tmp_path: Path) -> None:
    shown = hub(tmp_path, "--help").stdout
    for command in (
        "doctor",
        "keys",
        "sample",
        "ingest",
        "derive",
        "tables",
        "serve",
        "schedule",
        "project",
        "person",
        "demo",
    ):
        assert command in shown


def test_no_key_no_ingestion(tmp_path: Path) -> None:
    (tmp_path / "landing" / "snds" / "d1").mkdir(parents=True)
    assert "hub keys init" in refused(hub(tmp_path, "ingest", "snds"))


def test_a_search_for_leaks_of_nobody_is_no_clean_result(tmp_path: Path) -> None:
    (tmp_path / "landing" / "snds" / "purged").mkdir(parents=True)
    assert "Nobody to look for" in refused(hub(tmp_path, "leaks"))


def test_sealed_keys_open_by_the_settings_alone_and_the_search_still_knows_them(tmp_path: Path) -> None:
    home, phrase = tmp_path / "home", tmp_path / "phrase"
    phrase.write_text("lieu bateau sept myrtille\n")
    phrase.chmod(0o600)
    assert hub(home, "keys", "init").returncode == 0
    (entry,) = json.loads((home / "sealed" / "keys.json").read_text())["keys"]["generations"]
    master = base64.b64decode(entry["secret"])
    assert "Sealed by: none" in hub(home, "keys", "list").stdout
    shown = hub(home, "keys", "show").stdout
    assert "--passphrase-file" in refused(hub(home, "keys", "wrap"))
    wrapped = hub(home, "keys", "wrap", "--passphrase-file", str(phrase))
    assert wrapped.returncode == 0 and "passphrase_file" in wrapped.stdout
    assert "passphrase_file" in refused(hub(home, "keys", "show"))
    named = {"HUB_KEYS_PASSPHRASE_FILE": str(phrase)}
    assert hub(home, "keys", "show", **named).stdout == shown
    assert "Sealed by: passphrase" in hub(home, "keys", "list", **named).stdout
    inside = home / "sealed" / "phrase"
    inside.write_text("another passphrase\n")
    inside.chmod(0o600)
    assert "hub's own folder" in refused(hub(home, "keys", "wrap", "--passphrase-file", str(inside), **named))
    (home / "sealed" / "list.csv").write_text("nir,291062901912345\n")
    (home / "logs").mkdir(exist_ok=True)
    (home / "logs" / "x.log").write_text(f"key {master.hex()}")
    found = hub(home, "leaks", "--list", str(home / "sealed" / "list.csv"), **named)
    assert found.returncode == 1 and "LEAK key master" in found.stdout


def test_what_a_search_for_leaks_finds_is_an_incident_until_it_is_closed(tmp_path: Path) -> None:
    assert hub(tmp_path, "keys", "init").returncode == 0
    (tmp_path / "sealed" / "list.csv").write_text("nir,291062901912345\n")
    search = ("leaks", "--list", str(tmp_path / "sealed" / "list.csv"))
    assert hub(tmp_path, *search).returncode == 0
    assert "No open incident" in hub(tmp_path, "incident", "list").stdout
    planted = tmp_path / "lake" / "x.csv"
    planted.write_text("a;2 91 06 29 019 123 45;b")
    found = hub(tmp_path, *search)
    assert found.returncode == 1
    listed = hub(tmp_path, "incident", "list").stdout
    assert "nir: 2 matches in" in listed and "x.csv" in listed
    assert "291062901912345" not in (found.stdout + found.stderr + listed).replace(" ", "")
    assert "what was done" in refused(hub(tmp_path, "incident", "close", "1", "--reason", " "))
    planted.unlink()
    assert hub(tmp_path, *search).returncode == 0
    assert hub(tmp_path, "incident", "close", "1", "--reason", "removed").returncode == 0
    assert "No open incident" in hub(tmp_path, "incident", "list").stdout
    assert "removed" in hub(tmp_path, "incident", "list", "--all").stdout


@pytest.mark.spark
def test_a_lake_reached_by_url_is_searched_too(tmp_path: Path) -> None:
    home, far = tmp_path / "home", tmp_path / "far"
    assert hub(home, "keys", "init").returncode == 0
    (home / "sealed" / "list.csv").write_text("nir,291062901912345\n")
    (far / "visits").mkdir(parents=True)
    (far / "visits" / "x.csv").write_text("a;2 91 06 29 019 123 45;b")
    url = {"HUB_LAKE_URL": far.as_uri(), "HUB_SPARK_MASTER": "local[1]"}
    found = hub(home, "leaks", "--list", str(home / "sealed" / "list.csv"), **url)
    assert found.returncode == 1, found.stderr
    assert f"LEAK nir: 2 matches in {far.as_uri()}/visits/x.csv (raw)" in found.stdout
    assert not list((home / "sealed" / "tmp").iterdir())


def test_an_unknown_source_names_the_known_ones(tmp_path: Path) -> None:
    assert hub(tmp_path, "keys", "init").returncode == 0
    said = refused(hub(tmp_path, "ingest", "nowhere"))
    assert "nowhere" in said
    assert "snds" in said


def test_an_unknown_contract_names_the_known_ones(tmp_path: Path) -> None:
    assert "ER_PRS_F" in refused(hub(tmp_path, "contract", "show", "NOWHERE"))


def test_an_unknown_drop_is_said(tmp_path: Path) -> None:
    assert hub(tmp_path, "keys", "init").returncode == 0
    (tmp_path / "landing" / "snds" / "there").mkdir(parents=True)
    assert "there" in refused(hub(tmp_path, "ingest", "snds", "--drop", "elsewhere"))


def test_of_several_sources_one_that_fails_stops_no_other(tmp_path: Path) -> None:
    assert hub(tmp_path, "keys", "init").returncode == 0
    (tmp_path / "landing" / "snds" / "open").mkdir(parents=True)
    (tmp_path / "hub.yaml").write_text("drops: {sealed_only: [snds]}\n")
    done = hub(tmp_path, "ingest", "snds", "correspondence", HUB_SETTINGS=str(tmp_path / "hub.yaml"))
    assert done.returncode == 1
    assert "snds: A drop of snds is not sealed" in done.stderr
    assert "No drop waits below landing/correspondence" in done.stdout
    assert "one source" in refused(hub(tmp_path, "ingest", "snds", "chu", "--drop", "open"))
    assert "nowhere" in refused(hub(tmp_path, "ingest", "snds", "nowhere"))


def test_a_missing_java_is_said(tmp_path: Path) -> None:
    assert hub(tmp_path, "keys", "init").returncode == 0
    (tmp_path / "landing" / "snds" / "d1").mkdir(parents=True)
    said = refused(hub(tmp_path, "ingest", "snds", PATH=str(tmp_path)))
    assert "Java" in said
    assert "openjdk" in said


def test_keys_are_made_once(tmp_path: Path) -> None:
    assert hub(tmp_path, "keys", "init").returncode == 0
    before = (tmp_path / "sealed" / "keys.json").read_bytes()
    assert "never overwritten" in refused(hub(tmp_path, "keys", "init"))
    assert (tmp_path / "sealed" / "keys.json").read_bytes() == before


def test_everything_kept_is_closed_to_others(tmp_path: Path) -> None:
    home = tmp_path / "home"
    assert hub(home, "keys", "init").returncode == 0
    assert hub(home, "person", "list").returncode == 0
    for path in [home, *home.rglob("*")]:
        assert path.stat().st_mode & 0o077 == 0, path


def test_a_home_that_cannot_be_made_is_said(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    assert str(tmp_path / "file") in refused(hub(tmp_path / "file" / "home", "tables"))


def test_a_wrong_setting_is_said(tmp_path: Path) -> None:
    assert "HUB_SERVER_PORT" in refused(hub(tmp_path, "tables", HUB_SERVER_PORT="door"))


def test_empty_states_say_what_to_do(tmp_path: Path) -> None:
    assert "hub ingest --help" in hub(tmp_path, "tables").stdout
    assert "hub ingest --help" in hub(tmp_path, "batches").stdout
    assert "hub person add" in hub(tmp_path, "person", "list").stdout
    assert "No permit yet" in hub(tmp_path, "project", "list").stdout


def test_accounts(tmp_path: Path) -> None:
    made = hub(tmp_path, "person", "add", "ada", "--name", "Ada", "--role", "admin")
    assert "shown once" in made.stdout
    assert "choose among" in refused(hub(tmp_path, "person", "add", "bob", "--name", "Bob", "--role", "king"))
    assert "already taken" in refused(hub(tmp_path, "person", "add", "ada", "--name", "Ada", "--role", "admin"))
    hub(tmp_path, "person", "shut", "ada")
    assert "shut" in hub(tmp_path, "person", "list").stdout


@pytest.mark.parametrize("permit", ["p0001", "nonsense"])
def test_a_permit_that_does_not_exist_is_said(tmp_path: Path, permit: str) -> None:
    assert "permit" in refused(hub(tmp_path, "project", "open", permit))


def test_an_unforeseen_failure_tells_its_type_and_place_and_never_its_message() -> None:
    def fails() -> None:
        raise ValueError("1 84 13 99 123 456 78")

    with pytest.raises(ValueError) as caught:
        fails()
    explained = explain(caught.value)
    assert explained.code == 70
    assert "ValueError" in explained.sentence
    assert "84" not in explained.sentence


def test_our_own_errors_speak_for_themselves() -> None:
    assert explain(HubError("Do this.")).sentence == "Do this."


def test_contracts_are_drafted_checked_and_never_written_over(tmp_path: Path) -> None:
    schemas, drafts = tmp_path / "schemas", tmp_path / "drafts"
    schemas.mkdir()
    (schemas / "VISITS.json").write_text(
        '{"name": "VISITS", "fields": [{"name": "BEN_NIR_PSA", "type": "string"}, {"name": "N", "type": "integer"}]}'
    )
    command = ("contract", "import", "table-schema", str(schemas), "--source", "region", "--classification", "snds")
    done = hub(tmp_path / "home", *command, "--to", str(drafts))
    assert done.stdout.startswith("1 contracts written to"), done.stderr
    assert "1 of 2 columns reach the lake" in done.stdout
    assert "1 of 1 contracts are good" in hub(tmp_path / "home", "contract", "check", str(drafts)).stdout
    assert "is not empty: name a new folder" in refused(hub(tmp_path / "home", *command, "--to", str(drafts)))
    file = drafts / "VISITS.yaml"
    file.write_text(file.read_text().replace("version: 1", "version: none"))
    wrong = hub(tmp_path / "home", "contract", "check", str(drafts))
    assert wrong.returncode == 1
    assert "VISITS.yaml, line 2, column 1: version:" in wrong.stderr
    empty = tmp_path / "empty"
    empty.mkdir()
    assert "holds no .yaml file" in refused(hub(tmp_path / "home", "contract", "check", str(empty)))
    assert "holds no .json file" in refused(
        hub(tmp_path / "home", *command[:3], str(empty), "--source", "region", "--to", str(empty / "x"))
    )


@pytest.mark.spark
@pytest.mark.long
def test_a_view_is_tried_on_a_file_and_wrong_files_are_one_sentence(tmp_path: Path) -> None:
    view, file, out = tmp_path / "view.json", tmp_path / "Patient.ndjson", tmp_path / "out"
    view.write_text('{"resource": "Patient", "select": [{"column": [{"name": "id", "path": "id"}]}]}')
    file.write_text('{"resourceType": "Patient", "id": "a"}\n{"resourceType": "Patient", "id": "b"}\n')
    done = hub(tmp_path / "home", "view", "run", str(view), str(file))
    assert done.stdout.splitlines() == ["id", "a", "b"]
    done = hub(tmp_path / "home", "view", "run", str(view), str(file), "--to", "parquet", "--out", str(out))
    assert f"2 rows written to {out}." in done.stderr
    assert list(out.glob("*.parquet"))
    absent = hub(tmp_path / "home", "view", "run", str(view), str(tmp_path / "absent.ndjson"))
    assert "absent.ndjson is not there" in refused(absent)
    assert "say where to write it" in refused(
        hub(tmp_path / "home", "view", "run", str(view), str(file), "--to", "parquet")
    )
    good = file.read_text()
    for content, says in ((good + "KERBRAT\n", "no JSON object (1 of them)"), ("KERBRAT\n", "no line that is a JSON")):
        file.write_text(content)
        broken = hub(tmp_path / "home", "view", "run", str(view), str(file))
        assert broken.returncode not in (0, 70)
        assert says in broken.stderr
        assert "KERBRAT" not in broken.stdout + broken.stderr


def test_the_keys_are_rotated_and_listed(tmp_path: Path) -> None:
    assert hub(tmp_path, "keys", "init").returncode == 0
    root = hub(tmp_path, "keys", "show").stdout.split()[-1]
    done = hub(tmp_path, "keys", "rotate")
    assert done.returncode == 0, done.stderr
    listed = hub(tmp_path, "keys", "list").stdout
    new = hub(tmp_path, "keys", "show").stdout.split()[-1]
    assert new != root and f"bears the key {new} in the place of {root}" in done.stdout
    assert [line.split()[0] for line in listed.splitlines() if "the lake" in line] == [root, new]
    assert "no project p0009" in refused(hub(tmp_path, "keys", "destroy", "p0009", "--yes"))


def test_a_key_service_opens_the_keys_or_nothing_is_done(tmp_path: Path) -> None:
    home, token, settings = tmp_path / "home", tmp_path / "token", tmp_path / "service.yaml"
    token.write_text(TOKEN)
    token.chmod(0o600)
    assert hub(home, "keys", "init").returncode == 0
    shown = hub(home, "keys", "show").stdout
    with serving() as service:
        told = f"keys:\n  vault: {{url: '{service.url}', key: hub, token_file: {token}}}\n"
        settings.write_text(told)
        wrapped = hub(home, "keys", "wrap", "--vault", str(settings))
        assert wrapped.returncode == 0 and "vault: as in" in wrapped.stdout, wrapped.stderr
        named = {"HUB_SETTINGS": str(settings)}
        assert hub(home, "keys", "show", **named).stdout == shown
        assert "Sealed by: vault" in hub(home, "keys", "list", **named).stdout
        assert "vault" in refused(hub(home, "keys", "show"))
        service.sealed = True
        assert "is sealed" in refused(hub(home, "ingest", "snds", **named))
    assert "does not answer" in refused(hub(home, "keys", "rotate", **named))
    settings.write_text("keys:\n  vault: {url: x, key: hub, token: y}\n")
    assert "allowed here: ca_file" in refused(hub(home, "keys", "show", HUB_SETTINGS=str(settings)))
    settings.write_text("{}\n")
    assert "names no key service" in refused(hub(home, "keys", "wrap", "--vault", str(settings)))


def test_a_holder_seals_without_a_hub_and_the_hub_takes_only_what_is_sealed(tmp_path: Path) -> None:
    holder, delivery, key = tmp_path / "holder", tmp_path / "delivery", tmp_path / "seal.key"
    delivery.mkdir()
    (delivery / "CORRESPONDANCE_Kergoat.csv").write_text("INS,BEN_NIR_PSA,BEN_RNG_GEM\n185057800604830,AbC,1\n")
    made = hub(holder, "seal-key", str(key))
    assert made.returncode == 0 and key.stat().st_mode & 0o777 == 0o600
    assert "never written over" in refused(hub(holder, "seal-key", str(key)))
    given = ("seal", str(delivery), "--source", "correspondence", "--key", str(key))
    done = hub(holder, *given, "--to", str(tmp_path / "outbox"))
    assert done.returncode == 0, done.stderr
    assert "correspondence" in done.stdout and "Only this folder is to be sent" in done.stdout
    assert not holder.exists(), "no hub was made"
    sent = (tmp_path / "outbox" / "CORRESPONDANCE-1.csv").read_text()
    assert "AbC" not in sent and sent.count("s1-") == 3
    assert "there already" in refused(hub(holder, *given, "--to", str(tmp_path / "outbox")))
    wrong = tmp_path / "wrong.key"
    wrong.write_text("{}")
    wrong.chmod(0o600)
    told = refused(hub(holder, *given[:-1], str(wrong), "--to", str(tmp_path / "other")))
    assert "no sealing key" in told
    home, settings = tmp_path / "home", tmp_path / "hub.yaml"
    settings.write_text("drops: {sealed_only: [correspondence]}\n")
    assert hub(home, "keys", "init").returncode == 0
    shutil.copytree(delivery, home / "landing" / "correspondence" / "raw")
    told = refused(hub(home, "ingest", "correspondence", HUB_SETTINGS=str(settings)))
    assert "hub seal" in told and "raw" not in told


def test_a_number_is_sealed_for_an_erasure_and_is_no_argument(tmp_path: Path) -> None:
    key = tmp_path / "seal.key"
    assert hub(tmp_path, "seal-key", str(key)).returncode == 0

    def sealed(line: str) -> subprocess.CompletedProcess[str]:
        return subprocess.run(
            [sys.executable, "-m", "hub", "seal-number", "--key", str(key)],
            cwd=ROOT, input=line, capture_output=True, text=True, timeout=300, check=False,
        )  # fmt: skip

    once, again = sealed("psa AbC 01\n"), sealed("psa AbC 1\n")
    assert once.returncode == 0 and once.stdout == again.stdout
    assert re.fullmatch(r"psa s1-\S{41} s1-\S{41}\n", once.stdout)
    wrong = sealed("ins 185057800604831\n")
    assert "no identifier" in refused(wrong) and "1850578" not in wrong.stderr
