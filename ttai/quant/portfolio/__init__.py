"""A whole book of several underlyings: its exposure, its stress, its variance, its realised P/L; pure mathematics."""
