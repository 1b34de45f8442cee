package daypass;

import static daypass.Cloud.cos;
import static daypass.Cloud.follow;
import static daypass.Cloud.inBucket;
import static daypass.Cloud.mint;
import static daypass.Cloud.newBucket;
import static daypass.Cloud.refuses;
import static daypass.Cloud.root;
import static daypass.Cloud.statement;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.ByteArrayInputStream;
import java.net.URL;
import java.util.Date;
import java.util.List;

import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.ExtendWith;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

import com.qcloud.cos.COSClient;
import com.qcloud.cos.http.HttpMethodName;
import com.qcloud.cos.model.AppendObjectRequest;
import com.qcloud.cos.model.BucketCrossOriginConfiguration;
import com.qcloud.cos.model.CORSRule;
import com.qcloud.cos.model.CannedAccessControlList;
import com.qcloud.cos.model.CopyObjectRequest;
import com.qcloud.cos.model.GetObjectTaggingRequest;
import com.qcloud.cos.model.ObjectMetadata;
import com.qcloud.cos.model.ObjectTagging;
import com.qcloud.cos.model.SetObjectTaggingRequest;
import com.qcloud.cos.model.Tag.Tag;
import com.qcloud.cos.region.Region;
import com.qcloud.cos.transfer.TransferManager;
import com.qcloud.cos.transfer.TransferManagerConfiguration;

/** Presigned URLs, keys that a careless path would spoil, copies in parts, and what is kept beside objects. */
@ExtendWith(Cloud.class)
class ObjectsTest {
    private static final int MEGABYTE = 1 << 20;

    private static Date after(long seconds) {
        return new Date(System.currentTimeMillis() + seconds * 1000);
    }

    @Test
    void presignedUrls() throws Exception {
        String bucket = newBucket();
        String key = "目录/a b+c;d";
        COSClient owner = cos(root());
        owner.putObject(bucket, key, "hello");
        COSClient temporary = cos(mint(1800, statement(inBucket(bucket, "目录/*"), "name/cos:GetObject")));
        for (COSClient client : List.of(owner, temporary)) {
            URL url = client.generatePresignedUrl(bucket, key, after(60), HttpMethodName.GET);
            assertEquals(new Cloud.Answer(200, "hello"), follow("GET", url, ""));
            assertEquals(403, follow("DELETE", url, "").status());
            URL other = new URL(url.toString().replaceFirst("q-signature=.", "q-signature=g"));
            assertTrue(follow("GET", other, "").text().contains("<Code>SignatureDoesNotMatch</Code>"));
        }
        URL upload = owner.generatePresignedUrl(bucket, "up", after(60), HttpMethodName.PUT);
        assertEquals(200, follow("PUT", upload, "new").status());
        assertEquals("new", SceneTest.read(owner, bucket, "up"));
        URL brief = owner.generatePresignedUrl(bucket, "up", after(2), HttpMethodName.GET);
        Thread.sleep(3500);
        assertTrue(follow("GET", brief, "").text().contains("<Message>Request has expired</Message>"));
    }

    @ParameterizedTest
    @ValueSource(strings = {"a//b", "目录/a b+c&d=e?f#g", "end/", "%2F", "~!*'()", "dot/.x"})
    void keysArePreserved(String key) throws Exception {
        String bucket = newBucket();
        COSClient client = cos(mint(1800, statement(inBucket(bucket, "*"), "name/cos:*")));
        client.putObject(bucket, key, key);
        assertEquals(key, SceneTest.read(client, bucket, key));
        assertEquals(key, client.listObjects(bucket, key).getObjectSummaries().get(0).getKey());
    }

    @Test
    void copiesInParts() throws Exception {
        String bucket = newBucket();
        COSClient client = cos(root());
        client.putObject(bucket, "from", "x".repeat(2 * MEGABYTE + 3));
        TransferManager transfers = new TransferManager(client);
        TransferManagerConfiguration sizes = new TransferManagerConfiguration();
        sizes.setMultipartCopyThreshold(MEGABYTE);
        sizes.setMultipartCopyPartSize(MEGABYTE);
        transfers.setConfiguration(sizes);
        CopyObjectRequest request = new CopyObjectRequest(new Region(Server.REGION), bucket, "from", bucket, "to");
        assertTrue(transfers.copy(request, client, null).waitForCopyResult().getETag().endsWith("-3"));
        assertEquals(2 * MEGABYTE + 3, client.getObjectMetadata(bucket, "to").getContentLength());
        transfers.shutdownNow();
    }

    @Test
    void whatIsKeptBesideObjects() throws Exception {
        String bucket = newBucket();
        COSClient client = cos(root());
        ObjectMetadata metadata = new ObjectMetadata();
        metadata.setContentLength(1);
        metadata.setContentType("text/plain");
        metadata.addUserMetadata("who", "alice");
        client.putObject(bucket, "k", new ByteArrayInputStream(new byte[] {'v'}), metadata);
        ObjectMetadata head = client.getObjectMetadata(bucket, "k");
        assertEquals(List.of("text/plain", "alice"), List.of(head.getContentType(), head.getUserMetaDataOf("who")));

        client.setObjectAcl(bucket, "k", CannedAccessControlList.PublicRead);
        assertFalse(client.getObjectAcl(bucket, "k").getGrantsAsList().isEmpty());
        assertEquals(new Cloud.Answer(200, "v"), follow("GET", client.getObjectUrl(bucket, "k"), ""));

        client.setObjectTagging(new SetObjectTaggingRequest(bucket, "k", new ObjectTagging(List.of(new Tag("team", "照片")))));
        assertEquals("照片", client.getObjectTagging(new GetObjectTaggingRequest(bucket, "k")).getTagSet().get(0).getValue());

        CORSRule rule = new CORSRule();
        rule.setAllowedOrigins("http://app.test");
        rule.setAllowedMethods(CORSRule.AllowedMethods.PUT);
        client.setBucketCrossOriginConfiguration(bucket, new BucketCrossOriginConfiguration().withRules(rule));
        assertEquals("http://app.test", client.getBucketCrossOriginConfiguration(bucket).getRules().get(0).getAllowedOrigins().get(0));

        assertTrue(client.listBuckets().stream().anyMatch(entry -> entry.getName().equals(bucket)));
        assertFalse(client.doesObjectExist(bucket, "none"));
        refuses(409, "BucketNotEmpty", () -> client.deleteBucket(bucket));
        refuses(501, "NotImplemented", () -> client.appendObject(
                new AppendObjectRequest(bucket, "appended", new ByteArrayInputStream(new byte[] {'v'}), new ObjectMetadata())
                        .withPosition(0L)));
    }
}
