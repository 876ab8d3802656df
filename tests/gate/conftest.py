"""Lets the tests of the gate share the values of `gate_values.py`: pytest's importlib mode adds no folder to the path."""

import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parent))
