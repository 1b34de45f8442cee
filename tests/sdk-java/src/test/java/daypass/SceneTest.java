package daypass;

import static daypass.Cloud.cos;
import static daypass.Cloud.follow;
import static daypass.Cloud.inBucket;
import static daypass.Cloud.mint;
import static daypass.Cloud.newBucket;
import static daypass.Cloud.policy;
import static daypass.Cloud.refuses;
import static daypass.Cloud.statement;
import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.ByteArrayInputStream;
import java.io.File;
import java.net.URL;
import java.net.URLEncoder;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Date;
import java.util.List;
import java.util.Map;
import java.util.Random;
import java.util.TreeMap;

import org.junit.jupiter.api.DynamicTest;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.TestFactory;
import org.junit.jupiter.api.extension.ExtendWith;
import org.junit.jupiter.api.io.TempDir;

import com.qcloud.cos.COSClient;
import com.qcloud.cos.ClientConfig;
import com.qcloud.cos.auth.BasicSessionCredentials;
import com.qcloud.cos.auth.COSCredentials;
import com.qcloud.cos.endpoint.UserSpecifiedEndpointBuilder;
import com.qcloud.cos.exception.MultiObjectDeleteException;
import com.qcloud.cos.http.HttpMethodName;
import com.qcloud.cos.http.HttpProtocol;
import com.qcloud.cos.model.COSObject;
import com.qcloud.cos.model.COSObjectSummary;
import com.qcloud.cos.model.DeleteObjectsRequest;
import com.qcloud.cos.model.GetObjectRequest;
import com.qcloud.cos.model.ObjectMetadata;
import com.qcloud.cos.model.PutObjectRequest;
import com.qcloud.cos.region.Region;
import com.qcloud.cos.transfer.TransferManager;
import com.qcloud.cos.transfer.TransferManagerConfiguration;
import com.tencentcloudapi.sts.v20180813.models.GetFederationTokenResponse;

import daypass.Server.Key;

/** The scene the program is for: an app that has nothing but a temporary key, however it was minted. */
@ExtendWith(Cloud.class)
class SceneTest {
    private static final int MEGABYTE = 1 << 20;
    private static final String[] TRANSFER = {"name/cos:PutObject", "name/cos:InitiateMultipartUpload",
        "name/cos:ListMultipartUploads", "name/cos:ListParts", "name/cos:UploadPart",
        "name/cos:CompleteMultipartUpload", "name/cos:AbortMultipartUpload", "name/cos:GetObject",
        "name/cos:HeadObject", "name/cos:DeleteObject"};

    @TempDir
    static Path folder;

    interface Minter {
        Key mint(List<Map<String, Object>> statements) throws Exception;
    }

    @TestFactory
    List<DynamicTest> scene() {
        List<DynamicTest> tests = new ArrayList<>();
        for (HttpProtocol protocol : Cloud.PROTOCOLS) {
            tests.add(scene(protocol, "STS SDK", statements -> mint(1800, statements.toArray(Map[]::new))));
            for (Cloud.Way way : Cloud.WAYS) {
                tests.add(scene(protocol, way.toString(), statements -> byApi(protocol, way, statements)));
            }
        }
        return tests;
    }

    private static DynamicTest scene(HttpProtocol protocol, String name, Minter minter) {
        return DynamicTest.dynamicTest(protocol + " " + name, () -> {
            String bucket = newBucket();
            Map<String, Object> listing = statement(inBucket(bucket, ""), "name/cos:GetBucket");
            listing.put("condition", Map.of("string_like", Map.of("cos:prefix", List.of("alice/*", "alice%2F*"))));
            Key key = minter.mint(List.of(statement(inBucket(bucket, "alice/*"), TRANSFER), listing));
            COSClient client = cos(key, protocol);
            inside(client, bucket);
            outside(client, bucket);
            client.shutdown();
        });
    }

