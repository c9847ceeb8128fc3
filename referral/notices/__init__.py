"""Who is told what, in which words, and when; and that nothing of it is lost or told twice.

An act writes what happened into the outbox, in its own transaction, and waits for nobody. All that
is here is done afterwards by the worker: ``forwarding`` finds whom a notice reaches (``whom``,
``when``), ``delivering`` sends letters through channels (``mail``, others beside it) and writes
down what became of them. Nothing here knows a case: ids, kinds of acts and moments are all.
"""

from referral.notices.channels import (
    Channel,
    Later,
    Letter,
    Notice,
    Outcome,
    Planned,
    Refused,
    Told,
)

__all__ = ["Channel", "Later", "Letter", "Notice", "Outcome", "Planned", "Refused", "Told"]
