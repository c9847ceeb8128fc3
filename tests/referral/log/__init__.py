"""The log that proves itself: tree, signatures, witnesses, receipts."""
