"""JSON Lines: one request a line in, one reply a line out."""

import json
import os
import signal
import sys
import traceback

from loops import Endless
from namespaces import OracleError


class Ended(BaseException):
    """A signal asked us to go. Not an Exception, so that no request's error handling eats it."""


def _end(*_):
    raise Ended


def answer(oracle, line):
    try:
        request = json.loads(line)
        reply = oracle.request(request)
    except Endless as error:
        return {"ok": False, "error": str(error), "loop": True}
    except (OracleError, json.JSONDecodeError) as error:
        return {"ok": False, "error": str(error)}
    except Exception as error:
        # A defect here must not look like an answer of the kernel, nor end the program.
        where = traceback.extract_tb(error.__traceback__)[-1]
        place = f"{os.path.basename(where.filename)}:{where.lineno}"
        return {"ok": False, "error": f"{type(error).__name__}: {error} ({place})", "defect": True}
    return reply if "ok" in reply else {"ok": True, **reply}


def serve(make_oracle):
    """Serve stdin until it ends; whatever happens, the oracle is closed."""
    for number in (signal.SIGTERM, signal.SIGINT, signal.SIGHUP):
        signal.signal(number, _end)
    oracle = None
    try:
        oracle = make_oracle()
        for line in sys.stdin:
            if line.strip():
                sys.stdout.write(json.dumps(answer(oracle, line), separators=(",", ":")) + "\n")
                sys.stdout.flush()
    except (Ended, BrokenPipeError):
        # Also when the reader of our replies is gone; there is nobody left to tell.
        os.dup2(os.open(os.devnull, os.O_WRONLY), 1)
    except OracleError as error:
        print(json.dumps({"ok": False, "error": str(error)}), flush=True)
        return 1
    finally:
        if oracle is not None:
            for number in (signal.SIGTERM, signal.SIGINT, signal.SIGHUP):
                signal.signal(number, signal.SIG_IGN)
            oracle.close()
    return 0
