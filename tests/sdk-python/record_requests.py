"""What the vendor's SDKs put on the wire, call by call, as `tests/vectors/requests.json` keeps it.

The unmodified SDKs are driven at a server that writes down what it receives and refuses everything: so each call is one
request, and none needs an answer of its own. The server is their HTTP proxy, so that hosts are those of the real service;
clock and keys are fixed. `python record_requests.py` writes the file anew, `test_requests.py` compares it, and the Rust
SDK's test `golden_requests` sends the same calls and compares what they have in common.
"""

import json
import threading
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from unittest import mock
from urllib.parse import parse_qsl, quote, urlsplit

from qcloud_cos import CosConfig, CosS3Client
from qcloud_cos.cos_exception import CosServiceError
from sts.sts import Scope, Sts
from tencentcloud.cam.v20190116 import cam_client
from tencentcloud.cam.v20190116 import models as cam_models
from tencentcloud.common.credential import Credential
from tencentcloud.common.exception import TencentCloudSDKException
from tencentcloud.common.profile.client_profile import ClientProfile
from tencentcloud.common.profile.http_profile import HttpProfile
from tencentcloud.sts.v20180813 import models as sts_models
from tencentcloud.sts.v20180813 import sts_client

VECTORS = Path(__file__).parents[1] / "vectors" / "requests.json"

NOW = 1_700_000_000
KEY_ID = "AKIDEXAMPLEexampleEXAMPLEexample0001"
SECRET = "ExampleSecretKeyExampleSecretKey"
TOKEN = "tok/AB+cd=="
REGION = "ap-guangzhou"
BUCKET = "photos-1250000000"
KEY = "目录/a b+c(1)~.txt"
DOTS = "a./b/../c.txt"
UPLOAD = "1700000000abcdef"
ROLE_ARN = "qcs::cam::uin/100000000001:roleName/reader"
USER = 100000000011
DOCUMENT = '{"version":"2.0","statement":[{"effect":"allow","action":["name/cos:GetObject"],"resource":["*"]}]}'
POLICY = {
    "version": "2.0",
    "statement": [
        {
            "action": ["name/cos:GetObject"],
            "effect": "allow",
            "resource": [f"qcs::cos:{REGION}:uid/1250000000:{BUCKET}/users/ann/*"],
        }
    ],
}

# What the HTTP library says of itself and of the connection, and a number that the SDK makes up for each request;
# nothing of it is signed or part of the call.
TRANSPORT = {"accept", "accept-encoding", "connection", "proxy-connection", "user-agent", "x-tc-traceid"}

DENIED = b"<Error><Code>AccessDenied</Code><Message>no</Message><Resource>/</Resource><RequestId>r</RequestId></Error>"
REFUSED = b'{"Response":{"Error":{"Code":"AuthFailure","Message":"no"},"RequestId":"r"}}'


class Recorder(ThreadingHTTPServer):
    """Writes down every request and refuses it."""

    def __init__(self):
        super().__init__(("127.0.0.1", 0), Handler)
        self.received = []

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.server_address[1]}"


class Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    # Answers leave in one piece; of two, the second would wait for the first.
    wbufsize = -1

    def answer(self):
        body = self.rfile.read(int(self.headers.get("Content-Length") or 0))
        url = urlsplit(self.path)
        headers = sorted((name.lower(), value.strip()) for name, value in self.headers.items())
        self.server.received.append(
            {
                "method": self.command,
                "host": url.netloc,
                "path": url.path,
                "query": url.query,
                "headers": [list(pair) for pair in headers if pair[0] not in TRANSPORT],
                "body": body.decode(),
            }
        )
        is_action = "tencentcloudapi" in url.netloc
        refusal = REFUSED if is_action else DENIED
        self.send_response(200 if is_action else 403)
        self.send_header("Content-Type", "application/json" if is_action else "application/xml")
        self.send_header("Content-Length", str(len(refusal)))
        self.end_headers()
        if self.command != "HEAD":
            self.wfile.write(refusal)

    do_GET = do_PUT = do_POST = do_DELETE = do_HEAD = answer

    def log_message(self, *_):
        pass


