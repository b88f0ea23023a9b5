"""From the outside world to the lake: extraction, contracts, quarantine, landing."""
