// The scene the program is for: an app that has nothing but a temporary key, however it was minted.
package sdkgo

import (
	"bytes"
	"context"
	"crypto/rand"
	"net/http"
	"net/url"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/tencentyun/cos-go-sdk-v5"
	sts "github.com/tencentyun/qcloud-cos-sts-sdk/go"

	"daypass/sdk-go/stage"
)

const megabyte = 1 << 20

var transfer = []string{
	"name/cos:PutObject", "name/cos:InitiateMultipartUpload", "name/cos:ListMultipartUploads", "name/cos:ListParts",
	"name/cos:UploadPart", "name/cos:CompleteMultipartUpload", "name/cos:AbortMultipartUpload", "name/cos:GetObject",
	"name/cos:HeadObject", "name/cos:DeleteObject",
}

func TestScene(t *testing.T) {
	for _, scheme := range schemes {
		minters := map[string]func(*testing.T, ...sts.CredentialPolicyStatement) stage.Key{
			"STS SDK":  func(t *testing.T, s ...sts.CredentialPolicyStatement) stage.Key { return mint(t, 1800, s...) },
			"TC3 POST": byAPI(scheme, tc3, "POST"),
			"TC3 GET":  byAPI(scheme, tc3, "GET"),
			"SHA1":     byAPI(scheme, "HmacSHA1", "POST"),
			"SHA256":   byAPI(scheme, "HmacSHA256", "GET"),
		}
		for name, minted := range minters {
			t.Run(scheme+" "+name, func(t *testing.T) {
				bucket := newBucket(t)
				listing := statement(inBucket(bucket, ""), "name/cos:GetBucket")
				listing.Condition = map[string]map[string]interface{}{
					"string_like": {"cos:prefix": []string{"alice/*", "alice%2F*"}},
				}
				key := minted(t, statement(inBucket(bucket, "alice/*"), transfer...), listing)
				client := cosClient(key, bucket, scheme)
				inside(t, client)
				outside(t, client, bucket)
			})
		}
	}
}

func byAPI(scheme, signature, method string) func(*testing.T, ...sts.CredentialPolicyStatement) stage.Key {
	return func(t *testing.T, statements ...sts.CredentialPolicyStatement) stage.Key {
		return mintByAPI(t, scheme, signature, method, statements...)
	}
}

// What the policy allows.
func inside(t *testing.T, client *cos.Client) {
	write(t, client, "alice/note", "hello")
	equal(t, read(t, client, "alice/note"), "hello")
	head, err := client.Object.Head(ctx, "alice/note", nil)
	must(t, err)
	equal(t, head.ContentLength, 5)
	equal(t, head.Header.Get("ETag"), `"5d41402abc4b2a76b9719d911017c592"`)

	largeFiles(t, client)

	link, err := client.Object.GetPresignedURL2(ctx, http.MethodGet, "alice/note", time.Minute, nil)
	must(t, err)
	status, text := follow(t, http.MethodGet, link, "")
	equal(t, status, 200)
	equal(t, text, "hello")

	source := client.BaseURL.BucketURL.Host + "/alice/note"
	_, _, err = client.Object.Copy(ctx, "alice/copy", source, nil)
	must(t, err)
	equal(t, read(t, client, "alice/copy"), "hello")

	list, _, err := client.Bucket.Get(ctx, &cos.BucketGetOptions{Prefix: "alice/"})
	must(t, err)
	var keys []string
	for _, entry := range list.Contents {
		keys = append(keys, entry.Key)
	}
	equal(t, strings.Join(keys, " "), "alice/copy alice/large alice/note")

	_, err = client.Object.Delete(ctx, "alice/copy")
	must(t, err)
	deleted, _, err := client.Object.DeleteMulti(ctx, &cos.ObjectDeleteMultiOptions{
		Objects: []cos.Object{{Key: "alice/large"}, {Key: "bob/note"}}})
	must(t, err)
	equal(t, len(deleted.DeletedObjects), 1)
	equal(t, deleted.Errors[0].Code, "AccessDenied")
	_, err = client.Object.Get(ctx, "alice/copy", nil)
	refused(t, err, 404, "NoSuchKey")
}

