package daypass;

import static daypass.Cloud.USUAL;
import static daypass.Cloud.cos;
import static daypass.Cloud.credential;
import static daypass.Cloud.inBucket;
import static daypass.Cloud.mint;
import static daypass.Cloud.newBucket;
import static daypass.Cloud.policy;
import static daypass.Cloud.refuses;
import static daypass.Cloud.refusesAction;
import static daypass.Cloud.root;
import static daypass.Cloud.statement;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;

import java.io.IOException;
import java.util.List;
import java.util.Map;

import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.ExtendWith;

import com.qcloud.cos.http.HttpProtocol;

import daypass.Server.Key;

/** Wrong keys, wrong tokens, ended keys, each with its exact code. */
@ExtendWith(Cloud.class)
class RefusalsTest {
    private static final String NOBODY = "AKID" + "x".repeat(32);

    @Test
    void keysThatAreNone() throws Exception {
        String bucket = newBucket();
        cos(root()).putObject(bucket, "k", "v");
        Map<String, Object> all = statement(inBucket(bucket, "*"), "name/cos:*");
        Key one = mint(1800, all);
        Key two = mint(1800, all);
        assertEquals("v", SceneTest.read(cos(one), bucket, "k"));
        Map<Key, String> wrong = Map.of(
                new Key(NOBODY, root().secret(), null), "InvalidAccessKeyId",
                new Key(root().id(), "x".repeat(32), null), "SignatureDoesNotMatch",
                new Key(one.id(), one.secret(), null), "AccessDenied",
                new Key(one.id(), one.secret(), two.token()), "AccessDenied",
                new Key(one.id(), one.secret(), "nonsense"), "AccessDenied",
                new Key(one.id(), one.secret(), tampered(one.token())), "AccessDenied",
                new Key(root().id(), root().secret(), one.token()), "AccessDenied",
                new Key(one.id(), two.secret(), one.token()), "SignatureDoesNotMatch");
        for (var entry : wrong.entrySet()) {
            refuses(403, entry.getValue(), () -> cos(entry.getKey()).getObject(bucket, "k"));
        }
    }

    /** The token with another character in its middle. */
    private static String tampered(String token) {
        int middle = token.length() / 2;
        return token.substring(0, middle) + (token.charAt(middle) == 'A' ? 'B' : 'A') + token.substring(middle + 1);
    }

    @Test
    void anExpiredKey() throws Exception {
        String bucket = newBucket();
        Key key = mint(1, statement("*", "*"));
        Thread.sleep(2100);
        refuses(400, "ExpiredToken", () -> cos(key).putObject(bucket, "late", "v"));
        refusesAction("AuthFailure.TokenFailure", Cloud.sts(key, HttpProtocol.http, USUAL), "GetCallerIdentity", Map.of());
    }

    /** The STS SDK is refused with this code. */
    private static void refusesSts(String code, Key key, String policy, int seconds) {
        IOException refusal = assertThrows(IOException.class, () -> credential(key, policy, seconds));
        assertEquals(code, Cloud.codeOf(refusal), refusal.getMessage());
    }

    @Test
    void whatTheTokenServiceRefuses() throws Exception {
        String good = policy(statement("*", "*"));
        String foreign = "qcs::cos:" + Server.REGION + ":uid/1250000001:b-1250000001/*";
        refusesSts("InvalidParameter.OverTimeError", root(), good, 7201);
        refusesSts("InvalidParameter.ParamError", root(), good, -1);
        refusesSts("InvalidParameter.StrategyInvalid", root(), policy(), 1800);
        refusesSts("InvalidParameter.StrategyInvalid", root(), policy(statement(List.of(), "name/cos:*")), 1800);
        refusesSts("InvalidParameter.StrategyFormatError", root(), "text", 1800);
        refusesSts("InvalidParameter.ResouceError", root(), policy(statement("qcs::cos:nowhere", "name/cos:*")), 1800);
        refusesSts("InvalidParameter.GrantOtherResource", root(), policy(statement(foreign, "name/cos:*")), 1800);
        refusesSts("InvalidParameter.PolicyTooLong", root(), policy(statement(inBucket("b-1250000000", "k".repeat(7000)), "*")), 1800);
        refusesSts("AuthFailure.SecretIdNotFound", new Key(NOBODY, root().secret(), null), good, 1800);
        refusesSts("AuthFailure.SignatureFailure", new Key(root().id(), "x".repeat(32), null), good, 1800);
        refusesSts("AuthFailure.TokenFailure", mint(1800, statement("*", "*")), good, 1800);
    }

    @Test
    void aTemporaryKeyDoesNotMint() throws Exception {
        Key key = mint(1800, statement("*", "*"));
        Map<String, Object> wanted = Map.of("Name", "java", "Policy", policy(statement("*", "*")));
        refusesAction("FailedOperation.TempKeyNotAllowed", Cloud.sts(key, HttpProtocol.http, USUAL), "GetFederationToken", wanted);
    }
}
