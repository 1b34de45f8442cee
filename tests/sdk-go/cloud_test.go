// The vendor's SDKs, pointed at the server, and the few things that most tests need of them.
package sdkgo

import (
	"context"
	"encoding/json"
	"errors"
	"io"
	"net/http"
	"net/url"
	"os"
	"strings"
	"testing"
	"time"

	"github.com/tencentcloud/tencentcloud-sdk-go/tencentcloud/common"
	sdkerrors "github.com/tencentcloud/tencentcloud-sdk-go/tencentcloud/common/errors"
	"github.com/tencentcloud/tencentcloud-sdk-go/tencentcloud/common/profile"
	api "github.com/tencentcloud/tencentcloud-sdk-go/tencentcloud/sts/v20180813"
	"github.com/tencentyun/cos-go-sdk-v5"
	sts "github.com/tencentyun/qcloud-cos-sts-sdk/go"

	"daypass/sdk-go/stage"
)

const tc3 = "TC3-HMAC-SHA256"

var (
	server *stage.Server
	ctx    = context.Background()
	// Both ways to every service.
	schemes = []string{"http", "https"}
)

func TestMain(m *testing.M) {
	os.Exit(stage.Run(func(started *stage.Server) int {
		server = started
		return m.Run()
	}))
}

// A client of the object store; it sends the host names of the real service, over a connection to us.
func cosClient(key stage.Key, bucket, scheme string) *cos.Client {
	bucketURL, _ := url.Parse(scheme + "://" + bucket + ".cos." + stage.Region + ".myqcloud.com")
	serviceURL, _ := url.Parse(scheme + "://service.cos.myqcloud.com")
	return cos.NewClient(&cos.BaseURL{BucketURL: bucketURL, ServiceURL: serviceURL}, &http.Client{
		Transport: &cos.AuthorizationTransport{
			SecretID:     key.ID,
			SecretKey:    key.Secret,
			SessionToken: key.Token,
			Transport:    server.Transport(),
		},
	})
}

// What a presigned URL leads to.
func follow(t *testing.T, method string, link *url.URL, body string) (int, string) {
	t.Helper()
	request, err := http.NewRequest(method, link.String(), strings.NewReader(body))
	must(t, err)
	answer, err := (&http.Client{Transport: server.Transport()}).Do(request)
	must(t, err)
	defer answer.Body.Close()
	text, err := io.ReadAll(answer.Body)
	must(t, err)
	return answer.StatusCode, string(text)
}

// The STS SDK's client.
func stsClient(key stage.Key, scheme string) *sts.Client {
	transport := stage.Noting{SDK: "Go STS", Inner: server.Transport()}
	return sts.NewClient(key.ID, key.Secret, &http.Client{Transport: transport},
		sts.Host("localhost:"+server.Port(scheme)), sts.Scheme(scheme))
}

// The general SDK's client of the token service.
func apiClient(t *testing.T, key stage.Key, scheme, signature, method string) *api.Client {
	t.Helper()
	options := profile.NewClientProfile()
	options.SignMethod = signature
	options.HttpProfile.ReqMethod = method
	options.HttpProfile.Scheme = scheme
	options.HttpProfile.Endpoint = "localhost:" + server.Port(scheme)
	client, err := api.NewClient(common.NewTokenCredential(key.ID, key.Secret, key.Token), stage.Region, options)
	must(t, err)
	client.WithHttpTransport(stage.Noting{SDK: "Go", Inner: server.Transport()})
	return client
}

func statement(resource string, actions ...string) sts.CredentialPolicyStatement {
	return sts.CredentialPolicyStatement{Effect: "allow", Action: actions, Resource: []string{resource}}
}

func policy(statements ...sts.CredentialPolicyStatement) *sts.CredentialPolicy {
	return &sts.CredentialPolicy{Version: "2.0", Statement: statements}
}