// A file goes up in parts and comes down in ranges; the SDK compares checksums both ways.
func largeFiles(t *testing.T, client *cos.Client) {
	content := make([]byte, 3*megabyte+7)
	_, err := rand.Read(content)
	must(t, err)
	up, down := filepath.Join(t.TempDir(), "up"), filepath.Join(t.TempDir(), "down")
	must(t, os.WriteFile(up, content, 0o600))
	done, _, err := client.Object.Upload(ctx, "alice/large", up,
		&cos.MultiUploadOptions{PartSize: 1, ThreadPoolSize: 3, CheckPoint: true})
	must(t, err)
	if !strings.HasSuffix(done.ETag, `-4"`) {
		t.Fatalf("%s is not of four parts", done.ETag)
	}
	_, err = client.Object.Download(ctx, "alice/large", down, &cos.MultiDownloadOptions{PartSize: 1, ThreadPoolSize: 2})
	must(t, err)
	got, err := os.ReadFile(down)
	must(t, err)
	if !bytes.Equal(got, content) {
		t.Fatal("what came down is not what went up")
	}
}

// What it does not.
func outside(t *testing.T, client *cos.Client, bucket string) {
	_, err := client.Object.Put(ctx, "bob/note", strings.NewReader("v"), nil)
	refused(t, err, 403, "AccessDenied")
	_, err = client.Object.Get(ctx, "bob/note", nil)
	refused(t, err, 403, "AccessDenied")
	_, err = client.Object.Head(ctx, "bob/note", nil)
	refused(t, err, 403, "")
	_, err = client.Object.Delete(ctx, "bob/note")
	refused(t, err, 403, "AccessDenied")
	_, _, err = client.Bucket.Get(ctx, nil)
	refused(t, err, 403, "AccessDenied")
	_, _, err = client.Bucket.Get(ctx, &cos.BucketGetOptions{Prefix: "bob/"})
	refused(t, err, 403, "AccessDenied")
	_, _, err = client.Object.Copy(ctx, "alice/stolen", bucket+".cos."+stage.Region+".myqcloud.com/bob/note", nil)
	refused(t, err, 403, "AccessDenied")
	_, _, err = client.Object.GetACL(ctx, "alice/note")
	refused(t, err, 403, "AccessDenied")
	_, err = client.Bucket.Delete(ctx)
	refused(t, err, 403, "AccessDenied")
	_, _, err = client.Service.Get(ctx)
	refused(t, err, 403, "AccessDenied")
	link, err := client.Object.GetPresignedURL2(ctx, http.MethodGet, "bob/note", time.Minute, nil)
	must(t, err)
	status, text := follow(t, http.MethodGet, link, "")
	equal(t, status, 403)
	equal(t, strings.Contains(text, "<Code>AccessDenied</Code>"), true)
}

// A program as the vendor's manual writes it: only the address is ours.
func TestManual(t *testing.T) {
	bucket := newBucket(t)
	minted := mint(t, 1800, statement(inBucket(bucket, "*"), "name/cos:PutObject", "name/cos:GetObject"))

	u, _ := url.Parse("http://" + bucket + ".localhost:" + server.HTTPPort)
	b := &cos.BaseURL{BucketURL: u}
	c := cos.NewClient(b, &http.Client{
		Transport: &cos.AuthorizationTransport{
			SecretID:     minted.ID,
			SecretKey:    minted.Secret,
			SessionToken: minted.Token,
			// Not of the manual: looks no name up.
			Transport: server.Transport(),
		},
	})
	name := "test/objectPut.go"
	_, err := c.Object.Put(context.Background(), name, strings.NewReader("test"), nil)
	must(t, err)
	path := filepath.Join(t.TempDir(), "local")
	_, err = c.Object.GetToFile(context.Background(), name, path, nil)
	must(t, err)
	text, err := os.ReadFile(path)
	must(t, err)
	equal(t, string(text), "test")
	_, err = c.Object.PutFromFile(context.Background(), "test/file", path, nil)
	must(t, err)
	_, err = c.Object.Delete(context.Background(), name)
	refused(t, err, 403, "AccessDenied")
}

func TestKeysArePreserved(t *testing.T) {
	bucket := newBucket(t)
	for _, key := range []string{"a//b", "目录/a b+c&d=e?f#g", "dot/./x", "end/", "%2F", "~!*'()"} {
		token := mint(t, 1800, statement(inBucket(bucket, "*"), "name/cos:*"))
		client := cosClient(token, bucket, "http")
		write(t, client, key, key)
		equal(t, read(t, client, key), key)
		list, _, err := client.Bucket.Get(ctx, &cos.BucketGetOptions{Prefix: key, EncodingType: "url"})
		must(t, err)
		got, err := cos.DecodeURIComponent(list.Contents[0].Key)
		must(t, err)
		equal(t, got, key)
	}
}
