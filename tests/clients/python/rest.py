"""Calls by REST with requests: rest.py ADDRESS. Raises if something is wrong."""

import json
import sys

import requests

LIMIT = 15  # seconds, for what should happen at once


def main():
    base = f"http://{sys.argv[1]}"
    session = requests.Session()

    note = session.get(f"{base}/v1/folders/a/notes/b", timeout=LIMIT)
    assert note.status_code == 200, note
    assert note.json() == {"name": "folders/a/notes/b", "text": "hello", "size": "9007199254740993"}, note.text

    none = session.get(f"{base}/v1/folders/a/notes/none", timeout=LIMIT)
    assert none.status_code == 404, none
    assert none.json() == {"code": 5, "message": "no folders/a/notes/none"}, none.text

    created = session.post(
        f"{base}/v1/folders/a/notes", params={"labels": ["x+y", "z"]}, json={"text": "é"}, timeout=LIMIT
    )
    assert created.json() == {"name": "folders/a/notes/x+y", "text": "é"}, created.text

    unknown = session.get(f"{base}/v1/folders/a/notes/b", params={"page": 1}, timeout=LIMIT)
    assert unknown.status_code == 400 and unknown.json()["code"] == 3, unknown.text

    lines = session.get(
        f"{base}/v1/folders/a/notes:follow", headers={"Accept": "application/x-ndjson"}, stream=True, timeout=LIMIT
    )
    assert [json.loads(line) for line in lines.iter_lines()] == [{"text": "one"}, {"text": "two"}]

    # The length of this body is not known before.
    def notes():
        for text in ["a", "b", "c"]:
            yield json.dumps({"text": text}).encode() + b"\n"

    imported = session.post(
        f"{base}/v1/notes:import", data=notes(), headers={"Content-Type": "application/x-ndjson"}, timeout=LIMIT
    )
    assert imported.json() == {"count": 3}, imported.text

    form = session.post(f"{base}/v1/folders/a/notes", data={"text": "a"}, timeout=LIMIT)
    assert form.status_code == 415, form
    assert form.headers["Accept-Post"] == "application/json"
    print("ok")


main()
