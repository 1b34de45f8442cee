package daypass;

import static daypass.Cloud.USUAL;
import static daypass.Cloud.ask;
import static daypass.Cloud.cam;
import static daypass.Cloud.policy;
import static daypass.Cloud.refusesAction;
import static daypass.Cloud.root;
import static daypass.Cloud.statement;
import static daypass.Cloud.sts;
import static daypass.Cloud.unique;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Map;

import org.junit.jupiter.api.DynamicTest;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.TestFactory;
import org.junit.jupiter.api.extension.ExtendWith;

import com.qcloud.cos.http.HttpProtocol;
import com.tencentcloudapi.cam.v20190116.CamClient;
import com.tencentcloudapi.cam.v20190116.models.AccessKey;
import com.tencentcloudapi.cam.v20190116.models.AddUserResponse;
import com.tencentcloudapi.cam.v20190116.models.CreateAccessKeyResponse;
import com.tencentcloudapi.cam.v20190116.models.CreatePolicyResponse;
import com.tencentcloudapi.cam.v20190116.models.GetPolicyResponse;
import com.tencentcloudapi.cam.v20190116.models.GetUserResponse;
import com.tencentcloudapi.cam.v20190116.models.ListAccessKeysResponse;
import com.tencentcloudapi.cam.v20190116.models.ListAttachedUserPoliciesResponse;
import com.tencentcloudapi.cam.v20190116.models.ListPoliciesResponse;
import com.tencentcloudapi.cam.v20190116.models.ListUsersResponse;
import com.tencentcloudapi.sts.v20180813.StsClient;
import com.tencentcloudapi.sts.v20180813.models.GetCallerIdentityResponse;
import com.tencentcloudapi.sts.v20180813.models.QueryApiKeyResponse;

import daypass.Server.Key;

/** The token service and the access management through the general SDK, in every way that it signs and sends. */
@ExtendWith(Cloud.class)
class ApiTest {
    interface Body {
        void run(HttpProtocol protocol, Cloud.Way way) throws Exception;
    }

    private static List<DynamicTest> inEveryWay(Body body) {
        List<DynamicTest> tests = new ArrayList<>();
        for (HttpProtocol protocol : Cloud.PROTOCOLS) {
            for (Cloud.Way way : Cloud.WAYS) {
                tests.add(DynamicTest.dynamicTest(protocol + " " + way, () -> body.run(protocol, way)));
            }
        }
        return tests;
    }

    @TestFactory
    List<DynamicTest> tokens() {
        return inEveryWay((protocol, way) -> {
            StsClient client = sts(root(), protocol, way);
            GetCallerIdentityResponse caller = ask(client, "GetCallerIdentity", Map.of());
            assertEquals(caller.getAccountId(), caller.getUserId());
            refusesAction("MissingParameter", client, "GetFederationToken", Map.of("Policy", policy()));
            refusesAction("InvalidParameter.ParamError", client, "GetFederationToken", Map.of("Name", "not a name"));
            QueryApiKeyResponse keys = ask(client, "QueryApiKey", Map.of());
            assertEquals(root().id(), keys.getIdKeys()[0].getSecretId());
        });
    }

    @TestFactory
    List<DynamicTest> usersAndTheirKeys() {
        return inEveryWay((protocol, way) -> {
            CamClient client = cam(root(), protocol, way);
            String name = unique("user");
            AddUserResponse made = ask(client, "AddUser", Map.of("Name", name, "Remark", "说明", "UseApi", 1));
            refusesAction("InvalidParameter.SubUserNameInUse", client, "AddUser", Map.of("Name", name));
            refusesAction("InvalidParameter.UserNameIllegal", client, "AddUser", Map.of("Name", "a b"));
            GetUserResponse found = ask(client, "GetUser", Map.of("Name", name));
            assertEquals(List.of(made.getUin(), "说明"), List.of(found.getUin(), found.getRemark()));
            ListUsersResponse all = ask(client, "ListUsers", Map.of());
            assertTrue(Arrays.stream(all.getData()).anyMatch(user -> user.getName().equals(name)));
            accessKeys(client, made);
            refusesAction("AuthFailure.UnauthorizedOperation",
                    cam(new Key(made.getSecretId(), made.getSecretKey(), null), protocol, way), "ListUsers", Map.of());
            refusesAction("OperationDenied.HaveKeys", client, "DeleteUser", Map.of("Name", name));
            ask(client, "DeleteUser", Map.of("Name", name, "Force", 1));
            refusesAction("ResourceNotFound.UserNotExist", client, "GetUser", Map.of("Name", name));
        });
    }

