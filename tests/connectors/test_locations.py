"""Files are found and read alike wherever they lie; what cannot be reached is named."""

from __future__ import annotations

import gzip
import json
import os
import random
import socket
import zipfile
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import asyncssh
import pytest

from connectors.errors import (
    ConnectorError,
    SourceUnavailableError,
    UnreadableFileError,
    UnusableDeclarationError,
)
from connectors.locations import Found, decompressed, find
from connectors.placeholders import Placeholders
from connectors.reading import Place
from programme.systems import FileRead, FilesSystem
from tests.connectors.conftest import Bench
from tests.connectors.file_servers import CuttingProxy, SftpServer

PLACE = Place("src", "answers", "a.csv")
TREE = {
    "a.csv": b"id\n1\n",
    "b.csv": b"id\n2\n",
    "2026/07/c.csv": b"id\n3\n",
    "2026/d.csv.gz": gzip.compress(b"id\n4\n"),
    "notes.txt": b"no data",
}
PATTERNS = {
    "*.csv": ["a.csv", "b.csv"],
    "**/*.csv": ["2026/07/c.csv", "a.csv", "b.csv"],
    "2026/*/*.csv": ["2026/07/c.csv"],
    "2026/*.gz": ["2026/d.csv.gz"],
    "[b-z].csv": ["b.csv"],
}
SECRETS = {
    "ID": "AKIAEXAMPLEIDENTIFIER",
    "SECRET": "secretkeysecretkey",
    "WORD": "p4ssw0rd-of-user",
}
Finder = Callable[..., list[Found]]


def placeholders(**environment: str) -> Placeholders:
    return Placeholders("src", Path("/nowhere"), {**SECRETS, **environment})


def look(system: dict[str, Any], pattern: str = "*.csv", **environment: str) -> list[Found]:
    declared = FilesSystem.model_validate({"kind": "files", **system})
    read = FileRead(pattern=pattern)
    return find(declared, read, placeholders(**environment), entity="answers", seen_before=False)


def content(found: Found, **read: Any) -> bytes:
    place = Place("src", "answers", found.label)
    with decompressed(found, FileRead(pattern="*", **read), place)() as file:
        return file.read()


def plant(folder: Path) -> Path:
    for label, body in TREE.items():
        path = folder / label
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(body)
    return folder


# a local directory ---------------------------------------------------------------------------


@pytest.mark.parametrize("pattern", PATTERNS)
def test_a_directory(tmp_path: Path, pattern: str) -> None:
    found = look({"root": str(plant(tmp_path))}, pattern)
    assert [file.label for file in found] == PATTERNS[pattern]
    assert [file.size for file in found] == [len(TREE[file.label]) for file in found]


def test_the_stamp_changes_with_the_file(tmp_path: Path) -> None:
    plant(tmp_path)
    first = {file.label: file.stamp for file in look({"root": str(tmp_path)})}
    (tmp_path / "a.csv").write_bytes(b"id\n9\n")
    os.utime(tmp_path / "a.csv", ns=(1, 1))
    second = {file.label: file.stamp for file in look({"root": str(tmp_path)})}
    assert first["a.csv"] != second["a.csv"]
    assert first["b.csv"] == second["b.csv"]


def test_a_file_that_grows_while_it_is_read_is_refused(tmp_path: Path) -> None:
    plant(tmp_path)
    found, _ = look({"root": str(tmp_path)})
    with (tmp_path / "a.csv").open("ab") as file:
        file.write(b"5\n")
    with pytest.raises(SourceUnavailableError, match=r"a\.csv: changed while it was read"):
        content(found)
    (tmp_path / "a.csv").unlink()
    (tmp_path / "a.csv").mkdir()
    with pytest.raises(UnreadableFileError, match="cannot be read"):
        content(found)


def test_nothing_there_and_nothing_matching(tmp_path: Path) -> None:
    with pytest.raises(SourceUnavailableError, match=r"directory does not exist.*CXLOOP_DATA_ROOT"):
        look({"root": str(tmp_path / "none")})
    with pytest.raises(SourceUnavailableError, match=r"no file matches `\*\.csv`"):
        look({"root": str(tmp_path)})
    system = FilesSystem(kind="files", root=str(tmp_path))
    read = FileRead(pattern="*.csv")
    assert find(system, read, placeholders(), entity="answers", seen_before=True) == []


def test_a_scheme_that_nothing_describes() -> None:
    with pytest.raises(UnusableDeclarationError, match=r"s3://bucket.*declare `s3:`"):
        look({"root": "${env:ROOT}"}, ROOT="s3://bucket/in")


