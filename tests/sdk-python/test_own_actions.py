"""Actions that no other service has, through the general client of the unmodified SDK: what policies mean, and the trail."""

import json

from tencentcloud.common.common_client import CommonClient

from cloud import TC3
from server import REGION

VERSION = "2026-11-01"


def call(cloud, key, action, parameters):
    profile = cloud._profile(TC3, "POST")
    client = CommonClient("cam", VERSION, cloud._credential(key), REGION, profile=profile)
    return client.call_json(action, parameters)["Response"]


WIDE = json.dumps({"version": "2.0", "statement": [{"effect": "allow", "action": "*", "resource": "*"}]})


def test_findings_about_a_policy(cloud):
    found = call(cloud, cloud.root, "LintPolicy", {"PolicyDocument": WIDE, "Kind": "session"})["Findings"]
    assert "L03" in {finding["Rule"] for finding in found}


def test_what_remains_of_a_policy(cloud):
    told = call(cloud, cloud.root, "DescribeEffective", {"Policy": WIDE})
    assert told["Rows"][0]["actions"] == [["*"]]
    assert told["Picture"].startswith("<svg")


def test_the_trail_is_searched(cloud):
    request = call(cloud, cloud.root, "LintPolicy", {"PolicyDocument": WIDE, "Kind": "identity"})["RequestId"]
    told = call(cloud, cloud.root, "SearchAudit", {"TargetRequestId": request})
    assert [record["operation"] for record in told["Records"]] == ["cam:LintPolicy"]