def identity(uin: int) -> dict:
    """A root account, as lists of grants name it."""
    return {"ID": f"qcs::cam::uin/{uin}:uin/{uin}", "DisplayName": str(uin)}


def object_calls():
    """The calls of the object store: the Rust SDK's name, perhaps with a variant, and the Python SDK's call."""
    place = {"Bucket": BUCKET, "Key": KEY}
    upload = place | {"UploadId": UPLOAD}
    source = {"Bucket": BUCKET, "Key": KEY, "Region": REGION}
    part = {"PartNumber": 7, "ETag": '"5eb63bbbe01eeed093cb22bb8f5acdc3"'}
    schema = {"@xmlns:xsi": "http://www.w3.org/2001/XMLSchema-instance", "@xsi:type": "CanonicalUser"}
    grantee = schema | identity(100000000002)
    owner = identity(100000000001)
    acl = {
        "AccessControlPolicy": {
            "Owner": owner,
            "AccessControlList": {"Grant": [{"Grantee": grantee, "Permission": "READ"}]},
        }
    }
    tags = {"Tagging": {"TagSet": {"Tag": [{"Key": "team", "Value": "red & blue"}]}}}
    rule = {
        "AllowedMethod": ["PUT", "GET"],
        "AllowedOrigin": ["https://app.example"],
        "AllowedHeader": ["*"],
        "ExposeHeader": ["ETag"],
        "MaxAgeSeconds": 600,
    }
    since = "Tue, 14 Nov 2023 22:13:20 GMT"
    return [
        ("list_buckets", lambda c: c.list_buckets(MaxKeys=1000)),
        ("create_bucket", lambda c: c.create_bucket(Bucket=BUCKET, ACL="private")),
        ("head_bucket", lambda c: c.head_bucket(Bucket=BUCKET)),
        ("delete_bucket", lambda c: c.delete_bucket(Bucket=BUCKET)),
        ("bucket_policy", lambda c: c.get_bucket_policy(Bucket=BUCKET)),
        ("put_bucket_policy", lambda c: c.put_bucket_policy(Bucket=BUCKET, Policy=json.loads(DOCUMENT))),
        ("delete_bucket_policy", lambda c: c.delete_bucket_policy(Bucket=BUCKET)),
        ("bucket_acl", lambda c: c.get_bucket_acl(Bucket=BUCKET)),
        ("set_bucket_acl:preset", lambda c: c.put_bucket_acl(Bucket=BUCKET, ACL="public-read")),
        ("set_bucket_acl_list", lambda c: c.put_bucket_acl(Bucket=BUCKET, **acl)),
        ("object_acl", lambda c: c.get_object_acl(**place)),
        ("set_object_acl:preset", lambda c: c.put_object_acl(**place, ACL="private")),
        (
            "set_object_acl:grants",
            lambda c: c.put_object_acl(**place, GrantRead='id="100000000002"'),
        ),
        ("set_object_acl_list", lambda c: c.put_object_acl(**place, **acl)),
        ("bucket_tags", lambda c: c.get_bucket_tagging(Bucket=BUCKET)),
        ("set_bucket_tags", lambda c: c.put_bucket_tagging(Bucket=BUCKET, **tags)),
        ("object_tags", lambda c: c.get_object_tagging(**place)),
        ("set_object_tags", lambda c: c.put_object_tagging(**place, **tags)),
        ("bucket_cors", lambda c: c.get_bucket_cors(Bucket=BUCKET)),
        ("set_bucket_cors", lambda c: c.put_bucket_cors(Bucket=BUCKET, CORSConfiguration={"CORSRule": [rule]})),
        ("delete_bucket_cors", lambda c: c.delete_bucket_cors(Bucket=BUCKET)),
        ("put_object", lambda c: c.put_object(**place, Body=b"hello world", ContentType="text/plain")),
        ("put_object:empty", lambda c: c.put_object(**place, Body=b"", ContentType="text/plain")),
        ("put_object:dots", lambda c: c.put_object(Bucket=BUCKET, Key=DOTS, Body=b"a", ContentType="text/plain")),
        (
            "put_object:headers",
            lambda c: c.put_object(
                **place,
                Body=b"hello world",
                CacheControl="no-cache",
                ContentDisposition='attachment; filename="a b.txt"',
                ContentEncoding="identity",
                ContentLanguage="de",
                ContentMD5="XrY7u+Ae7tCTyyK7j1rNww==",
                ContentType="text/plain",
                Expires=since,
                ACL="public-read",
                Metadata={"x-cos-meta-colour": "dark red"},
                StorageClass="STANDARD_IA",
                Tagging="team=red%20%26%20blue",
            ),
        ),
        (
            "put_object:grants",
            lambda c: c.put_object(
                **place, Body=b"a", ContentType="text/plain", GrantFullControl='id="100000000002"'
            ),
        ),
        ("get_object", lambda c: c.get_object(**place)),
        (
            "get_object:range",
            lambda c: c.get_object(**place, Range="bytes=5-9", IfMatch='"5eb63bbbe01eeed093cb22bb8f5acdc3"'),
        ),
        (
            "get_object:since",
            lambda c: c.get_object(**place, IfModifiedSince=since, Range="bytes=-5"),
        ),
        (
            "get_object:overrides",
            lambda c: c.get_object(
                **place,
                ResponseContentType="text/html; charset=utf-8",
                ResponseContentDisposition="inline",
                ResponseCacheControl="no-store",
            ),
        ),
        ("head_object", lambda c: c.head_object(**place)),
        ("delete_object", lambda c: c.delete_object(**place)),
        (
            "delete_objects",
            lambda c: c.delete_objects(
                Bucket=BUCKET, Delete={"Quiet": "true", "Object": [{"Key": KEY}, {"Key": "a&b<c>"}]}
            ),
        ),
        ("copy_object", lambda c: c.copy_object(**place, CopySource=source)),
        (
            "copy_object:replaced",
            lambda c: c.copy_object(
                **place, CopySource=source, CopyStatus="Replaced", ContentType="text/plain"
            ),
        ),
        ("initiate_multipart_upload", lambda c: c.create_multipart_upload(**place, ContentType="text/plain")),
        ("upload_part", lambda c: c.upload_part(**upload, Body=b"hello world", PartNumber=7)),
        (
            "upload_part_copy",
            lambda c: c.upload_part_copy(
                **upload, PartNumber=7, CopySource=source, CopySourceRange="bytes=0-1048575"
            ),
        ),
        (
            "complete_multipart_upload",
            lambda c: c.complete_multipart_upload(**upload, MultipartUpload={"Part": [part]}),
        ),
        ("abort_multipart_upload", lambda c: c.abort_multipart_upload(**upload)),
        ("list_parts", lambda c: c.list_parts(**upload, EncodingType="url")),
        (
            "list_multipart_uploads",
            lambda c: c.list_multipart_uploads(Bucket=BUCKET, Prefix="目录/", EncodingType="url"),
        ),
        (
            "list_objects",
            lambda c: c.list_objects(
                Bucket=BUCKET, Prefix="目录/", Delimiter="/", Marker="目录/a b", MaxKeys=1000, EncodingType="url"
            ),
        ),
        ("list_objects:plain", lambda c: c.list_objects(Bucket=BUCKET, EncodingType="url")),
    ]


