"""Every metric of the demo company once more, in pandas, from the raw files of the lake alone."""
