"""Tests of what benchmarks rest on."""
