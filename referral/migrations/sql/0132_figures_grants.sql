GRANT EXECUTE ON FUNCTION referral.figure_cells(timestamptz, timestamptz, text, text, text[]), referral.figure_limits(timestamptz, timestamptz, text, text, text[]),
    referral.missed_a_limit(uuid, timestamptz), referral.attested_in_country(timestamptz, timestamptz), referral.re_entries_in_country(timestamptz, timestamptz) TO referral_app;
GRANT EXECUTE ON FUNCTION referral.figures_due(), referral.roll_month(date, text, timestamptz), referral.keep_figures(date, jsonb),
    referral.roll_unit(text, timestamptz, interval) TO referral_worker;