def sts_calls():
    """The token service's actions and what they are asked with."""
    # The documentation wants it percent-encoded.
    policy = quote(json.dumps(POLICY, separators=(",", ":")), safe="")
    return [
        ("GetFederationToken", {"Name": "ann", "Policy": policy, "DurationSeconds": 1800}),
        (
            "AssumeRole",
            {
                "RoleArn": ROLE_ARN,
                "RoleSessionName": "ann",
                "DurationSeconds": 1800,
                "Policy": policy,
                "ExternalId": "shop-7",
                "Tags": [{"Key": "team", "Value": "red"}],
                "SourceIdentity": "ann@example",
            },
        ),
        (
            "AssumeRoleWithWebIdentity",
            {
                "ProviderId": "workers",
                "WebIdentityToken": "a.b.c",
                "RoleArn": ROLE_ARN,
                "RoleSessionName": "ann",
                "DurationSeconds": 1800,
            },
        ),
        ("GetSessionToken", {"DurationSeconds": 1800}),
        ("GetCallerIdentity", {}),
        ("QueryApiKey", {"TargetUin": USER}),
    ]


def cam_calls():
    """The access management's actions and what they are asked with."""
    page = {"Page": 1, "Rp": 200}
    return [
        ("AddUser", {"Name": "ann", "Remark": "a remark", "ConsoleLogin": 0, "UseApi": 1}),
        ("GetUser", {"Name": "ann"}),
        ("ListUsers", {}),
        ("UpdateUser", {"Name": "ann", "Remark": "other", "Email": "ann@example.com"}),
        ("DeleteUser", {"Name": "ann", "Force": 1}),
        ("DescribeSubAccounts", {"FilterSubAccountUin": [USER]}),
        ("ListCollaborators", {}),
        ("GetUserAppId", {}),
        ("GetAccountSummary", {}),
        ("CreateAccessKey", {"TargetUin": USER, "Description": "laptop"}),
        ("ListAccessKeys", {"TargetUin": USER}),
        ("UpdateAccessKey", {"AccessKeyId": "AKIDother", "Status": "Inactive", "TargetUin": USER}),
        ("DeleteAccessKey", {"AccessKeyId": "AKIDother", "TargetUin": USER}),
        ("GetSecurityLastUsed", {"SecretIdList": ["AKIDother"]}),
        ("CreatePolicy", {"PolicyName": "readers", "PolicyDocument": DOCUMENT, "Description": "read"}),
        ("GetPolicy", {"PolicyId": 7}),
        ("UpdatePolicy", {"PolicyId": 7, "Description": "other", "PolicyDocument": DOCUMENT}),
        ("ListPolicies", {"Scope": "Local", "Keyword": "read"} | page),
        ("DeletePolicy", {"PolicyId": [7, 8]}),
        ("AttachUserPolicy", {"PolicyId": 7, "AttachUin": USER}),
        ("DetachUserPolicy", {"PolicyId": 7, "DetachUin": USER}),
        ("ListAttachedUserPolicies", {"TargetUin": USER} | page),
        ("ListAttachedUserAllPolicies", {"TargetUin": USER, "AttachType": 0} | page),
        ("ListEntitiesForPolicy", {"PolicyId": 7, "EntityFilter": "User"} | page),
        ("CreatePolicyVersion", {"PolicyId": 7, "PolicyDocument": DOCUMENT, "SetAsDefault": True}),
        ("GetPolicyVersion", {"PolicyId": 7, "VersionId": 2}),
        ("ListPolicyVersions", {"PolicyId": 7}),
        ("DeletePolicyVersion", {"PolicyId": 7, "VersionId": [2]}),
        ("SetDefaultPolicyVersion", {"PolicyId": 7, "VersionId": 2}),
        ("CreateGroup", {"GroupName": "team", "Remark": "a remark"}),
        ("GetGroup", {"GroupId": 9}),
        ("ListGroups", {"Keyword": "te"} | page),
        ("UpdateGroup", {"GroupId": 9, "GroupName": "crew", "Remark": "other"}),
        ("DeleteGroup", {"GroupId": 9}),
        ("AddUserToGroup", {"Info": [{"GroupId": 9, "Uin": USER}]}),
        ("RemoveUserFromGroup", {"Info": [{"GroupId": 9, "Uin": USER}]}),
        ("ListGroupsForUser", {"SubUin": USER} | page),
        ("ListUsersForGroup", {"GroupId": 9} | page),
        ("AttachGroupPolicy", {"PolicyId": 7, "AttachGroupId": 9}),
        ("DetachGroupPolicy", {"PolicyId": 7, "DetachGroupId": 9}),
        ("ListAttachedGroupPolicies", {"TargetGroupId": 9} | page),
        ("PutUserPermissionsBoundary", {"TargetUin": USER, "PolicyId": 7}),
        ("DeleteUserPermissionsBoundary", {"TargetUin": USER}),
        ("GetUserPermissionBoundary", {"TargetUin": USER}),
        (
            "CreateRole",
            {
                "RoleName": "reader",
                "PolicyDocument": DOCUMENT,
                "Description": "reads",
                "ConsoleLogin": 0,
                "SessionDuration": 7200,
                "Tags": [{"Key": "team", "Value": "red"}],
            },
        ),
        ("GetRole", {"RoleName": "reader"}),
        ("DescribeRoleList", {"Tags": [{"Key": "team", "Value": "red"}]} | page),
        ("DeleteRole", {"RoleName": "reader"}),
        ("UpdateAssumeRolePolicy", {"PolicyDocument": DOCUMENT, "RoleName": "reader"}),
        ("UpdateRoleDescription", {"Description": "other", "RoleName": "reader"}),
        ("UpdateRoleSessionDuration", {"SessionDuration": 3600, "RoleName": "reader"}),
        ("UpdateRoleConsoleLogin", {"ConsoleLogin": 1, "RoleName": "reader"}),
        ("TagRole", {"Tags": [{"Key": "team", "Value": "red"}], "RoleName": "reader"}),
        ("UntagRole", {"TagKeys": ["team"], "RoleName": "reader"}),
        ("AttachRolePolicy", {"PolicyId": 7, "AttachRoleName": "reader"}),
        ("DetachRolePolicy", {"PolicyId": 7, "DetachRoleName": "reader"}),
        ("ListAttachedRolePolicies", {"RoleName": "reader"} | page),
        ("PutRolePermissionsBoundary", {"PolicyId": 7, "RoleName": "reader"}),
        ("DeleteRolePermissionsBoundary", {"RoleName": "reader"}),
        ("GetRolePermissionBoundary", {"RoleId": "4611686018427397919"}),
        (
            "CreateOIDCConfig",
            {
                "IdentityUrl": "https://issuer.example",
                "ClientId": ["app"],
                "Name": "workers",
                "IdentityKey": "e30=",
                "AutoRotateKey": 0,
                "Description": "ci",
            },
        ),
        ("DescribeOIDCConfig", {"Name": "workers"}),
        (
            "UpdateOIDCConfig",
            {
                "IdentityUrl": "https://issuer.example",
                "ClientId": ["app"],
                "Name": "workers",
                "IdentityKey": "e30=",
                "AutoRotateKey": 0,
                "Description": "ci",
            },
        ),
        ("DeleteOIDCConfig", {"Name": "workers"}),
    ]