    private static Key byApi(HttpProtocol protocol, Cloud.Way way, List<Map<String, Object>> statements) throws Exception {
        String policy = policy(statements.toArray(Map[]::new));
        GetFederationTokenResponse answer = Cloud.ask(Cloud.sts(Cloud.root(), protocol, way), "GetFederationToken",
                Map.of("Name", "java", "Policy", URLEncoder.encode(policy, StandardCharsets.UTF_8), "DurationSeconds", 1800));
        var made = answer.getCredentials();
        return new Key(made.getTmpSecretId(), made.getTmpSecretKey(), made.getToken());
    }

    /** What the policy allows. */
    private static void inside(COSClient client, String bucket) throws Exception {
        client.putObject(bucket, "alice/note", "hello");
        assertEquals("hello", read(client, bucket, "alice/note"));
        ObjectMetadata head = client.getObjectMetadata(bucket, "alice/note");
        assertEquals(5, head.getContentLength());
        assertEquals("5d41402abc4b2a76b9719d911017c592", head.getETag());

        largeFiles(client, bucket);

        URL url = client.generatePresignedUrl(bucket, "alice/note", new Date(System.currentTimeMillis() + 60_000), HttpMethodName.GET);
        assertEquals(new Cloud.Answer(200, "hello"), follow("GET", url, ""));

        client.copyObject(bucket, "alice/note", bucket, "alice/copy");
        assertEquals("hello", read(client, bucket, "alice/copy"));

        List<String> keys = client.listObjects(bucket, "alice/").getObjectSummaries().stream().map(COSObjectSummary::getKey).toList();
        assertEquals(List.of("alice/copy", "alice/large", "alice/note"), keys);

        client.deleteObject(bucket, "alice/copy");
        refuses(404, "NoSuchKey", () -> client.getObject(bucket, "alice/copy"));
        DeleteObjectsRequest batch = new DeleteObjectsRequest(bucket).withKeys("alice/large", "bob/note");
        try {
            client.deleteObjects(batch);
            throw new AssertionError("one of them may not be deleted");
        } catch (MultiObjectDeleteException partly) {
            assertEquals("alice/large", partly.getDeletedObjects().get(0).getKey());
            assertEquals("AccessDenied", partly.getErrors().get(0).getCode());
        }
    }

    static String read(COSClient client, String bucket, String key) throws Exception {
        try (COSObject object = client.getObject(bucket, key)) {
            return new String(object.getObjectContent().readAllBytes(), StandardCharsets.UTF_8);
        }
    }

    /** A file goes up in parts and comes down, once at one go and once in ranges. */
    private static void largeFiles(COSClient client, String bucket) throws Exception {
        byte[] content = new byte[3 * MEGABYTE + 7];
        new Random(7).nextBytes(content);
        File up = folder.resolve(Cloud.unique("up")).toFile();
        Files.write(up.toPath(), content);
        TransferManager transfers = transfers(client);
        var uploaded = transfers.upload(new PutObjectRequest(bucket, "alice/large", up)).waitForUploadResult();
        assertTrue(uploaded.getETag().endsWith("-4"), uploaded.getETag());
        for (boolean resumable : new boolean[] {false, true}) {
            File down = folder.resolve(Cloud.unique("down")).toFile();
            transfers.download(new GetObjectRequest(bucket, "alice/large"), down, resumable).waitForCompletion();
            assertArrayEquals(content, Files.readAllBytes(down.toPath()));
        }
        transfers.shutdownNow(false);
    }

    private static TransferManager transfers(COSClient client) {
        TransferManager transfers = new TransferManager(client);
        TransferManagerConfiguration sizes = new TransferManagerConfiguration();
        sizes.setMultipartUploadThreshold(2 * MEGABYTE);
        sizes.setMinimumUploadPartSize(MEGABYTE);
        transfers.setConfiguration(sizes);
        return transfers;
    }