// The resource of an object, of several, or with an empty pattern of the bucket itself.
func inBucket(bucket, pattern string) string {
	return "qcs::cos:" + stage.Region + ":uid/" + stage.AppID + ":" + bucket + "/" + pattern
}

// A temporary key of the root account by the STS SDK.
func mint(t *testing.T, seconds int64, statements ...sts.CredentialPolicyStatement) stage.Key {
	t.Helper()
	answer, err := stsClient(server.Root, "http").GetCredential(
		&sts.CredentialOptions{Policy: policy(statements...), Region: stage.Region, DurationSeconds: seconds})
	must(t, err)
	return stage.Key{ID: answer.Credentials.TmpSecretID, Secret: answer.Credentials.TmpSecretKey,
		Token: answer.Credentials.SessionToken}
}

// A temporary key of the root account by the general SDK, which takes the policy percent-encoded.
func mintByAPI(t *testing.T, scheme, signature, method string, statements ...sts.CredentialPolicyStatement) stage.Key {
	t.Helper()
	document, err := json.Marshal(policy(statements...))
	must(t, err)
	request := api.NewGetFederationTokenRequest()
	request.Name = common.StringPtr("go")
	request.Policy = common.StringPtr(url.QueryEscape(string(document)))
	request.DurationSeconds = common.Uint64Ptr(1800)
	answer, err := apiClient(t, server.Root, scheme, signature, method).GetFederationToken(request)
	must(t, err)
	made := answer.Response.Credentials
	if remaining := int64(*answer.Response.ExpiredTime) - time.Now().Unix(); remaining < 1790 || remaining > 1800 {
		t.Fatalf("%d seconds are left", remaining)
	}
	return stage.Key{ID: *made.TmpSecretId, Secret: *made.TmpSecretKey, Token: *made.Token}
}

func newBucket(t *testing.T) string {
	t.Helper()
	name := stage.Unique("b") + "-" + stage.AppID
	_, err := cosClient(server.Root, name, "http").Bucket.Put(ctx, nil)
	must(t, err)
	return name
}

func must(t *testing.T, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}

func equal[T comparable](t *testing.T, got, expected T) {
	t.Helper()
	if got != expected {
		t.Fatalf("%v instead of %v", got, expected)
	}
}

// The object store refused with this status and code; answers without a body have no code.
func refused(t *testing.T, err error, status int, code string) {
	t.Helper()
	refusal, ok := cos.IsCOSError(err)
	if !ok {
		t.Fatalf("%v instead of %d %s", err, status, code)
	}
	if refusal.Response.StatusCode != status || refusal.Code != code {
		t.Fatalf("%v instead of %d %s", err, status, code)
	}
	if refusal.Response.Header.Get("x-cos-request-id") == "" {
		t.Fatal("a refusal has a request id")
	}
}

// The token service refused the general SDK with this code.
func apiRefused(t *testing.T, err error, code string) {
	t.Helper()
	var refusal *sdkerrors.TencentCloudSDKError
	if !errors.As(err, &refusal) || refusal.Code != code || refusal.RequestId == "" {
		t.Fatalf("%v instead of %s", err, code)
	}
}

// The token service refused the STS SDK with this code.
func stsRefused(t *testing.T, err error, code string) {
	t.Helper()
	var refusal *sts.CredentialError
	if !errors.As(err, &refusal) || refusal.Code != code || refusal.RequestId == "" {
		t.Fatalf("%v instead of %s", err, code)
	}
}

func read(t *testing.T, client *cos.Client, key string) string {
	t.Helper()
	answer, err := client.Object.Get(ctx, key, nil)
	must(t, err)
	defer answer.Body.Close()
	text, err := io.ReadAll(answer.Body)
	must(t, err)
	return string(text)
}

func write(t *testing.T, client *cos.Client, key, text string) {
	t.Helper()
	_, err := client.Object.Put(ctx, key, strings.NewReader(text), nil)
	must(t, err)
}
