"""What the visitor of a served page asked for, waited for in a kernel that was prepared before they came."""

from __future__ import annotations

import http.client
import os


def query() -> str:
    """The query string of the visitor's address, `lang=en&plan=zj14`, once they have come; empty where nobody serves.

    The server gives the address to ask in Voila's environment variables; without them, as in JupyterLab, there is no wait.
    """
    if os.environ.get("VOILA_PREHEAT") != "True":
        return os.environ.get("QUERY_STRING", "")
    place = os.environ["VOILA_SERVER_URL"] + "voila/query/" + os.environ["VOILA_KERNEL_ID"]
    connection = http.client.HTTPConnection(os.environ.get("VOILA_APP_IP", "127.0.0.1"), int(os.environ["VOILA_APP_PORT"]))
    try:
        connection.request("GET", place)
        answer = connection.getresponse()
        return answer.read().decode() if answer.status == 200 else ""
    finally:
        connection.close()
