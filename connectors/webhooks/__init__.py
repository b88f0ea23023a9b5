"""The webhook receiver: signed deliveries are kept durably before they are acknowledged."""
