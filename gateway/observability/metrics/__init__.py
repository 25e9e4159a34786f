"""Metrics: counters, histograms and gauges, and the page `/metrics`."""