# compression ---------------------------------------------------------------------------------


def packed(tmp_path: Path, name: str, body: bytes) -> Found:
    (tmp_path / name).write_bytes(body)
    (found,) = look({"root": str(tmp_path)}, name)
    return found


def zipped(path: Path, **members: bytes) -> bytes:
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, body in members.items():
            archive.writestr(name, body)
    return path.read_bytes()


ROWS = b"id,amount\n" + b"".join(b"%d,%d\n" % (n, n * n) for n in range(20_000))


def test_gzip_of_several_members_zstd_and_zip(tmp_path: Path) -> None:
    import pyarrow as pa

    half = len(ROWS) // 2
    members = gzip.compress(ROWS[:half]) + gzip.compress(ROWS[half:])
    zstd = pa.compress(ROWS[:half], "zstd", asbytes=True) + pa.compress(
        ROWS[half:], "zstd", asbytes=True
    )
    archive = zipped(tmp_path / "z", **{"in/rows.csv": ROWS, "__MACOSX/in/._rows.csv": b"x"})
    for name, body in (("a.csv.gz", members), ("a.csv.zst", zstd), ("a.ZIP", archive)):
        assert content(packed(tmp_path, name, body)) == ROWS


@pytest.mark.parametrize("name", ["cut.gz", "cut.zst", "cut.zip"])
def test_what_was_cut_off_is_named(tmp_path: Path, name: str) -> None:
    import pyarrow as pa

    whole = {
        "cut.gz": gzip.compress(ROWS),
        "cut.zst": pa.compress(ROWS, "zstd", asbytes=True),
        "cut.zip": zipped(tmp_path / "z", rows=ROWS),
    }[name]
    found = packed(tmp_path, name, whole[:-200])
    with pytest.raises(UnreadableFileError, match=rf"{name}: cannot be decompressed .*sent again"):
        content(found)
    if name != "cut.zst":  # Arrow writes no checksum into it
        damaged = whole[:2000] + bytes(20) + whole[2020:]
        with pytest.raises(UnreadableFileError, match=f"{name}: cannot be decompressed"):
            content(packed(tmp_path, name, damaged))
    with pytest.raises(UnreadableFileError, match=f"{name}: cannot be decompressed"):
        content(packed(tmp_path, name, b"id,amount\n1,2\n"))


def test_an_archive_of_several_files_or_none(tmp_path: Path) -> None:
    two = packed(tmp_path, "two.zip", zipped(tmp_path / "z", a=b"1", b=b"2"))
    with pytest.raises(UnreadableFileError, match=r"holds 2 files \(a, b\) instead of one"):
        content(two)
    with pytest.raises(UnreadableFileError, match=r"holds 0 files \(none\)"):
        content(packed(tmp_path, "none.zip", zipped(tmp_path / "y")))


def test_an_encrypted_archive(tmp_path: Path) -> None:
    body = bytearray(zipped(tmp_path / "z", rows=ROWS))
    for mark, place in ((b"PK\x03\x04", 6), (b"PK\x01\x02", 8)):
        body[body.index(mark) + place] |= 1
    with pytest.raises(UnreadableFileError, match=r"is encrypted\. .*without a password"):
        content(packed(tmp_path, "locked.zip", bytes(body)))


@pytest.mark.parametrize("name", ["bomb.gz", "bomb.zip"])
def test_a_bomb_is_stopped_by_ratio_and_by_size(tmp_path: Path, name: str) -> None:
    zeros = bytes(150_000_000)
    body = gzip.compress(zeros, 1) if name == "bomb.gz" else zipped(tmp_path / "z", rows=zeros)
    found = packed(tmp_path, name, body)
    with pytest.raises(UnreadableFileError, match="200 times its size"):
        content(found)
    with pytest.raises(UnreadableFileError, match=r"more than 0\.1 GB.*max_expanded_gb"):
        content(found, max_expanded_gb=0.1)
    rows = gzip.compress(ROWS) if name == "bomb.gz" else zipped(tmp_path / "z", rows=ROWS)
    assert content(packed(tmp_path, name, rows), max_expanded_gb=0.1) == ROWS


# S3 ------------------------------------------------------------------------------------------


