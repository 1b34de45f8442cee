"""Uploads in parts: by hand and by the SDK's own upload and download of files, resumed after a failure."""

import hashlib

import pytest
import requests
from qcloud_cos.cos_exception import CosClientError

from cloud import cos_refuses, in_bucket, statement

MEGABYTE = 1024 * 1024


@pytest.fixture
def client(cloud):
    return cloud.cos(cloud.root)


def content(size: int, seed: str = "") -> bytes:
    return hashlib.shake_128(seed.encode()).digest(size)


def begin(client, bucket, key="k", **parameters) -> str:
    upload_id = client.create_multipart_upload(Bucket=bucket, Key=key, **parameters)["UploadId"]
    assert upload_id.isalnum() and upload_id == upload_id.lower()
    return upload_id


def put_part(client, bucket, upload_id, number, body, key="k") -> dict:
    answer = client.upload_part(Bucket=bucket, Key=key, Body=body, PartNumber=number, UploadId=upload_id)
    assert answer["ETag"] == f'"{hashlib.md5(body).hexdigest()}"'
    return {"PartNumber": number, "ETag": answer["ETag"]}


def complete(client, bucket, upload_id, parts, key="k", **parameters):
    return client.complete_multipart_upload(
        Bucket=bucket, Key=key, UploadId=upload_id, MultipartUpload={"Part": parts}, **parameters
    )


def read(client, bucket, key="k") -> bytes:
    return client.get_object(Bucket=bucket, Key=key)["Body"].get_raw_stream().read()


def test_by_hand(client, bucket):
    bodies = [content(MEGABYTE, "1"), content(MEGABYTE + 1, "2"), b"tail"]
    upload_id = begin(client, bucket, ContentType="image/png", Metadata={"x-cos-meta-a": "1"})
    parts = [put_part(client, bucket, upload_id, number, body) for number, body in enumerate(bodies, 1)]
    assert client.object_exists(Bucket=bucket, Key="k") is False
    done = complete(client, bucket, upload_id, parts)
    assert done["Bucket"] == bucket and done["Key"] == "k" and done["Location"].endswith("/k")
    assert done["ETag"].strip('"').endswith("-3") and len(done["ETag"].strip('"')) == 34
    head = client.head_object(Bucket=bucket, Key="k")
    assert head["ETag"] == done["ETag"]
    assert head["Content-Length"] == str(sum(map(len, bodies)))
    assert (head["Content-Type"], head["x-cos-meta-a"]) == ("image/png", "1")
    assert head["x-cos-hash-crc64ecma"] == done["x-cos-hash-crc64ecma"]
    assert read(client, bucket) == b"".join(bodies)
    across = client.get_object(Bucket=bucket, Key="k", Range=f"bytes={MEGABYTE - 2}-{2 * MEGABYTE + 3}")
    assert across["Body"].get_raw_stream().read() == b"".join(bodies)[MEGABYTE - 2 : 2 * MEGABYTE + 4]
    single = client.put_object(Bucket=bucket, Key="single", Body=b"".join(bodies))
    assert single["x-cos-hash-crc64ecma"] == done["x-cos-hash-crc64ecma"]


def test_parts_in_any_order_and_twice(client, bucket):
    upload_id = begin(client, bucket)
    second = put_part(client, bucket, upload_id, 2, b"end")
    put_part(client, bucket, upload_id, 1, content(MEGABYTE, "old"))
    first = put_part(client, bucket, upload_id, 1, content(MEGABYTE, "new"))
    complete(client, bucket, upload_id, [first, second])
    assert read(client, bucket) == content(MEGABYTE, "new") + b"end"


def test_one_small_part_is_enough(client, bucket):
    upload_id = begin(client, bucket)
    complete(client, bucket, upload_id, [put_part(client, bucket, upload_id, 1, b"small")])
    assert read(client, bucket) == b"small"


def test_tags_may_come_without_quotes(client, bucket):
    upload_id = begin(client, bucket)
    part = put_part(client, bucket, upload_id, 1, b"v")
    complete(client, bucket, upload_id, [part | {"ETag": part["ETag"].strip('"')}])
    assert read(client, bucket) == b"v"


def test_a_list_that_does_not_fit_the_parts(client, bucket):
    upload_id = begin(client, bucket)
    parts = [put_part(client, bucket, upload_id, number, content(MEGABYTE, str(number))) for number in (1, 2)]

    def refuses(code, given):
        with cos_refuses(400, code):
            complete(client, bucket, upload_id, given)

    refuses("InvalidPart", [parts[0], parts[1] | {"ETag": '"' + "0" * 32 + '"'}])
    refuses("InvalidPart", parts + [{"PartNumber": 3, "ETag": parts[0]["ETag"]}])
    refuses("InvalidPartOrder", [parts[1], parts[0]])
    refuses("InvalidPartOrder", [parts[0], parts[0]])
    assert client.object_exists(Bucket=bucket, Key="k") is False
    complete(client, bucket, upload_id, parts)


