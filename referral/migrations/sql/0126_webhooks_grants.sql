-- Who may call what came with the webhooks.
GRANT EXECUTE ON FUNCTION referral.open_webhook(uuid, text, text[], jsonb), referral.webhook_data_key(uuid), referral.rotate_webhook(uuid, jsonb),
    referral.end_webhook(uuid), referral.test_webhook(uuid, uuid) TO referral_app;
GRANT EXECUTE ON FUNCTION referral.webhooks_for(uuid[], text[], timestamptz), referral.webhook_to_send(uuid, uuid, timestamptz),
    referral.webhook_settled(uuid, uuid, integer, text, text, timestamptz), referral.tell_checkpoint(timestamptz) TO referral_worker;
