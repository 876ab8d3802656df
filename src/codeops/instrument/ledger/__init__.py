"""The ledger: every CPU second of the process, once. It is kept in C where that could be built, else in Python."""

from codeops.instrument.ledger.choice import NAMES, OWNER, choose, choose_accounts

__all__ = ["NAMES", "OWNER", "choose", "choose_accounts"]
