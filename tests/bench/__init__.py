"""Speed, judged as ratios within one run: machines are noisy, and tests never read a clock."""
