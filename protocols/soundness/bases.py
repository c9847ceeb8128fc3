"""What a step rests on: who calls it statutory names the law.

Whether a source says what it is cited for, only a lawyer can see.
"""

from __future__ import annotations

from protocols.decision import LimitBasis
from protocols.protocol import Protocol
from protocols.reader import Reader


def statutory_steps_cite_a_statute(protocol: Protocol, reader: Reader) -> None:
    """A step that a law orders cites a law, as its statutory limits do."""
    register = reader.country.sources
    for step in protocol.steps.values():
        cited = [register.get(source) for source in step.sources]
        if step.basis is LimitBasis.STATUTORY and not any(one and one.statute for one in cited):
            reader.problems.error(
                step.spot,
                f"step {step.id} is statutory and cites no statute",
                "Cite the article ('statute: true' in the register), or mark it sop or assumption",
            )
