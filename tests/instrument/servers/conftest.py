"""A sink in this process that adds up what servers hand over."""

import pytest

from codeops.instrument import network, recorder, tenant


class Counted:
    root = None

    def __init__(self) -> None:
        self.bytes, self.noted, self.destinations = 0, [], set()

    def add_to_request(self, line, amount):
        assert line[:2] == ("network.egress", "By")
        self.bytes += amount
        self.destinations.add(dict(line[2]).get("destination"))

    def label(self, name, value):
        self.noted.append((name, value))


@pytest.fixture
def counted():
    sink = Counted()
    recorder.connect(sink)
    yield sink
    recorder.connect(None)
    tenant.configure(None)
    network.configure(None)
