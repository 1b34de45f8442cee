package daypass;

import static daypass.Cloud.ask;
import static daypass.Cloud.cam;
import static daypass.Cloud.cos;
import static daypass.Cloud.inBucket;
import static daypass.Cloud.newBucket;
import static daypass.Cloud.policy;
import static daypass.Cloud.refuses;
import static daypass.Cloud.refusesAction;
import static daypass.Cloud.root;
import static daypass.Cloud.statement;
import static daypass.Cloud.sts;
import static daypass.Cloud.unique;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.util.ArrayList;
import java.util.Arrays;
import java.util.HashMap;
import java.util.List;
import java.util.Map;

import org.junit.jupiter.api.DynamicTest;
import org.junit.jupiter.api.TestFactory;
import org.junit.jupiter.api.extension.ExtendWith;

import com.qcloud.cos.COSClient;
import com.qcloud.cos.http.HttpProtocol;
import com.tencentcloudapi.cam.v20190116.CamClient;
import com.tencentcloudapi.cam.v20190116.models.CreatePolicyResponse;
import com.tencentcloudapi.cam.v20190116.models.CreateRoleResponse;
import com.tencentcloudapi.cam.v20190116.models.DescribeRoleListResponse;
import com.tencentcloudapi.cam.v20190116.models.GetRoleResponse;
import com.tencentcloudapi.cam.v20190116.models.ListAttachedRolePoliciesResponse;
import com.tencentcloudapi.sts.v20180813.StsClient;
import com.tencentcloudapi.sts.v20180813.models.AssumeRoleResponse;
import com.tencentcloudapi.sts.v20180813.models.Credentials;
import com.tencentcloudapi.sts.v20180813.models.GetCallerIdentityResponse;

import daypass.Server.Key;

/** The life of a role by the general SDK, and sessions that act as it. */
@ExtendWith(Cloud.class)
class RolesTest {
    @TestFactory
    List<DynamicTest> roles() {
        List<DynamicTest> tests = new ArrayList<>();
        for (HttpProtocol protocol : Cloud.PROTOCOLS) {
            for (Cloud.Way way : Cloud.WAYS) {
                tests.add(DynamicTest.dynamicTest(protocol + " " + way, () -> lifeOfARole(protocol, way)));
            }
        }
        return tests;
    }

    private static void lifeOfARole(HttpProtocol protocol, Cloud.Way way) throws Exception {
        CamClient cam = cam(root(), protocol, way);
        StsClient sts = sts(root(), protocol, way);
        GetCallerIdentityResponse caller = ask(sts, "GetCallerIdentity", Map.of());
        String account = "qcs::cam::uin/" + caller.getAccountId();
        String name = unique("role");
        String bucket = newBucket();
        String id = role(cam, name, account);
        Long policy = policyOf(cam, name, id, bucket);

        Map<String, Object> wanted = new HashMap<>(Map.of("RoleArn", account + ":roleName/" + name, "RoleSessionName", "java",
                "SourceIdentity", "ann", "Tags", List.of(Map.of("Key", "team", "Value", "photos"))));
        COSClient whole = cos(assume(sts, wanted), protocol);
        wanted.put("Policy", policy(statement(inBucket(bucket, "alice/*"), "name/cos:PutObject")));
        COSClient narrowed = cos(assume(sts, wanted), protocol);
        narrowed.putObject(bucket, "alice/k", "v");
        refuses(403, "AccessDenied", () -> narrowed.getObject(bucket, "alice/k"));
        whole.getObject(bucket, "alice/k").close();

        ask(cam, "DetachRolePolicy", Map.of("DetachRoleId", id, "PolicyId", policy));
        assertEquals(0, attached(cam, id));
        refuses(403, "AccessDenied", () -> whole.getObject(bucket, "alice/k"));
        ask(cam, "DeleteRole", Map.of("RoleName", name));
        refuses(403, "InvalidAccessKeyId", () -> whole.getObject(bucket, "alice/k"));
        refusesAction("InvalidParameter.RoleNotExist", cam, "DeleteRole", Map.of("RoleName", name));
        refusesAction("ResourceNotFound.RoleNotFound", sts, "AssumeRole", wanted);
    }

    /** A new role that the account trusts; its number. */
    private static String role(CamClient cam, String name, String account) throws Exception {
        Map<String, Object> wanted = Map.of("RoleName", name, "PolicyDocument", trust(account + ":root"), "Description", "说明");
        CreateRoleResponse made = ask(cam, "CreateRole", wanted);
        String id = made.getRoleId();
        refusesAction("InvalidParameter.RoleNameInUse", cam, "CreateRole", wanted);
        GetRoleResponse found = ask(cam, "GetRole", Map.of("RoleId", id));
        assertEquals(List.of(name, "说明"), List.of(found.getRoleInfo().getRoleName(), found.getRoleInfo().getDescription()));
        DescribeRoleListResponse listed = ask(cam, "DescribeRoleList", Map.of("Page", 1, "Rp", 200));
        assertTrue(Arrays.stream(listed.getList()).anyMatch(role -> role.getRoleId().equals(id)));
        ask(cam, "TagRole", Map.of("RoleName", name, "Tags", List.of(Map.of("Key", "team", "Value", "photos"))));
        found = ask(cam, "GetRole", Map.of("RoleName", name));
        assertEquals(1, found.getRoleInfo().getTags().length);
        ask(cam, "UntagRole", Map.of("RoleName", name, "TagKeys", List.of("team")));
        ask(cam, "UpdateRoleDescription", Map.of("RoleName", name, "Description", "other"));
        refusesAction("InvalidParameter.PrincipalQcsNotExist", cam, "UpdateAssumeRolePolicy",
                Map.of("RoleName", name, "PolicyDocument", trust(account + ":uin/1")));
        return id;
    }

    private static String trust(String principal) {
        Map<String, Object> statement = Map.of("effect", "allow", "action", List.of("name/sts:AssumeRole"),
                "principal", Map.of("qcs", List.of(principal)));
        return policy(statement);
    }

    /** What the role may do in the bucket, as a policy of its own. */
    private static Long policyOf(CamClient cam, String name, String id, String bucket) throws Exception {
        String document = policy(statement(inBucket(bucket, "*"), "name/cos:PutObject", "name/cos:GetObject"));
        CreatePolicyResponse made = ask(cam, "CreatePolicy", Map.of("PolicyName", unique("policy"), "PolicyDocument", document));
        ask(cam, "AttachRolePolicy", Map.of("AttachRoleName", name, "PolicyId", made.getPolicyId()));
        assertEquals(1, attached(cam, id));
        return made.getPolicyId();
    }

    private static long attached(CamClient cam, String id) throws Exception {
        ListAttachedRolePoliciesResponse listed = ask(cam, "ListAttachedRolePolicies", Map.of("RoleId", id, "Page", 1, "Rp", 10));
        return listed.getTotalNum();
    }

    private static Key assume(StsClient sts, Map<String, Object> wanted) throws Exception {
        AssumeRoleResponse answer = ask(sts, "AssumeRole", wanted);
        Credentials made = answer.getCredentials();
        return new Key(made.getTmpSecretId(), made.getTmpSecretKey(), made.getToken());
    }
}
