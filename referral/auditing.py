"""``referral audit``: what is proved of the log, who witnesses it, how its epochs follow."""

from __future__ import annotations

from referral import proving, sealing, witnessing

audit = proving.audit
audit.command("witness")(witnessing.witness)
audit.add_typer(witnessing.enrolled, name="witnesses")
audit.add_typer(sealing.epoch, name="epoch")
audit.add_typer(sealing.custodian, name="custodian")