    private static void accessKeys(CamClient client, AddUserResponse user) throws Exception {
        Long uin = user.getUin();
        CreateAccessKeyResponse second = ask(client, "CreateAccessKey", Map.of("TargetUin", uin));
        String id = second.getAccessKey().getAccessKeyId();
        refusesAction("OperationDenied.AccessKeyOverLimit", client, "CreateAccessKey", Map.of("TargetUin", uin));
        refusesAction("OperationDenied.UinNotMatch", client, "DeleteAccessKey", Map.of("AccessKeyId", id));
        refusesAction("InvalidParameterValue", client, "UpdateAccessKey",
                Map.of("AccessKeyId", id, "Status", "Sleeping", "TargetUin", uin));
        ask(client, "UpdateAccessKey", Map.of("AccessKeyId", id, "Status", "Inactive", "TargetUin", uin));
        ListAccessKeysResponse listed = ask(client, "ListAccessKeys", Map.of("TargetUin", uin));
        List<String> states = Arrays.stream(listed.getAccessKeys()).filter(key -> key.getAccessKeyId().equals(id)).map(AccessKey::getStatus).toList();
        assertEquals(List.of("Inactive"), states);
        ask(client, "DeleteAccessKey", Map.of("AccessKeyId", id, "TargetUin", uin));
        refusesAction("ResourceNotFound.SecretNotExist", client, "DeleteAccessKey", Map.of("AccessKeyId", id, "TargetUin", uin));
    }

    @TestFactory
    List<DynamicTest> policies() {
        return inEveryWay((protocol, way) -> {
            CamClient client = cam(root(), protocol, way);
            String name = unique("policy");
            String document = policy(statement("*", "cos:GetObject"));
            Map<String, Object> wanted = Map.of("PolicyName", name, "PolicyDocument", document);
            CreatePolicyResponse made = ask(client, "CreatePolicy", wanted);
            Long id = made.getPolicyId();
            refusesAction("FailedOperation.PolicyNameInUse", client, "CreatePolicy", wanted);
            refusesAction("InvalidParameter.EffectError", client, "CreatePolicy",
                    Map.of("PolicyName", unique("p"), "PolicyDocument", document.replace("allow", "maybe")));
            GetPolicyResponse found = ask(client, "GetPolicy", Map.of("PolicyId", id));
            assertEquals(document, found.getPolicyDocument());
            ListPoliciesResponse listed = ask(client, "ListPolicies", Map.of("Keyword", name, "Scope", "Local"));
            assertEquals(1, listed.getTotalNum());
            attachments(client, id);
            ask(client, "DeletePolicy", Map.of("PolicyId", List.of(id)));
            refusesAction("ResourceNotFound.PolicyIdNotFound", client, "GetPolicy", Map.of("PolicyId", id));
        });
    }

    private static void attachments(CamClient client, Long policy) throws Exception {
        AddUserResponse user = ask(client, "AddUser", Map.of("Name", unique("user")));
        Map<String, Object> attachment = Map.of("PolicyId", policy, "AttachUin", user.getUin());
        ask(client, "AttachUserPolicy", attachment);
        assertEquals(1, attached(client, user));
        ask(client, "DetachUserPolicy", Map.of("PolicyId", policy, "DetachUin", user.getUin()));
        assertEquals(0, attached(client, user));
    }

    private static long attached(CamClient client, AddUserResponse user) throws Exception {
        ListAttachedUserPoliciesResponse attached = ask(client, "ListAttachedUserPolicies", Map.of("TargetUin", user.getUin()));
        return attached.getTotalNum();
    }

    @Test
    void actionsThatAreNotOffered() throws Exception {
        refusesAction("UnsupportedOperation", cam(root(), HttpProtocol.http, USUAL), "CreateSAMLProvider", Map.of());
    }
}
