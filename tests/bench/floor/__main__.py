"""One service of the floor: `python -m tests.bench.floor SERVICE`."""

import sys
from importlib import import_module

import uvloop

if __name__ == "__main__":
    uvloop.run(import_module(f"tests.bench.floor.{sys.argv[1]}").main())