def test_a_small_part_that_is_not_the_last(client, bucket):
    upload_id = begin(client, bucket)
    parts = [
        put_part(client, bucket, upload_id, 1, content(MEGABYTE - 1)),
        put_part(client, bucket, upload_id, 2, b"v"),
    ]
    with cos_refuses(400, "EntityTooSmall"):
        complete(client, bucket, upload_id, parts)


def test_an_upload_that_is_not_there(client, bucket):
    unknown = "0" * 42
    with cos_refuses(404, "NoSuchUpload"):
        client.upload_part(Bucket=bucket, Key="k", Body=b"v", PartNumber=1, UploadId=unknown)
    with cos_refuses(404, "NoSuchUpload"):
        client.list_parts(Bucket=bucket, Key="k", UploadId=unknown)
    with cos_refuses(404, "NoSuchUpload"):
        client.abort_multipart_upload(Bucket=bucket, Key="k", UploadId=unknown)
    with cos_refuses(404, "NoSuchUpload"):
        complete(client, bucket, unknown, [{"PartNumber": 1, "ETag": '"' + "0" * 32 + '"'}])


def test_an_upload_belongs_to_its_key(client, bucket):
    upload_id = begin(client, bucket)
    with cos_refuses(404, "NoSuchUpload"):
        client.upload_part(Bucket=bucket, Key="other", Body=b"v", PartNumber=1, UploadId=upload_id)
    part = put_part(client, bucket, upload_id, 1, b"v")
    with cos_refuses(404, "NoSuchUpload"):
        complete(client, bucket, upload_id, [part], key="other")


def test_an_upload_ends_once(client, bucket):
    upload_id = begin(client, bucket)
    part = put_part(client, bucket, upload_id, 1, b"v")
    complete(client, bucket, upload_id, [part])
    with cos_refuses(404, "NoSuchUpload"):
        complete(client, bucket, upload_id, [part])
    aborted = begin(client, bucket)
    client.abort_multipart_upload(Bucket=bucket, Key="k", UploadId=aborted)
    with cos_refuses(404, "NoSuchUpload"):
        client.upload_part(Bucket=bucket, Key="k", Body=b"v", PartNumber=1, UploadId=aborted)
    assert read(client, bucket) == b"v"


@pytest.mark.parametrize("number", [0, 10001, -1])
def test_a_part_number_out_of_range(client, bucket, number):
    upload_id = begin(client, bucket)
    with cos_refuses(400, "InvalidArgument"):
        client.upload_part(Bucket=bucket, Key="k", Body=b"v", PartNumber=number, UploadId=upload_id)


def test_the_last_part_number(client, bucket):
    upload_id = begin(client, bucket)
    put_part(client, bucket, upload_id, 10000, b"v")
    [part] = client.list_parts(Bucket=bucket, Key="k", UploadId=upload_id)["Part"]
    assert part["PartNumber"] == "10000"


def test_an_upload_must_not_replace(client, bucket):
    once = {"x-cos-forbid-overwrite": "true"}
    upload_id = begin(client, bucket, Metadata=once)
    part = put_part(client, bucket, upload_id, 1, b"late")
    client.put_object(Bucket=bucket, Key="k", Body=b"early")
    with cos_refuses(409, "FileAlreadyExists"):
        complete(client, bucket, upload_id, [part], Metadata=once)
    with cos_refuses(409, "FileAlreadyExists"):
        begin(client, bucket, Metadata=once)
    assert read(client, bucket) == b"early"


def test_listing_parts_in_pages(client, bucket):
    upload_id = begin(client, bucket)
    put = {
        number: put_part(client, bucket, upload_id, number, str(number).encode()) for number in (5, 1, 3, 2)
    }
    found, marker = [], 0
    while True:
        page = client.list_parts(
            Bucket=bucket, Key="k", UploadId=upload_id, MaxParts=3, PartNumberMarker=marker
        )
        assert (page["Key"], page["UploadId"], page["MaxParts"]) == ("k", upload_id, "3")
        found += page["Part"]
        if page["IsTruncated"] == "false":
            break
        marker = int(page["NextPartNumberMarker"])
    assert [int(part["PartNumber"]) for part in found] == [1, 2, 3, 5]
    for part in found:
        assert part["ETag"] == put[int(part["PartNumber"])]["ETag"]
        assert part["Size"] == str(len(part["PartNumber"]))
        assert part["LastModified"].endswith("Z")


