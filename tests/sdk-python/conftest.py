"""Fixtures: one server for the whole run, a bucket and a sub-account for each test that asks for them."""

import os

import pytest

import calls
from cloud import Cloud, unique
from server import APPID, Server

# The SDKs would obey these and send what is meant for the loopback interface elsewhere.
for variable in [name for name in os.environ if name.lower().endswith("_proxy")]:
    del os.environ[variable]

calls.observe()


@pytest.fixture(scope="session")
def cloud(tmp_path_factory):
    """A server that mints temporary keys of one second and more."""
    server = Server(tmp_path_factory.mktemp("server")).start()
    yield Cloud(server)
    server.stop()


@pytest.fixture(scope="session")
def documented(tmp_path_factory):
    """A server as it comes, with the documented minimum duration."""
    server = Server(tmp_path_factory.mktemp("documented"), min_session_seconds=None).start()
    yield Cloud(server)
    server.stop()


@pytest.fixture
def bucket(cloud):
    """A new bucket, emptied and removed afterwards."""
    name = f"{unique('b')}-{APPID}"
    client = cloud.cos(cloud.root)
    client.create_bucket(Bucket=name)
    yield name
    empty(client, name)
    client.delete_bucket(Bucket=name)


@pytest.fixture
def user(cloud):
    """A sub-account without permissions."""
    return cloud.new_user()


def empty(client, bucket: str):
    """Removes everything in a bucket."""
    uploads = client.list_multipart_uploads(Bucket=bucket).get("Upload", [])
    for upload in uploads:
        client.abort_multipart_upload(Bucket=bucket, Key=upload["Key"], UploadId=upload["UploadId"])
    truncated = True
    while truncated:
        page = client.list_objects(Bucket=bucket)
        for entry in page.get("Contents", []):
            # The SDK takes one leading slash for its own, so that a key which begins with one needs another.
            client.delete_object(Bucket=bucket, Key="/" + entry["Key"])
        truncated = page["IsTruncated"] == "true"
