"""Builds a data set of one name again and again: `python racing.py EDGES ROUNDS`."""

import sys
from pathlib import Path

from hardball.data import store

if __name__ == "__main__":
    print("ready", flush=True)
    sys.stdin.readline()
    for _ in range(int(sys.argv[2])):
        store.build_own(Path(sys.argv[1]), name="pets")
