"""Drives the real kernel for podpath's tests; see README.md beside this file."""

import argparse
import sys

from oracle import Oracle
from protocol import serve

if __name__ == "__main__":
    parser = argparse.ArgumentParser(description="JSON Lines on stdin and stdout; see README.md.")
    parser.add_argument("--cpu", type=int, help="the CPU to stay on (default: by process id)")
    options = parser.parse_args()
    sys.exit(serve(lambda: Oracle(options.cpu)))
