"""Writes down which actions of the token service and the access management the SDKs called, and how each was answered.

It looks on where both SDKs hand a request to the library that sends it, and changes nothing.
"""

import os
from urllib.parse import parse_qs, urlsplit

import requests


def observe():
    """Begins to write into the file that `DAYPASS_CALLS` names, if it names one."""
    path = os.environ.get("DAYPASS_CALLS")
    if not path:
        return
    send = requests.Session.send

    def send_and_note(session, request, **options):
        response = send(session, request, **options)
        called = _called(request)
        if called:
            with open(path, "a", encoding="utf-8") as file:
                print(*called, _outcome(response), sep="\t", file=file)
        return response

    requests.Session.send = send_and_note


def _called(request) -> tuple | None:
    """The SDK and the action, unless the request is for the object store."""
    if action := request.headers.get("X-TC-Action"):
        return ("Python", _text(action))
    if "Authorization" in request.headers:
        return None
    body = _text(request.body) if isinstance(request.body, (str, bytes)) else ""
    form = parse_qs(urlsplit(_text(request.url)).query) | parse_qs(body)
    if "Action" not in form:
        return None
    return ("Python" if "RequestClient" in form else "Python STS", form["Action"][0])


def _text(value: str | bytes) -> str:
    return value.decode("utf-8", "replace") if isinstance(value, bytes) else value


def _outcome(response) -> str:
    try:
        return response.json()["Response"].get("Error", {}).get("Code", "ok")
    except (ValueError, KeyError, TypeError):
        return "unreadable"
