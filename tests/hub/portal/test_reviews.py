"""A steward reads scrubbed notes on the portal."""

from __future__ import annotations

import re

from tests.hub.portal.conftest import draw_notes

PREFIX = "/services/portal"
NOTES = ["Vu [NOM] le [DATE].", "Tél. <b>0639981234</b>", "Rien à signaler."]


def test_a_steward_reads_each_note_and_the_review_ends(site, send):
    number = draw_notes(site.reviews, "note", NOTES)
    client = site.client("sam")
    assert f'href="{PREFIX}/reviews/{number}"' in client.get(PREFIX + "/reviews").text
    assert client.get(f"{PREFIX}/reviews/{number}").headers["location"].endswith(f"/reviews/{number}/1")
    page = client.get(f"{PREFIX}/reviews/{number}/2").text
    # A note is text, whatever it holds.
    assert "&lt;b&gt;0639981234&lt;/b&gt;" in page and "<b>06" not in page
    said = send(client, f"/reviews/{number}/2", said="missed")
    assert said.status_code == 303 and said.headers["location"].endswith(f"/reviews/{number}/3")
    assert send(client, f"/reviews/{number}/3", said="clean").headers["location"].endswith("/1")
    last = send(client, f"/reviews/{number}/1", said="clean")
    assert last.headers["location"].endswith(f"/reviews/{number}")
    end = client.get(f"{PREFIX}/reviews/{number}").text
    assert "Too much was missed" in end and f"/reviews/{number}/2" in end
    # What was said can be changed until the review ends.
    send(client, f"/reviews/{number}/2", said="clean")
    assert site.reviews.get(number).missed == 0
    done = send(client, f"/reviews/{number}")
    assert done.headers["location"].endswith("?done=review_refused"), "three notes prove little"
    listed = client.get(done.headers["location"]).text
    assert "Too much was missed" in listed
    assert client.get(f"{PREFIX}/reviews/{number}/1").status_code == 404
    assert send(client, f"/reviews/{number}/1", said="clean").status_code == 409
    assert send(client, f"/reviews/{number}").status_code == 409


def test_only_a_steward_sees_notes(site):
    for username in ("alice", "carol", "ada"):
        client = site.client(username)
        assert client.get(PREFIX + "/reviews").status_code == 403
        assert client.get(PREFIX + "/reviews/1/1").status_code == 403
        assert "/reviews" not in client.get(PREFIX + "/").text


def test_what_is_no_answer_or_no_note_is_said(site, send):
    client = site.client("sam")
    assert send(client, "/reviews/1/1", said="perhaps").status_code == 404
    for path in ("/reviews/99", "/reviews/99/1", "/reviews/1/2", "/reviews/1/0"):
        assert client.get(PREFIX + path).status_code == 404, path
    assert client.get(PREFIX + "/reviews/one").status_code in (404, 422)


def test_the_pages_are_french_for_a_french_steward(site):
    page = site.client("sam", "fr").get(PREFIX + "/reviews/1").text
    assert "Tous les textes ont été lus" in page
    assert re.search(r"79,3\s%", page.replace("\u00a0", " ").replace("\u202f", " "))
