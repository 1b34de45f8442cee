"""A gigabyte through the SDK with a temporary key, from four threads, while the server's memory stays small."""

import filecmp
import os
from tempfile import TemporaryDirectory

import pytest

from cloud import Cloud, in_bucket, statement
from server import APPID, Server

GIGABYTE = 1024**3
MEGABYTE = 1024**2
MOST_MEMORY = 200 * MEGABYTE
PART_MEGABYTES = 8


@pytest.fixture
def own_server(tmp_path):
    """A server whose memory only this test uses."""
    server = Server(tmp_path).start()
    yield server
    server.stop()


def test_a_gigabyte(own_server, tmp_path):
    cloud = Cloud(own_server)
    bucket = f"large-{APPID}"
    cloud.cos(cloud.root).create_bucket(Bucket=bucket)
    client = cloud.cos(cloud.mint(cloud.root, statement("cos:*", in_bucket(bucket, "alice/*"))))
    with TemporaryDirectory(dir=tmp_path) as folder:
        source, target = os.path.join(folder, "source"), os.path.join(folder, "target")
        with open(source, "wb") as file:
            for _ in range(GIGABYTE // MEGABYTE):
                file.write(os.urandom(MEGABYTE))
        transfer = {"Bucket": bucket, "Key": "alice/large", "PartSize": PART_MEGABYTES, "MAXThread": 4}
        client.upload_file(LocalFilePath=source, **transfer)
        head = client.head_object(Bucket=bucket, Key="alice/large")
        assert head["Content-Length"] == str(GIGABYTE)
        assert head["ETag"].endswith(f'-{GIGABYTE // MEGABYTE // PART_MEGABYTES}"')
        client.download_file(DestFilePath=target, DumpRecordDir=folder, **transfer)
        assert filecmp.cmp(source, target, shallow=False)
    client.delete_object(Bucket=bucket, Key="alice/large")
    peak = own_server.peak_memory_bytes()
    print(f"peak memory of the server: {peak / MEGABYTE:.0f} MiB")
    assert peak < MOST_MEMORY
