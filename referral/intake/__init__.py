"""Records of the years before this service: filed as history, and accounted for row by row."""

from referral.intake.acting import NotAMember
from referral.intake.importing import Progress, import_linea145
from referral.intake.report import Report
from referral.intake.table import BadRow, TableFault

__all__ = ["BadRow", "NotAMember", "Progress", "Report", "TableFault", "import_linea145"]
