"""The farm: jobs, frames, ledger and prices; needs no web, no queue and no bucket."""
