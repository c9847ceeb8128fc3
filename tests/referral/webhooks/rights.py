"""What the migration of webhooks lets be read and called, and by whom."""

from __future__ import annotations

READ = {"webhook", "webhook_attempt"}  # by the app
CALLED = {  # by the app
    *("open_webhook", "webhook_data_key", "rotate_webhook", "end_webhook", "test_webhook"),
}
WORKED = {  # by the worker
    *("webhooks_for", "webhook_to_send", "webhook_settled", "tell_checkpoint"),
}
