"""What stands in ``raw``: one fingerprint for each source and load date."""

from __future__ import annotations

from connectors.lake import fingerprint_of, read_json
from programme import Settings


def standing_partitions(settings: Settings) -> dict[str, str]:
    """``source/load_date`` -> fingerprint of the files that its manifest lists.

    A load date that is rewritten, by the connectors or by an erasure, has another fingerprint; one
    that is forgotten has none.
    """
    found = {}
    for path in sorted((settings.lake / "manifests").glob("*/*.json")):
        manifest = read_json(path)
        content = [manifest["fingerprint"], manifest["outputs"]]
        found[f"{path.parent.name}/{path.stem}"] = fingerprint_of(content)
    return found