def test_listing_uploads(client, bucket):
    keys = ["a", "dir/1", "dir/2", "目录/1", "目录/1"]
    uploads = sorted((key, begin(client, bucket, key)) for key in keys)
    listed = client.list_multipart_uploads(Bucket=bucket)
    assert sorted((upload["Key"], upload["UploadId"]) for upload in listed["Upload"]) == uploads
    assert [upload["Key"] for upload in listed["Upload"]] == keys
    assert listed["IsTruncated"] == "false"
    below = client.list_multipart_uploads(Bucket=bucket, Prefix="dir/")
    assert [upload["Key"] for upload in below["Upload"]] == ["dir/1", "dir/2"]
    top = client.list_multipart_uploads(Bucket=bucket, Delimiter="/")
    assert [upload["Key"] for upload in top["Upload"]] == ["a"]
    assert [entry["Prefix"] for entry in top["CommonPrefixes"]] == ["dir/", "目录/"]
    found, markers = [], {}
    while True:
        page = client.list_multipart_uploads(Bucket=bucket, MaxUploads=2, **markers)
        found += [(upload["Key"], upload["UploadId"]) for upload in page["Upload"]]
        if page["IsTruncated"] == "false":
            break
        markers = {"KeyMarker": page["NextKeyMarker"], "UploadIdMarker": page["NextUploadIdMarker"]}
    assert sorted(found) == uploads and len(found) == len(uploads)


def test_a_bucket_with_an_upload_is_not_empty(client, bucket):
    begin(client, bucket)
    with cos_refuses(409, "BucketNotEmpty"):
        client.delete_bucket(Bucket=bucket)


# Files, through the SDK's own machinery.


class Watched(requests.Session):
    """Notes which parts are sent, and loses some of them."""

    def __init__(self, lost=()):
        super().__init__()
        self.sent = []
        self._lost = lost

    def put(self, url, **parameters):
        number = int(parameters.get("params", {}).get("partNumber", 0))
        if number in self._lost:
            raise requests.ConnectionError("lost on the way")
        self.sent.append(number)
        return super().put(url, **parameters)


@pytest.fixture
def file(tmp_path):
    path = tmp_path / "upload"
    path.write_bytes(content(5 * MEGABYTE + 12345, "file"))
    return path


def upload(client, bucket, file, **options):
    return client.upload_file(
        Bucket=bucket, Key="dir/文件", LocalFilePath=str(file), PartSize=1, MAXThread=4, **options
    )


@pytest.mark.parametrize("with_md5", [False, True])
def test_a_file_up_and_down(cloud, client, bucket, file, tmp_path, with_md5):
    session = Watched()
    upload(cloud.cos(cloud.root, session=session), bucket, file, EnableMD5=with_md5)
    assert sorted(session.sent) == [1, 2, 3, 4, 5, 6]
    target = tmp_path / "download"
    client.download_file(
        Bucket=bucket,
        Key="dir/文件",
        DestFilePath=str(target),
        PartSize=1,
        MAXThread=4,
        EnableCRC=True,
        DumpRecordDir=str(tmp_path),
    )
    assert target.read_bytes() == file.read_bytes()
    assert "Upload" not in client.list_multipart_uploads(Bucket=bucket)


def test_an_interrupted_file_is_resumed(cloud, client, bucket, file):
    with pytest.raises(CosClientError):
        upload(cloud.cos(cloud.root, session=Watched(lost=(3, 5))), bucket, file)
    [pending] = client.list_multipart_uploads(Bucket=bucket)["Upload"]
    again = Watched()
    upload(cloud.cos(cloud.root, session=again), bucket, file)
    assert sorted(again.sent) == [3, 5]
    assert read(client, bucket, "dir/文件") == file.read_bytes()
    with cos_refuses(404, "NoSuchUpload"):
        client.list_parts(Bucket=bucket, Key="dir/文件", UploadId=pending["UploadId"])


def test_a_changed_file_is_not_resumed(cloud, client, bucket, file):
    with pytest.raises(CosClientError):
        upload(cloud.cos(cloud.root, session=Watched(lost=(3,))), bucket, file)
    file.write_bytes(content(5 * MEGABYTE + 12345, "changed"))
    again = Watched()
    upload(cloud.cos(cloud.root, session=again), bucket, file)
    assert sorted(again.sent) == [1, 2, 3, 4, 5, 6]
    assert read(client, bucket, "dir/文件") == file.read_bytes()


def test_an_upload_goes_on_with_a_renewed_key(cloud, bucket):
    everything_here = statement("cos:*", in_bucket(bucket, "*"))
    first, second = (cloud.cos(cloud.mint(cloud.root, everything_here)) for _ in range(2))
    upload_id = begin(first, bucket)
    part = put_part(first, bucket, upload_id, 1, b"v")
    complete(second, bucket, upload_id, [part])
    assert read(second, bucket) == b"v"
