#!/usr/bin/env python3
"""A StoreEngine in Python, behind storecheck's engine protocol; standard library only.

State, batch log and number live in memory. Every change is one line of a journal: a checksum and JSON, written and
synced before it is acknowledged. When the store opens, the journal is read and written anew, without a torn last line.

    cargo xtask conform --engine "cmd:python3 engines/python/store.py"
"""

import base64
import bisect
import fcntl
import json
import os
import sys
import traceback
import zlib

HELLO = {
    "protocol": 1,
    "engine": "python",
    "version": "0.1.0",
    "language": "Python",
    "declarations": {"batch_log": True, "durability": "power-loss", "frontier": "immediate"},
}


class Store:
    """State, log and number, and the journal that they come from."""

    def __init__(self, folder):
        self.state, self.keys, self.log, self.number = {}, [], {}, 0
        self.lock = open(os.path.join(folder, "lock"), "w")
        try:
            fcntl.flock(self.lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError as error:
            self.lock.close()
            raise OSError("the store is already open") from error
        self.failed = False
        self.journal = self.recover(folder)

    @staticmethod
    def sync_folder(folder):
        descriptor = os.open(folder, os.O_RDONLY)
        try:
            os.fsync(descriptor)
        finally:
            os.close(descriptor)

    def recover(self, folder):
        """Reads the journal and writes it anew: what the system has in memory need not be on the disk, nor ever get
        there by another sync, if one failed before."""
        path, fresh = os.path.join(folder, "journal"), os.path.join(folder, "journal.new")
        octets = b""
        if os.path.exists(path):
            with open(path, "rb") as journal:
                octets = journal.read()
        good = 0
        for line in octets.splitlines(keepends=True):
            checksum, _, body = line.partition(b" ")
            if not line.endswith(b"\n") or checksum != b"%08x" % zlib.crc32(body):
                break
            self.apply(json.loads(body))
            good += len(line)
        journal = open(fresh, "wb", buffering=0)
        rest = memoryview(octets)[:good]
        while rest:
            rest = rest[journal.write(rest):]
        os.fsync(journal.fileno())
        os.replace(fresh, path)
        self.sync_folder(folder)
        return journal

    def apply(self, change):
        kind, number, items = change
        if kind == "put":
            for key, value in items:
                if key not in self.state:
                    bisect.insort(self.keys, decoded(key))
                self.state[key] = value
            self.log[number], self.number = items, number
        elif kind == "delete":
            for key in items:
                if self.state.pop(key, None) is not None:
                    del self.keys[bisect.bisect_left(self.keys, decoded(key))]
            self.log[number], self.number = [], number
        else:
            self.log = {n: entry for n, entry in self.log.items() if n >= number}

    def write(self, kind, number, items):
        """Makes a change lasting, and then visible."""
        if self.failed:
            raise OSError("an earlier write failed; the store must be opened again")
        body = json.dumps([kind, number, items], separators=(",", ":")).encode() + b"\n"
        line = b"%08x " % zlib.crc32(body) + body
        try:
            written = self.journal.write(line)
            if written != len(line):
                raise OSError("only a part of a record was written")
            os.fsync(self.journal.fileno())
        except OSError:
            self.failed = True
            raise
        self.apply([kind, number, items])
        return number

    def close(self):
        self.journal.close()
        self.lock.close()

    # The calls, as they come and go in JSON: keys and values stay in base64, which compares for equality as octets do.

    def put_batch(self, pairs):
        return {"sequence": str(self.write("put", self.number + 1, pairs))}

    def delete_batch(self, keys):
        return {"sequence": str(self.write("delete", self.number + 1, keys))}

    def get(self, key):
        return {"value": self.state.get(key)}

    def get_many(self, keys):
        return {"values": [[key, self.state.get(key)] for key in keys]}

    def range_scan(self, span):
        start, end = decoded(span["start"]), decoded(span["end"])
        first = bisect.bisect_left(self.keys, start)
        last = bisect.bisect_right(self.keys, end) if end else len(self.keys)
        keys = self.keys[first:max(first, last)]
        if not span["forward"]:
            keys.reverse()
        rows = [encoded(key) for key in keys[: min(int(span["limit"]), len(keys))]]
        return {"rows": [[key, self.state[key]] for key in rows]}

    def current_sequence(self, _):
        return {"sequence": str(self.number)}

    def get_batch(self, number):
        return {"batch": self.log.get(int(number))}

    def oldest_retained_batch(self, _):
        return {"oldest": str(min(self.log)) if self.log else None}

    def prune_batch_log(self, cutoff):
        count = sum(1 for number in self.log if number < int(cutoff))
        if count:
            self.write("prune", int(cutoff), [])
        return {"removed": str(count)}


def decoded(text):
    return base64.b64decode(text)


def encoded(octets):
    return base64.b64encode(octets).decode()


def perform(store, request):
    """The store afterwards, and the reply."""
    (kind, argument), = request.items()
    if kind == "open":
        return Store(argument["dir"]), {"done": {}}
    if kind == "open_again":
        Store(argument["dir"]).close()
        return store, {"done": {}}
    if kind == "close":
        if store:
            store.close()
        return None, {"done": {}}
    if not store:
        raise OSError("the store is not open")
    (method, argument), = argument.items()
    return store, getattr(store, method)(argument)


def main():
    # What is printed by mistake must not reach the harness.
    replies = os.fdopen(os.dup(1), "w")
    os.dup2(2, 1)

    def send(message):
        replies.write(json.dumps(message, separators=(",", ":")) + "\n")
        replies.flush()

    send({"hello": HELLO})
    store = None
    for line in sys.stdin:
        message = json.loads(line)
        if "shutdown" in message["request"]:
            send({"id": message["id"], "answer": {"reply": {"done": {}}}})
            return
        try:
            store, reply = perform(store, message["request"])
            answer = {"reply": reply}
        except OSError as error:
            answer = {"reply": {"error": error.strerror or str(error)}}
        except Exception as error:  # Anything else is a mistake in this file, and told as what it is.
            answer = {"panicked": {"message": repr(error), "backtrace": traceback.format_exc()}}
        send({"id": message["id"], "answer": answer})


if __name__ == "__main__":
    main()