    /** What it does not. */
    private static void outside(COSClient client, String bucket) throws Exception {
        refuses(403, "AccessDenied", () -> client.putObject(bucket, "bob/note", "v"));
        refuses(403, "AccessDenied", () -> client.getObject(bucket, "bob/note"));
        refuses(403, "403 Forbidden", () -> client.getObjectMetadata(bucket, "bob/note"));
        refuses(403, "AccessDenied", () -> client.deleteObject(bucket, "bob/note"));
        refuses(403, "AccessDenied", () -> client.listObjects(bucket));
        refuses(403, "AccessDenied", () -> client.listObjects(bucket, "bob/"));
        refuses(403, "AccessDenied", () -> client.copyObject(bucket, "bob/note", bucket, "alice/stolen"));
        refuses(403, "AccessDenied", () -> client.getObjectAcl(bucket, "alice/note"));
        refuses(403, "AccessDenied", () -> client.deleteBucket(bucket));
        refuses(403, "AccessDenied", client::listBuckets);
        URL url = client.generatePresignedUrl(bucket, "bob/note", new Date(System.currentTimeMillis() + 60_000), HttpMethodName.GET);
        Cloud.Answer answer = follow("GET", url, "");
        assertEquals(403, answer.status());
        assertTrue(answer.text().contains("<Code>AccessDenied</Code>"), answer.text());
    }

    /** A program as the vendor's manual writes it: only the address is ours. */
    @Test
    void manual() throws Exception {
        String bucketName = newBucket();
        Key minted = mint(1800, statement(inBucket(bucketName, "*"), "name/cos:PutObject", "name/cos:GetObject"));
        String tmpSecretId = minted.id();
        String tmpSecretKey = minted.secret();
        String sessionToken = minted.token();

        COSCredentials cred = new BasicSessionCredentials(tmpSecretId, tmpSecretKey, sessionToken);
        Region region = new Region("ap-guangzhou");
        ClientConfig clientConfig = new ClientConfig(region);
        clientConfig.setHttpProtocol(HttpProtocol.https);
        // The address, and that names below `localhost` need not resolve.
        String ours = "localhost:" + Server.started().httpsPort;
        clientConfig.setEndpointBuilder(new UserSpecifiedEndpointBuilder(bucketName + "." + ours, ours));
        clientConfig.setEndpointResolver(Cloud.toUs(HttpProtocol.https));
        COSClient cosClient = new COSClient(cred, clientConfig);

        File localFile = folder.resolve("manual").toFile();
        Files.writeString(localFile.toPath(), "from a file");
        PutObjectRequest putObjectRequest = new PutObjectRequest(bucketName, "folder/picture.jpg", localFile);
        cosClient.putObject(putObjectRequest);
        ObjectMetadata objectMetadata = new ObjectMetadata();
        objectMetadata.setContentLength(13);
        cosClient.putObject(bucketName, "folder/stream",
                new ByteArrayInputStream("from a stream".getBytes(StandardCharsets.UTF_8)), objectMetadata);
        File downFile = folder.resolve("manual-down").toFile();
        cosClient.getObject(new GetObjectRequest(bucketName, "folder/picture.jpg"), downFile);
        assertEquals("from a file", Files.readString(downFile.toPath()));
        assertEquals("from a stream", read(cosClient, bucketName, "folder/stream"));
        refuses(403, "AccessDenied", () -> cosClient.deleteObject(bucketName, "folder/stream"));
        cosClient.shutdown();
    }

    /** The STS SDK's own way to say what is allowed. */
    @Test
    void policyOfTheSdk() throws Exception {
        String bucket = newBucket();
        TreeMap<String, Object> config = new TreeMap<>();
        config.put("secretId", Cloud.root().id());
        config.put("secretKey", Cloud.root().secret());
        config.put("durationSeconds", 1800);
        config.put("bucket", bucket);
        config.put("region", Server.REGION);
        config.put("allowPrefixes", new String[] {"alice/*"});
        config.put("allowActions", new String[] {"name/cos:PutObject"});
        var answer = Cloud.credential(config);
        assertEquals(1800, answer.expiredTime - answer.startTime);
        var made = answer.credentials;
        COSClient client = cos(new Key(made.tmpSecretId, made.tmpSecretKey, made.sessionToken));
        client.putObject(bucket, "alice/k", "v");
        refuses(403, "AccessDenied", () -> client.putObject(bucket, "bob/k", "v"));
        refuses(403, "AccessDenied", () -> client.getObject(bucket, "alice/k"));
    }
}
