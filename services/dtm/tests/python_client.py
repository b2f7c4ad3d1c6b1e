"""The Python client of dtm as a process that a test drives over HTTP.

    python_client.py PORT MARIADB_PORT SCHEMA

It has branches, /action and /compensate, whose work stands behind dtmcli's own barrier on MariaDB, and /submit, which submits a saga with
dtmcli. It ends when its standard input is closed.
"""

import json
import os
import sys
import threading
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from urllib.parse import parse_qs, urlsplit

import pymysql
from dtmcli import barrier, saga, utils

PORT, MARIADB_PORT, SCHEMA = int(sys.argv[1]), int(sys.argv[2]), sys.argv[3]
# The step that refuses its action.
REFUSES = "no"


def branch(query, body):
    """The work of a step, once and in order."""
    step, op = body["step"], query["op"]

    def work(cursor):
        cursor.execute("INSERT INTO work (gid, step, n) VALUES (%s, %s, %s)", (query["gid"], step, 1 if op == "action" else -1))
        if step == REFUSES and op == "action":
            raise utils.DTMFailureError("no room")

    connection = pymysql.connect(host="127.0.0.1", port=MARIADB_PORT, user="root", database=SCHEMA)
    with barrier.AutoCursor(connection.cursor()) as cursor:
        barrier.BranchBarrier(query["trans_type"], query["gid"], query["branch_id"], op).call(cursor, work)


def submit(wanted):
    """Submits a saga and says what dtmcli made of the answer."""
    gid = utils.gen_gid(wanted["dtm"])
    wanted_saga = saga.Saga(wanted["dtm"], gid)
    for step in wanted["steps"]:
        wanted_saga.add(step["body"], step["action"], step["compensate"])
    wanted_saga.trans_base.wait_result = True
    try:
        wanted_saga.submit()
        return {"gid": gid, "outcome": "success"}
    except utils.DTMFailureError:
        return {"gid": gid, "outcome": "failure"}


class Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"

    def answer(self, status, body):
        data = json.dumps(body).encode()
        self.send_response(status)
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(data)))
        self.end_headers()
        self.wfile.write(data)

    def do_GET(self):
        self.answer(200, {})

    def do_POST(self):
        asked = urlsplit(self.path)
        body = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
        try:
            if asked.path == "/submit":
                self.answer(200, submit(body))
            else:
                branch({key: values[0] for key, values in parse_qs(asked.query).items()}, body)
                self.answer(200, {"dtm_result": "SUCCESS"})
        except utils.DTMFailureError:
            self.answer(409, {"dtm_result": "FAILURE"})
        except Exception as error:  # the coordinator calls again; the test reads the text
            self.answer(500, {"message": repr(error)})

    def log_message(self, *_):
        pass


def end_with_parent():
    sys.stdin.read()
    os._exit(0)


threading.Thread(target=end_with_parent, daemon=True).start()
ThreadingHTTPServer(("127.0.0.1", PORT), Handler).serve_forever()
