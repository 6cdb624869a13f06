"""The Hub's pages in our dress, drawn as the Hub draws them: its own templates behind ours."""

from __future__ import annotations

from pathlib import Path

import jupyterhub
import pytest
from jinja2 import ChoiceLoader, Environment, FileSystemLoader
from jupyterhub._data import DATA_FILES_PATH

from hub.paths import ROOT

FOLDER = ROOT / "hub" / "jupyter" / "templates"


@pytest.fixture
def environment() -> Environment:
    stock = Path(DATA_FILES_PATH) / "templates"
    assert (stock / "login.html").is_file(), jupyterhub.__version__
    return Environment(loader=ChoiceLoader([FileSystemLoader(FOLDER), FileSystemLoader(stock)]), autoescape=True)


GIVEN = {
    "login.html": {"authenticator_login_url": "/hub/login", "login_error": "", "xsrf": "t", "username": ""},
    "spawn_pending.html": {"progress_url": "/hub/api/users/alice/servers/p0001/progress?_xsrf=x"},
    "not_running.html": {"failed": True, "failed_message": "<b>no sandbox</b>", "spawn_url": "/hub/spawn/alice/p0001"},
    "error.html": {"status_code": 403, "status_message": "Forbidden", "message": "<b>not yours</b>"},
}


@pytest.mark.parametrize("name", GIVEN)
def test_each_page_speaks_both_languages_and_runs_no_script_of_others(environment, name):
    page = environment.get_template(name).render(**GIVEN[name])
    assert page.count("<h1>") == 1 and 'lang="en"' in page and '<html lang="fr">' in page
    assert "<b>" not in page and "{{" not in page
    assert all(source.startswith('"/services/portal/static/') for source in page.split("<script src=")[1:])
    assert page.count("<script") == page.count("<script src=")


def test_our_folder_replaces_only_pages_that_the_hub_has(environment):
    stock = {path.name for path in (Path(DATA_FILES_PATH) / "templates").iterdir()}
    ours = {path.name for path in FOLDER.iterdir() if not path.name.startswith("_")}
    assert ours == set(GIVEN) and ours <= stock


def test_the_opening_page_follows_the_hub_s_progress(environment):
    page = environment.get_template("spawn_pending.html").render(**GIVEN["spawn_pending.html"])
    assert 'data-progress="/hub/api/users/alice/servers/p0001/progress?_xsrf=x"' in page
    assert (ROOT / "hub" / "portal" / "static" / "opening.js").is_file()
