"""One service in the ordinary way: `python -m tests.bench.ordinary SERVICE`."""

import sys
from importlib import import_module

import uvloop

if __name__ == "__main__":
    uvloop.run(import_module(f"tests.bench.ordinary.{sys.argv[1]}").main())
