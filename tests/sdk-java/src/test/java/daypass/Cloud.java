package daypass;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertNotNull;
import static org.junit.jupiter.api.Assertions.assertThrows;

import java.io.IOException;
import java.lang.reflect.InvocationTargetException;
import java.net.URI;
import java.net.URL;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpResponse;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

import org.junit.jupiter.api.extension.BeforeAllCallback;
import org.junit.jupiter.api.extension.ExtensionContext;
import org.junit.jupiter.api.function.Executable;

import com.google.gson.Gson;
import com.qcloud.cos.COSClient;
import com.qcloud.cos.ClientConfig;
import com.qcloud.cos.auth.BasicCOSCredentials;
import com.qcloud.cos.auth.BasicSessionCredentials;
import com.qcloud.cos.auth.COSCredentials;
import com.qcloud.cos.endpoint.EndpointResolver;
import com.qcloud.cos.exception.CosServiceException;
import com.qcloud.cos.http.HttpProtocol;
import com.qcloud.cos.region.Region;
import com.tencent.cloud.CosStsClient;
import com.tencentcloudapi.cam.v20190116.CamClient;
import com.tencentcloudapi.common.AbstractClient;
import com.tencentcloudapi.common.AbstractModel;
import com.tencentcloudapi.common.Credential;
import com.tencentcloudapi.common.exception.TencentCloudSDKException;
import com.tencentcloudapi.common.profile.ClientProfile;
import com.tencentcloudapi.common.profile.HttpProfile;
import com.tencentcloudapi.sts.v20180813.StsClient;

import daypass.Server.Key;

/** The vendor's SDKs, pointed at the server, and the few things that most tests need of them. */
public final class Cloud implements BeforeAllCallback {
    public static final List<HttpProtocol> PROTOCOLS = List.of(HttpProtocol.http, HttpProtocol.https);
    /** Every way to sign and send that may be combined. */
    public static final List<Way> WAYS = List.of(
            new Way(ClientProfile.SIGN_TC3_256, HttpProfile.REQ_POST), new Way(ClientProfile.SIGN_TC3_256, HttpProfile.REQ_GET),
            new Way(ClientProfile.SIGN_SHA1, HttpProfile.REQ_POST), new Way(ClientProfile.SIGN_SHA256, HttpProfile.REQ_GET));
    public static final Way USUAL = WAYS.get(0);

    private static final Gson GSON = new Gson();
    private static final Pattern CODE = Pattern.compile("\"Code\"\\s*:\\s*\"([^\"]*)\"");

    /** How the general SDK signs and sends. */
    public record Way(String signature, String method) {}

    /** What a URL led to. */
    public record Answer(int status, String text) {}

    static {
        System.setProperty("jdk.httpclient.allowRestrictedHeaders", "host");
    }

    @Override
    public void beforeAll(ExtensionContext context) throws Exception {
        Server.started();
        context.getRoot().getStore(ExtensionContext.Namespace.GLOBAL).getOrComputeIfAbsent("server",
                key -> (ExtensionContext.Store.CloseableResource) Server::stopStarted);
    }

    public static Key root() throws Exception {
        return Server.started().root;
    }

    // The object store.

    /** A client that sends the host names of the real service, over a connection to us. */
    public static COSClient cos(Key key, HttpProtocol protocol) throws Exception {
        COSCredentials credentials = key.token() == null ? new BasicCOSCredentials(key.id(), key.secret())
                : new BasicSessionCredentials(key.id(), key.secret(), key.token());
        ClientConfig config = new ClientConfig(new Region(Server.REGION));
        config.setHttpProtocol(protocol);
        config.setEndpointResolver(toUs(protocol));
        return new COSClient(credentials, config);
    }

    public static COSClient cos(Key key) throws Exception {
        return cos(key, HttpProtocol.http);
    }

    /** Where connections go, whatever the host is called. */
    public static EndpointResolver toUs(HttpProtocol protocol) throws Exception {
        String address = "localhost:" + (protocol == HttpProtocol.https ? Server.started().httpsPort : Server.started().httpPort);
        return new EndpointResolver() {
            @Override
            public String resolveGeneralApiEndpoint(String endpoint) {
                return address;
            }

            @Override
            public String resolveGetServiceApiEndpoint(String endpoint) {
                return address;
            }
        };
    }

    public static String newBucket() throws Exception {
        String name = unique("b") + "-" + Server.APPID;
        cos(root()).createBucket(name);
        return name;
    }

    public static String unique(String what) {
        return what + "-" + Server.random(6);
    }

    /** Follows a URL of the real service to our server. */
    public static Answer follow(String method, URL url, String body) throws Exception {
        URI to = new URI("http://127.0.0.1:" + Server.started().httpPort + url.getFile());
        HttpRequest request = HttpRequest.newBuilder(to).header("Host", url.getHost())
                .method(method, HttpRequest.BodyPublishers.ofString(body)).build();
        HttpResponse<String> answer = HttpClient.newHttpClient().send(request, HttpResponse.BodyHandlers.ofString());
        return new Answer(answer.statusCode(), answer.body());
    }