def record() -> dict:
    """All requests, as the file has them."""
    recorder = Recorder()
    threading.Thread(target=recorder.serve_forever, daemon=True).start()
    try:
        with mock.patch("time.time", return_value=float(NOW)), mock.patch("random.randint", return_value=150_000):
            return {
                "about": "What the vendor's Python SDKs send: made by tests/sdk-python/record_requests.py, not by hand.",
                "now": NOW,
                "key": {"id": KEY_ID, "secret": SECRET, "token": TOKEN},
                "objects": _objects(recorder),
                "links": _links(),
                "actions": _actions(recorder),
                "cos_sts": _cos_sts(recorder),
            }
    finally:
        recorder.shutdown()
        recorder.server_close()


def _objects(recorder) -> list:
    config = CosConfig(
        Region=REGION,
        SecretId=KEY_ID,
        SecretKey=SECRET,
        Token=TOKEN,
        Scheme="http",
        Proxies={"http": recorder.url},
    )
    recorded = []
    for name, call in object_calls():
        client = CosS3Client(config, retry=0)
        with _one_request(recorder, name, CosServiceError) as request:
            call(client)
        recorded.append({"call": name} | request)
    return recorded


def _links() -> list:
    """Links are not sent; what they are is known at once."""
    config = CosConfig(Region=REGION, SecretId=KEY_ID, SecretKey=SECRET, Token=TOKEN, Scheme="http")
    client = CosS3Client(config)
    token = {"x-cos-security-token": TOKEN}
    options = {"Bucket": BUCKET, "Key": KEY, "Expired": 600}
    overrides = {"response-content-disposition": "attachment"}
    signed = client.get_auth("PUT", BUCKET, KEY, Expired=600, Headers={"Content-Type": "text/plain"})
    return [
        {"call": "presign_get", "text": client.get_presigned_url(Method="GET", Params=token, **options)},
        {
            "call": "presign_get:overrides",
            "text": client.get_presigned_url(Method="GET", Params=token | overrides, **options),
        },
        {"call": "presign_put", "text": client.get_presigned_url(Method="PUT", Params=token, **options)},
        {"call": "sign_put", "text": signed},
    ]


