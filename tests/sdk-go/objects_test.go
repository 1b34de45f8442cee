// Presigned URLs in every form of the SDK, copies in parts, and what is kept beside objects.
package sdkgo

import (
	"crypto/rand"
	"net/http"
	"net/url"
	"strings"
	"testing"
	"time"

	"github.com/tencentyun/cos-go-sdk-v5"
)

func TestPresignedURLs(t *testing.T) {
	bucket := newBucket(t)
	key := "目录/a b+c;d"
	for _, scheme := range schemes {
		root := cosClient(server.Root, bucket, scheme)
		write(t, root, key, "hello")
		temporary := cosClient(mint(t, 1800, statement(inBucket(bucket, "目录/*"), "name/cos:GetObject")), bucket, scheme)
		merged := &cos.PresignedURLOptions{SignMerged: true, Query: &url.Values{"response-content-type": {"text/html"}}}
		for name, made := range map[string]func() (*url.URL, error){
			"root": func() (*url.URL, error) {
				return root.Object.GetPresignedURL(ctx, http.MethodGet, key, server.Root.ID, server.Root.Secret, time.Minute, nil)
			},
			"root 2": func() (*url.URL, error) {
				return root.Object.GetPresignedURL2(ctx, http.MethodGet, key, time.Minute, nil)
			},
			"temporary 2": func() (*url.URL, error) {
				return temporary.Object.GetPresignedURL2(ctx, http.MethodGet, key, time.Minute, nil)
			},
			"temporary 3": func() (*url.URL, error) {
				return temporary.Object.GetPresignedURL3(ctx, http.MethodGet, key, time.Minute, nil)
			},
			"merged": func() (*url.URL, error) {
				return temporary.Object.GetPresignedURL2(ctx, http.MethodGet, key, time.Minute, merged)
			},
		} {
			t.Run(scheme+" "+name, func(t *testing.T) {
				link, err := made()
				must(t, err)
				status, text := follow(t, http.MethodGet, link, "")
				equal(t, text, "hello")
				equal(t, status, 200)
				status, _ = follow(t, http.MethodDelete, link, "")
				equal(t, status, 403)
			})
		}
		upload, err := root.Object.GetPresignedURL2(ctx, http.MethodPut, "up", time.Minute, nil)
		must(t, err)
		status, _ := follow(t, http.MethodPut, upload, "new")
		equal(t, status, 200)
		equal(t, read(t, root, "up"), "new")
		began, ended := time.Now().Add(-time.Hour), time.Now().Add(-time.Minute)
		past := &cos.AuthTime{SignStartTime: began, SignEndTime: ended, KeyStartTime: began, KeyEndTime: ended}
		late, err := root.Object.GetPresignedURL2(ctx, http.MethodGet, "up", 0, &cos.PresignedURLOptions{AuthTime: past})
		must(t, err)
		status, text := follow(t, http.MethodGet, late, "")
		equal(t, status, 403)
		equal(t, strings.Contains(text, "Request has expired"), true)
	}
}

func TestCopiesInParts(t *testing.T) {
	bucket := newBucket(t)
	client := cosClient(server.Root, bucket, "http")
	content := make([]byte, 2*megabyte+3)
	_, err := rand.Read(content)
	must(t, err)
	write(t, client, "from", string(content))
	source := client.BaseURL.BucketURL.Host + "/from"
	started, _, err := client.Object.InitiateMultipartUpload(ctx, "to", nil)
	must(t, err)
	complete := &cos.CompleteMultipartUploadOptions{}
	for number, span := range []string{"bytes=0-1048575", "bytes=1048576-2097154"} {
		part, _, err := client.Object.CopyPart(ctx, "to", started.UploadID, number+1, source,
			&cos.ObjectCopyPartOptions{XCosCopySourceRange: span})
		must(t, err)
		complete.Parts = append(complete.Parts, cos.Object{PartNumber: number + 1, ETag: part.ETag})
	}
	uploads, _, err := client.Bucket.ListMultipartUploads(ctx, nil)
	must(t, err)
	equal(t, uploads.Uploads[0].UploadID, started.UploadID)
	parts, _, err := client.Object.ListParts(ctx, "to", started.UploadID, nil)
	must(t, err)
	equal(t, len(parts.Parts), 2)
	_, _, err = client.Object.CompleteMultipartUpload(ctx, "to", started.UploadID, complete)
	must(t, err)
	equal(t, read(t, client, "to"), string(content))
	_, err = client.Object.AbortMultipartUpload(ctx, "to", started.UploadID)
	refused(t, err, 404, "NoSuchUpload")
	_, _, err = client.Object.MultiCopy(ctx, "at once", source, &cos.MultiCopyOptions{PartSize: 1})
	must(t, err)
	equal(t, read(t, client, "at once"), string(content))
}

func TestWhatIsKeptBesideObjects(t *testing.T) {
	bucket := newBucket(t)
	client := cosClient(server.Root, bucket, "http")
	header := &cos.ObjectPutHeaderOptions{ContentType: "text/plain", XCosMetaXXX: &http.Header{}}
	header.XCosMetaXXX.Add("x-cos-meta-who", "alice")
	_, err := client.Object.Put(ctx, "k", strings.NewReader("v"), &cos.ObjectPutOptions{ObjectPutHeaderOptions: header})
	must(t, err)
	head, err := client.Object.Head(ctx, "k", nil)
	must(t, err)
	equal(t, head.Header.Get("x-cos-meta-who"), "alice")
	equal(t, head.Header.Get("Content-Type"), "text/plain")

	public := &cos.ObjectPutACLOptions{Header: &cos.ACLHeaderOptions{XCosACL: "public-read"}}
	_, err = client.Object.PutACL(ctx, "k", public)
	must(t, err)
	list, _, err := client.Object.GetACL(ctx, "k")
	must(t, err)
	equal(t, list.AccessControlList[0].Permission, "FULL_CONTROL")
	status, text := follow(t, http.MethodGet, client.Object.GetObjectURL("k"), "")
	equal(t, status, 200)
	equal(t, text, "v")

	_, err = client.Object.PutTagging(ctx, "k", &cos.ObjectPutTaggingOptions{
		TagSet: []cos.ObjectTaggingTag{{Key: "team", Value: "照片"}}})
	must(t, err)
	tags, _, err := client.Object.GetTagging(ctx, "k")
	must(t, err)
	equal(t, tags.TagSet[0].Value, "照片")
	_, _, err = client.Bucket.GetTagging(ctx)
	refused(t, err, 404, "NoSuchTagSet")

	rule := cos.BucketCORSRule{AllowedOrigins: []string{"http://app.test"}, AllowedMethods: []string{"PUT"}}
	_, err = client.Bucket.PutCORS(ctx, &cos.BucketPutCORSOptions{Rules: []cos.BucketCORSRule{rule}})
	must(t, err)
	rules, _, err := client.Bucket.GetCORS(ctx)
	must(t, err)
	equal(t, rules.Rules[0].AllowedOrigins[0], "http://app.test")

	buckets, _, err := client.Service.Get(ctx)
	must(t, err)
	found := false
	for _, entry := range buckets.Buckets {
		found = found || entry.Name == bucket
	}
	equal(t, found, true)
	exists, err := client.Object.IsExist(ctx, "none")
	must(t, err)
	equal(t, exists, false)
	_, err = client.Bucket.Delete(ctx)
	refused(t, err, 409, "BucketNotEmpty")
	_, _, err = client.Object.Append(ctx, "appended", 0, strings.NewReader("v"), nil)
	refused(t, err, 501, "NotImplemented")
}
