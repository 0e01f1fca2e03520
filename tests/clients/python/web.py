"""Calls `protos/calls` by Connect, with requests: web.py ADDRESS. It raises if what it sees is wrong."""

import json
import struct
import sys

import requests

LIMIT = 15  # seconds, for what should happen at once


def equal(actual, expected):
    assert actual == expected, f"{actual!r} is not {expected!r}"


def envelopes(pieces):
    """The flags and the JSON of each message of a stream, as it comes."""
    buffer = b""
    for piece in pieces:
        buffer += piece
        while len(buffer) >= 5 and len(buffer) >= 5 + struct.unpack(">I", buffer[1:5])[0]:
            end = 5 + struct.unpack(">I", buffer[1:5])[0]
            yield buffer[0], json.loads(buffer[5:end])
            buffer = buffer[end:]


def main(address):
    base = f"http://{address}/calls.Calls"
    with requests.Session() as session:
        # All over one connection.
        for text in ["tea", "more tea"]:
            answer = session.post(f"{base}/Decorate", json={"text": text}, headers={"x-sent": "sent"}, timeout=LIMIT)
            equal((answer.status_code, answer.json()), (200, {"text": f"{text}!"}))
            equal((answer.headers["x-seen"], answer.headers["trailer-x-last"]), ("sent", f"after {text}"))
        refused = session.post(f"{base}/Refuse", json={"text": "tea"}, timeout=LIMIT)
        equal(refused.status_code, 400)
        equal(refused.json(), {"code": "failed_precondition", "message": "no tea today, \u00bfverdad?"})
        failed = session.post(f"{base}/Fail", json={"text": "tea"}, timeout=LIMIT).json()
        equal([detail["type"] for detail in failed["details"]], ["google.rpc.ErrorInfo"])
        missing = session.post(f"{base}/Nothing", json={}, timeout=LIMIT)
        equal((missing.status_code, missing.json()["code"]), (404, "unimplemented"))
        # A body whose length is not known comes in chunks.
        chunks = session.post(
            f"{base}/Decorate",
            data=iter([b'{"text": ', b'"tea"}']),
            headers={"content-type": "application/json", "x-sent": "sent"},
            timeout=LIMIT,
        )
        equal((chunks.status_code, chunks.json()), (200, {"text": "tea!"}))
    # The first message comes while the call goes on, and closing cancels it.
    message = json.dumps({"text": "tea"}).encode()
    with requests.post(
        f"{base}/Linger",
        data=b"\0" + struct.pack(">I", len(message)) + message,
        headers={"content-type": "application/connect+json", "connect-timeout-ms": "300"},
        stream=True,
        timeout=LIMIT,
    ) as stream:
        pieces = stream.iter_content(chunk_size=None)
        equal(list(envelopes(pieces)), [
            (0, {"text": "tea"}),
            (2, {"error": {"code": "deadline_exceeded", "message": "the deadline has passed"}}),
        ])
    print("ok")


if __name__ == "__main__":
    main(*sys.argv[1:])
