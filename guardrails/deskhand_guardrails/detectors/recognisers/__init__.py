"""What help desks need and Presidio does not bring: one family of personal data in each file, as plain functions."""
