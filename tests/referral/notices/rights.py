"""What the migration of notices lets be called, and by whom."""

from __future__ import annotations

CALLED = {  # by the app
    *("my_notices", "unread_notices", "read_notices", "my_preference", "prefer"),
    *("unreached_in", "without_address", "unreached_of", "watch_notices"),
}
WORKED = {  # by the worker
    *("claim_notices", "post_notices", "write_letters", "letter_of", "settle_letter"),
    "mail_refused",
}
