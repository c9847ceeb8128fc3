GRANT EXECUTE ON FUNCTION referral.figure_cells_of_country(timestamptz, timestamptz), referral.figure_limits_of_country(timestamptz, timestamptz),
    referral.attested_in_country(timestamptz, timestamptz), referral.re_entries_in_country(timestamptz, timestamptz) TO referral_app;
GRANT EXECUTE ON FUNCTION referral.figures_due(), referral.roll_month(date, timestamptz, timestamptz, timestamptz), referral.keep_figures(date, jsonb) TO referral_worker;
