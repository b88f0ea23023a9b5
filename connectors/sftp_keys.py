"""Keys of an SFTP connection: the server's that is declared, and the user's own."""

from __future__ import annotations

import base64
import binascii
import io
from pathlib import Path
from typing import Any

from connectors.errors import UnusableDeclarationError
from connectors.found_files import Root
from programme.files import SftpServer

_KINDS = ("ssh-", "ecdsa-", "sk-")


def declared_host_keys(client: Any, server: SftpServer, root: Root, host: str, port: int) -> None:
    """Make ``client`` refuse every server that shows another key.

    Raises:
        UnusableDeclarationError: when ``known_host`` is neither key nor fingerprint.
    """
    import paramiko

    fingerprints: set[str] = set()
    name = host if port == paramiko.config.SSH_PORT else f"[{host}]:{port}"
    for line in root.placeholders.fill(server.known_host).splitlines():
        words = line.split()
        kinds = [place for place, word in enumerate(words) if word.startswith(_KINDS)]
        fingerprints |= {word for word in words if word.startswith("SHA256:")}
        if kinds and len(words) > kinds[0] + 1:
            key = _host_key(words[kinds[0]], words[kinds[0] + 1], root)
            client.get_host_keys().add(name, key.get_name(), key)
    if not fingerprints and not client.get_host_keys():
        raise _unusable(root, "`known_host` is neither a key nor a fingerprint", _EXAMPLE)
    client.set_missing_host_key_policy(_policy(fingerprints))


_EXAMPLE = "write it as `ssh-keyscan` prints it, or as SHA256:... as `ssh-keygen -lf` does"


def private_key(server: SftpServer, root: Root) -> Any:
    """The user's key; None where a password is declared.

    Raises:
        UnusableDeclarationError: when it cannot be read, or its passphrase is another one.
    """
    import paramiko

    if server.private_key is None:
        return None
    text = root.placeholders.fill(server.private_key)
    passphrase = server.passphrase and root.placeholders.fill(server.passphrase)
    if "PRIVATE KEY" not in text:
        try:
            text = Path(text).read_text(encoding="ascii")
        except (OSError, ValueError):
            mend = "declare the path of a key that cxloop may read, or its text as ${env:NAME}"
            raise _unusable(root, "the file of `private_key` cannot be read", mend) from None
    for kind in (paramiko.Ed25519Key, paramiko.ECDSAKey, paramiko.RSAKey):
        try:
            return kind.from_private_key(io.StringIO(text), password=passphrase)
        except (paramiko.SSHException, ValueError):
            continue
    mend = "give a key of kind ed25519, ecdsa or rsa, and its `passphrase` where it has one"
    raise _unusable(root, "`private_key` cannot be read with this passphrase", mend)


def _host_key(kind: str, text: str, root: Root) -> Any:
    import paramiko

    try:
        return paramiko.PKey.from_type_string(kind, base64.b64decode(text, validate=True))
    except (binascii.Error, paramiko.SSHException, ValueError):
        raise _unusable(root, "`known_host` holds a key that cannot be read", _EXAMPLE) from None


def _policy(fingerprints: set[str]) -> Any:
    import paramiko

    class Declared(paramiko.MissingHostKeyPolicy):  # type: ignore[misc]  # it has no stubs
        """Accepts the keys of the declared fingerprints only."""

        def missing_host_key(self, client: Any, hostname: str, key: Any) -> None:
            if key.fingerprint not in fingerprints:
                raise paramiko.BadHostKeyException(hostname, key, key)

    return Declared()


def _unusable(root: Root, what: str, mend: str) -> UnusableDeclarationError:
    return UnusableDeclarationError(
        what,
        source=root.placeholders.source,
        entity=root.entity,
        where=root.address,
        mend=mend,
    )