    /** The object store refuses with this status and code. */
    public static void refuses(int status, String code, Executable asked) {
        CosServiceException refusal = assertThrows(CosServiceException.class, asked);
        assertEquals(status + " " + code, refusal.getStatusCode() + " " + refusal.getErrorCode());
        assertNotNull(refusal.getRequestId());
    }

    // Policies and temporary keys.

    public static Map<String, Object> statement(Object resource, String... actions) {
        return new TreeMap<>(Map.of("effect", "allow", "action", actions, "resource", resource));
    }

    @SafeVarargs
    public static String policy(Map<String, Object>... statements) {
        return GSON.toJson(Map.of("version", "2.0", "statement", statements));
    }

    /** The resource of an object, of several, or with an empty pattern of the bucket itself. */
    public static String inBucket(String bucket, String pattern) {
        return "qcs::cos:" + Server.REGION + ":uid/" + Server.APPID + ":" + bucket + "/" + pattern;
    }

    /** What the STS SDK answers; it speaks nothing but HTTPS. */
    public static com.tencent.cloud.Response credential(Key key, String policy, int seconds) throws Exception {
        TreeMap<String, Object> config = new TreeMap<>();
        config.put("secretId", key.id());
        config.put("secretKey", key.secret());
        config.put("durationSeconds", seconds);
        config.put("region", Server.REGION);
        config.put("policy", policy);
        return credential(config);
    }

    /** The same with what the SDK is told in full, except where the server is. */
    public static com.tencent.cloud.Response credential(TreeMap<String, Object> config) throws Exception {
        config.put("host", "localhost:" + Server.started().httpsPort);
        try {
            com.tencent.cloud.Response answer = CosStsClient.getCredential(config);
            note("Java STS", "GetFederationToken", "ok");
            return answer;
        } catch (IOException refusal) {
            note("Java STS", "GetFederationToken", codeOf(refusal));
            throw refusal;
        }
    }

    /** The code in what the STS SDK throws. */
    public static String codeOf(IOException refusal) {
        Matcher found = CODE.matcher(String.valueOf(refusal.getMessage()));
        return found.find() ? found.group(1) : "unreadable";
    }

    @SafeVarargs
    public static Key mint(int seconds, Map<String, Object>... statements) throws Exception {
        com.tencent.cloud.Credentials made = credential(root(), policy(statements), seconds).credentials;
        return new Key(made.tmpSecretId, made.tmpSecretKey, made.sessionToken);
    }

    // The general SDK.

    public static CamClient cam(Key key, HttpProtocol protocol, Way way) throws Exception {
        return new CamClient(credential(key), Server.REGION, profile(protocol, way));
    }

    public static StsClient sts(Key key, HttpProtocol protocol, Way way) throws Exception {
        return new StsClient(credential(key), Server.REGION, profile(protocol, way));
    }

    private static Credential credential(Key key) {
        return new Credential(key.id(), key.secret(), key.token());
    }

    private static ClientProfile profile(HttpProtocol protocol, Way way) throws Exception {
        boolean secure = protocol == HttpProtocol.https;
        HttpProfile http = new HttpProfile();
        http.setProtocol(secure ? HttpProfile.REQ_HTTPS : HttpProfile.REQ_HTTP);
        http.setEndpoint("localhost:" + (secure ? Server.started().httpsPort : Server.started().httpPort));
        http.setReqMethod(way.method());
        return new ClientProfile(way.signature(), http);
    }

    /** Calls one action by its name, through the client's own method for it, and notes what came of it. */
    @SuppressWarnings("unchecked")
    public static <T> T ask(AbstractClient client, String action, Map<String, ?> parameters) throws Exception {
        String models = client.getClass().getPackageName() + ".models.";
        Class<AbstractModel> wanted = (Class<AbstractModel>) Class.forName(models + action + "Request");
        AbstractModel request = (AbstractModel) AbstractModel.fromJsonString(GSON.toJson(parameters), (Class) wanted);
        try {
            T answer = (T) client.getClass().getMethod(action, wanted).invoke(client, request);
            note("Java", action, "ok");
            return answer;
        } catch (InvocationTargetException thrown) {
            TencentCloudSDKException refusal = (TencentCloudSDKException) thrown.getCause();
            note("Java", action, String.valueOf(refusal.getErrorCode()));
            throw refusal;
        }
    }

    /** The service refuses the action with this code. */
    public static void refusesAction(String code, AbstractClient client, String action, Map<String, ?> parameters) {
        TencentCloudSDKException refusal =
                assertThrows(TencentCloudSDKException.class, () -> ask(client, action, parameters));
        assertEquals(code, refusal.getErrorCode(), refusal.toString());
        assertNotNull(refusal.getRequestId());
    }

    /** Writes down what was asked and what came of it, where somebody wants to know. */
    private static void note(String sdk, String action, String outcome) throws IOException {
        String file = System.getenv("DAYPASS_CALLS");
        if (file != null) {
            Files.writeString(Path.of(file), sdk + "\t" + action + "\t" + outcome + "\n", StandardOpenOption.CREATE,
                    StandardOpenOption.APPEND);
        }
    }
}