@pytest.fixture(scope="module")
def store() -> Iterator[dict[str, Any]]:
    """A store with one bucket, of which one user may list and read."""
    import boto3
    import requests
    from moto.server import ThreadedMotoServer

    server = ThreadedMotoServer("127.0.0.1", 0, verbose=False)
    server.start()
    host, port = server.get_host_and_port()
    endpoint = f"http://{host}:{port}"
    root = {
        "aws_access_key_id": "root",
        "aws_secret_access_key": "root",
        "region_name": "us-east-1",
    }
    s3 = boto3.client("s3", endpoint_url=endpoint, **root)
    s3.create_bucket(Bucket="bucket")
    for label, body in TREE.items():
        s3.put_object(Bucket="bucket", Key=f"in/{label}", Body=body)
    iam = boto3.client("iam", endpoint_url=endpoint, **root)
    iam.create_user(UserName="reader")
    policy = (
        '{"Version": "2012-10-17", "Statement":'
        ' {"Effect": "Allow", "Action": ["s3:ListBucket", "s3:GetObject"], "Resource": "*"}}'
    )
    iam.put_user_policy(UserName="reader", PolicyName="read", PolicyDocument=policy)
    key = iam.create_access_key(UserName="reader")["AccessKey"]
    requests.post(f"{endpoint}/moto-api/reset-auth", data="0", timeout=10)
    yield {"endpoint": endpoint, "id": key["AccessKeyId"], "secret": key["SecretAccessKey"]}
    server.stop()


def in_store(store: dict[str, Any], root: str = "s3://bucket/in", **other: Any) -> dict[str, Any]:
    block = {
        "access_key": "${env:ID}",
        "secret_key": "${env:SECRET}",
        "endpoint": store["endpoint"],
    }
    return {"root": root, "s3": block | {"timeout_seconds": 5, "max_attempts": 1} | other}


def as_reader(store: dict[str, Any]) -> dict[str, str]:
    return {"ID": store["id"], "SECRET": store["secret"]}


@pytest.mark.parametrize("pattern", PATTERNS)
def test_a_store(store: dict[str, Any], pattern: str) -> None:
    found = look(in_store(store), pattern, **as_reader(store))
    assert [file.label for file in found] == PATTERNS[pattern]
    expected = {label: b"id\n4\n" if label.endswith("gz") else b for label, b in TREE.items()}
    assert [content(file) for file in found] == [expected[file.label] for file in found]
    again = look(in_store(store), pattern, **as_reader(store))
    assert [file.stamp for file in again] == [file.stamp for file in found]


def refused(system: dict[str, Any], **environment: str) -> str:
    with pytest.raises(SourceUnavailableError) as caught:
        look(system, **environment)
    text = str(caught.value)
    for secret in (*SECRETS.values(), *environment.values()):
        assert secret not in text
    return text


def test_a_store_that_refuses(store: dict[str, Any]) -> None:
    reader = as_reader(store)
    text = refused(in_store(store), ID="AKIANOBODYNOBODYNOBO", SECRET="nobody-nobody")
    assert "correct `access_key` and `secret_key`" in text
    text = refused(in_store(store), ID=reader["ID"], SECRET="another-another")
    assert "correct `access_key` and `secret_key`" in text
    text = refused(in_store(store, "s3://nowhere/in"), **reader)
    assert "s3://nowhere/in: " in text
    assert "correct the bucket in `root`" in text
    assert "no file matches" in refused(in_store(store, "s3://bucket/none"), **reader)
    with socket.create_server(("127.0.0.1", 0)) as closed:
        port = closed.getsockname()[1]
    text = refused(in_store(store, endpoint=f"http://127.0.0.1:{port}"), **reader)
    assert "check `endpoint` and the network" in text


def test_an_object_that_is_gone_or_another_one(store: dict[str, Any]) -> None:
    import boto3

    reader = as_reader(store)
    found, _ = look(in_store(store), **reader)
    keys = {"aws_access_key_id": "x", "aws_secret_access_key": "x", "region_name": "us-east-1"}
    import requests

    requests.post(f"{store['endpoint']}/moto-api/reset-auth", data="100000", timeout=10)
    s3 = boto3.client("s3", endpoint_url=store["endpoint"], **keys)
    s3.put_object(Bucket="bucket", Key="in/a.csv", Body=b"id\n1\n2\n")
    with pytest.raises(SourceUnavailableError, match=r"a\.csv: changed while it was read"):
        content(found)
    s3.put_object(Bucket="bucket", Key="in/a.csv", Body=b"i")
    with pytest.raises(SourceUnavailableError, match=r"s3://bucket/in/a\.csv: "):
        content(found)
    s3.delete_object(Bucket="bucket", Key="in/a.csv")
    with pytest.raises(SourceUnavailableError, match=r"s3://bucket/in/a\.csv: "):
        content(found)
    s3.put_object(Bucket="bucket", Key="in/a.csv", Body=TREE["a.csv"])
    requests.post(f"{store['endpoint']}/moto-api/reset-auth", data="0", timeout=10)


