"""Speed, judged as ratios within one run: these machines are noisy, and tests never read a clock."""
