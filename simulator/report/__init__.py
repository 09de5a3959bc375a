"""A report that stands alone: one HTML file with figures, charts and tables, for people who were not there."""