def test_a_store_lost_in_the_middle_of_a_file(store: dict[str, Any]) -> None:
    import boto3
    import requests

    requests.post(f"{store['endpoint']}/moto-api/reset-auth", data="100000", timeout=10)
    keys = {"aws_access_key_id": "x", "aws_secret_access_key": "x", "region_name": "us-east-1"}
    s3 = boto3.client("s3", endpoint_url=store["endpoint"], **keys)
    body = random.Random(1).randbytes(20_000_000)
    s3.put_object(Bucket="bucket", Key="big/big.csv", Body=body)
    port = int(store["endpoint"].rpartition(":")[2])
    with CuttingProxy(port, after=3_000_000, cuts=2) as proxy:
        system = in_store(store, "s3://bucket/big", endpoint=f"http://127.0.0.1:{proxy.port}")
        (found,) = look(system)
        assert content(found) == body
        assert proxy.connections > 2
    with CuttingProxy(port, after=3_000_000, cuts=99) as proxy:
        system = in_store(store, "s3://bucket/big", endpoint=f"http://127.0.0.1:{proxy.port}")
        (found,) = look(system)
        with pytest.raises(SourceUnavailableError, match=r"big\.csv: .*Mend: "):
            content(found)
    requests.post(f"{store['endpoint']}/moto-api/reset-auth", data="0", timeout=10)


# SFTP ----------------------------------------------------------------------------------------


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[SftpServer]:
    folder = tmp_path_factory.mktemp("sftp")
    plant(folder / "in")
    with SftpServer(folder).running() as running:
        yield running


def on_server(server: SftpServer, folder: str = "/in", **other: Any) -> dict[str, Any]:
    block = {"username": "user", "password": "${env:WORD}", "known_host": server.known_host}
    given = {"timeout_seconds": 5, "max_attempts": 2} | other
    port = given.pop("port", server.port)
    block = {name: value for name, value in (block | given).items() if value is not None}
    return {"root": f"sftp://127.0.0.1:{port}{folder}", "sftp": block}


@pytest.mark.parametrize("pattern", PATTERNS)
def test_an_sftp_server(server: SftpServer, pattern: str) -> None:
    before = server.logins
    found = look(on_server(server), pattern)
    assert [file.label for file in found] == PATTERNS[pattern]
    expected = {label: b"id\n4\n" if label.endswith("gz") else b for label, b in TREE.items()}
    assert [content(file) for file in found] == [expected[file.label] for file in found]
    assert server.logins == before + 1


def test_keys_and_fingerprints(server: SftpServer, tmp_path: Path) -> None:
    key = server.user_key.export_private_key("openssh").decode()
    path = tmp_path / "key"
    path.write_text(key)
    locked = server.user_key.export_private_key("openssh", passphrase="open sesame").decode()
    for system in (
        on_server(server, password=None, private_key="${env:KEY}"),
        on_server(server, password=None, private_key=str(path)),
        on_server(server, password=None, private_key="${env:LOCKED}", passphrase="${env:PHRASE}"),
        on_server(server, known_host=server.fingerprint),
    ):
        found = look(system, KEY=key, LOCKED=locked, PHRASE="open sesame")
        assert [file.label for file in found] == PATTERNS["*.csv"]
    with pytest.raises(UnusableDeclarationError, match="this passphrase") as caught:
        look(on_server(server, password=None, private_key="${env:LOCKED}"), LOCKED=locked)
    assert "BEGIN" not in str(caught.value)
    with pytest.raises(UnusableDeclarationError, match="file of `private_key`"):
        look(on_server(server, password=None, private_key=str(tmp_path / "none")))


def test_a_server_with_another_key_is_refused_before_a_password_is_sent(server: SftpServer) -> None:
    other = asyncssh.generate_private_key("ssh-ed25519")
    before = server.logins
    for known in (
        other.export_public_key().decode(),
        asyncssh.generate_private_key("ecdsa-sha2-nistp256").export_public_key().decode(),
        other.get_fingerprint(),
    ):
        text = refused(on_server(server, known_host=known))
        assert f"shows the key {server.fingerprint}, not the declared one" in text
        assert "by another way than this connection" in text
    assert server.logins == before
    for known in ("nonsense", "ssh-ed25519 AAAA"):
        with pytest.raises(UnusableDeclarationError, match="`known_host`"):
            look(on_server(server, known_host=known))