def _actions(recorder) -> list:
    profile = ClientProfile(httpProfile=HttpProfile(protocol="http", proxy=recorder.url))
    credential = Credential(KEY_ID, SECRET, TOKEN)
    services = [
        (sts_client.StsClient(credential, REGION, profile), sts_models, sts_calls()),
        (cam_client.CamClient(credential, REGION, profile), cam_models, cam_calls()),
    ]
    recorded = []
    for client, models, calls in services:
        for action, parameters in calls:
            model = getattr(models, f"{action}Request")()
            # Nothing is silently left out that the SDK does not know.
            unknown = [name for name in parameters if not hasattr(model, name)]
            assert not unknown, f"{action}: {unknown}"
            model._deserialize(parameters)
            with _one_request(recorder, action, TencentCloudSDKException) as request:
                getattr(client, action)(model)
            _forget_version(request)
            recorded.append({"call": action} | request)
    return recorded


def _cos_sts(recorder) -> dict:
    """The COS STS SDK: the policy that it makes of scopes, and how it asks for a key."""
    scopes = [
        Scope("name/cos:PutObject", BUCKET, REGION, "users/ann/*"),
        Scope("name/cos:GetObject", BUCKET, REGION, "users/ann/*"),
    ]
    policy = Sts.get_policy(scopes)
    options = {"secret_id": KEY_ID, "secret_key": SECRET, "policy": policy, "region": REGION}
    options |= {"url": "http://sts.tencentcloudapi.com/", "proxy": {"http": recorder.url}}
    with _one_request(recorder, "get_credential", Exception) as request:
        Sts(options).get_credential()
    return {"policy": policy, "parameters": dict(parse_qsl(request["body"]))}


@contextmanager
def _one_request(recorder, name, refusal):
    """The body of the `with` makes one request, which is refused."""
    recorder.received.clear()
    request = {}
    try:
        yield request
    except refusal:
        pass
    else:
        raise AssertionError(f"{name}: it was not refused")
    assert len(recorder.received) == 1, f"{name}: {recorder.received}"
    request.update(recorder.received[0])


def _forget_version(request):
    """The SDK tells its version in each request; that is not what a call is."""
    for pair in request["headers"]:
        if pair[0] == "x-tc-requestclient":
            pair[1] = "SDK_PYTHON"


def text(requests: dict) -> str:
    """JSON with a line for each request, so that a changed one is one changed line."""
    parts = []
    for name, value in requests.items():
        if isinstance(value, list):
            lines = ",\n".join("  " + json.dumps(entry, ensure_ascii=False) for entry in value)
            parts.append(f' "{name}": [\n{lines}\n ]')
        else:
            parts.append(f' "{name}": {json.dumps(value, ensure_ascii=False)}')
    return "{\n" + ",\n".join(parts) + "\n}\n"


if __name__ == "__main__":
    VECTORS.write_text(text(record()), "utf-8")