def test_an_sftp_server_that_refuses(server: SftpServer) -> None:
    text = refused(on_server(server), WORD="another-password")
    assert "refuses the credentials" in text
    assert "correct `username` and `password`" in text
    assert "this folder does not exist" in refused(on_server(server, "/nowhere"))
    with socket.create_server(("127.0.0.1", 0)) as closed:
        port = closed.getsockname()[1]
    assert "check the server and the network" in refused(on_server(server, port=port))


@pytest.fixture
def big(server: SftpServer) -> Iterator[bytes]:
    body = random.Random(1).randbytes(12_000_000)
    path = server.folder / "big" / "big.csv"
    path.parent.mkdir()
    path.write_bytes(body)
    yield body
    path.unlink()
    path.parent.rmdir()


def test_a_connection_lost_in_the_middle_is_taken_up_again(server: SftpServer, big: bytes) -> None:
    with CuttingProxy(server.port, after=3_000_000, cuts=1) as proxy:
        (found,) = look(on_server(server, "/big", port=proxy.port))
        assert content(found) == big
        assert proxy.connections == 2


def test_a_connection_that_is_lost_for_good_is_named(server: SftpServer, big: bytes) -> None:
    with CuttingProxy(server.port, after=3_000_000, cuts=99) as proxy:
        (found,) = look(on_server(server, "/big", port=proxy.port))
        with pytest.raises(SourceUnavailableError, match=r"big\.csv: the connection was lost"):
            content(found)


def test_a_file_that_shrinks_on_the_server(server: SftpServer, big: bytes) -> None:
    (found,) = look(on_server(server, "/big"))
    (server.folder / "big" / "big.csv").write_bytes(big[:9_000_000])
    with pytest.raises(SourceUnavailableError, match=r"big\.csv: became shorter"):
        content(found)


def test_a_file_that_changes_on_the_server(server: SftpServer, big: bytes) -> None:
    (found,) = look(on_server(server, "/big"))
    (server.folder / "big" / "big.csv").write_bytes(big + b"more")
    with pytest.raises(SourceUnavailableError, match="changed while it was read"):
        content(found)


# from the server to raw ----------------------------------------------------------------------


@pytest.mark.parametrize("kind", ["s3", "sftp"])
def test_files_of_a_server_become_raw_once(
    bench: Bench,
    store: dict[str, Any],
    server: SftpServer,
    kind: str,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    for name, value in (SECRETS | as_reader(store)).items():
        monkeypatch.setenv(name, value)
    system = {"kind": "files", **(in_store(store) if kind == "s3" else on_server(server))}
    fields = {
        "order_id": "id",
        "kind": {"const": "purchase"},
        "ordered_at": {"const": "2026-07-01"},
    }
    entity = {
        "files": {"pattern": "**/*.csv*"},
        "records": [{"record": "order", "fields": fields}],
    }
    bench.source(f"system: {json.dumps(system)}\nentities: {json.dumps({'orders': entity})}")
    assert bench.run().counts.landed == 4
    assert [row["order_id"] for row in bench.raw("order")] == ["1", "2", "3", "4"]
    assert bench.extract().rows == 0
    for path in bench.settings.lake.rglob("*"):
        if path.is_file():
            assert not any(secret.encode() in path.read_bytes() for secret in SECRETS.values())


# declarations --------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("system", "problem"),
    [
        ({"root": "ftp://host/in"}, "not ftp://"),
        ({"root": "s3://bucket/in"}, "needs `s3:`"),
        ({"root": "sftp://host/in"}, "needs `sftp:`"),
        ({"root": "sftp://me:secret@host/in", "sftp": {}}, "username"),
        ({"root": "s3://b", "s3": {"access_key": "a"}}, "go together"),
        ({"root": "s3://b", "s3": {"endpoint": "store:9000"}}, "is no address"),
        ({"root": "sftp://h/", "sftp": {"username": "u", "known_host": "k"}}, "proves who asks"),
    ],
)
def test_declarations_that_cannot_be_meant(system: dict[str, Any], problem: str) -> None:
    with pytest.raises(ValueError, match=problem):
        FilesSystem.model_validate({"kind": "files", **system})


def test_every_error_is_one_of_ours(server: SftpServer) -> None:
    with pytest.raises(ConnectorError) as caught:
        look(on_server(server), WORD="another-password")
    assert caught.value.source == "src"
    assert caught.value.entity == "answers"
    assert caught.value.mend
