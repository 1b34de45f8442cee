// Wrong keys, wrong tokens, ended keys, each with its exact code, from the object store and from the token service.
package sdkgo

import (
	"net/url"
	"strings"
	"testing"
	"time"

	"github.com/tencentcloud/tencentcloud-sdk-go/tencentcloud/common"
	api "github.com/tencentcloud/tencentcloud-sdk-go/tencentcloud/sts/v20180813"
	sts "github.com/tencentyun/qcloud-cos-sts-sdk/go"

	"daypass/sdk-go/stage"
)

func TestKeysThatAreNone(t *testing.T) {
	bucket := newBucket(t)
	everything := statement("*", "*")
	one, two := mint(t, 1800, everything), mint(t, 1800, everything)
	write(t, cosClient(one, bucket, "http"), "k", "v")
	root := server.Root
	for name, wrong := range map[string]struct {
		key  stage.Key
		code string
	}{
		"unknown":           {stage.Key{ID: "AKID" + strings.Repeat("x", 32), Secret: root.Secret}, "InvalidAccessKeyId"},
		"secret":            {stage.Key{ID: root.ID, Secret: strings.Repeat("x", 32)}, "SignatureDoesNotMatch"},
		"no token":          {stage.Key{ID: one.ID, Secret: one.Secret}, "AccessDenied"},
		"another's token":   {stage.Key{ID: one.ID, Secret: one.Secret, Token: two.Token}, "AccessDenied"},
		"nonsense":          {stage.Key{ID: one.ID, Secret: one.Secret, Token: "nonsense"}, "AccessDenied"},
		"tampered":          {stage.Key{ID: one.ID, Secret: one.Secret, Token: tampered(one.Token)}, "AccessDenied"},
		"a token at a root": {stage.Key{ID: root.ID, Secret: root.Secret, Token: one.Token}, "AccessDenied"},
		"another's secret":  {stage.Key{ID: one.ID, Secret: two.Secret, Token: one.Token}, "SignatureDoesNotMatch"},
	} {
		t.Run(name, func(t *testing.T) {
			_, err := cosClient(wrong.key, bucket, "http").Object.Get(ctx, "k", nil)
			refused(t, err, 403, wrong.code)
		})
	}
}

// The token with another character in its middle.
func tampered(token string) string {
	middle := len(token) / 2
	other := "A"
	if token[middle] == 'A' {
		other = "B"
	}
	return token[:middle] + other + token[middle+1:]
}

func TestAnExpiredKey(t *testing.T) {
	bucket := newBucket(t)
	key := mint(t, 1, statement("*", "*"))
	time.Sleep(2100 * time.Millisecond)
	_, err := cosClient(key, bucket, "http").Object.Put(ctx, "late", strings.NewReader("v"), nil)
	refused(t, err, 400, "ExpiredToken")
	_, err = apiClient(t, key, "http", tc3, "POST").GetCallerIdentity(api.NewGetCallerIdentityRequest())
	apiRefused(t, err, "AuthFailure.TokenFailure")
}

func TestPoliciesThatAreRefused(t *testing.T) {
	foreign := "qcs::cos:" + stage.Region + ":uid/1250000001:b-1250000001/*"
	for _, wrong := range []struct {
		options sts.CredentialOptions
		code    string
	}{
		{sts.CredentialOptions{Policy: policy(statement(foreign, "name/cos:*"))}, "InvalidParameter.GrantOtherResource"},
		{sts.CredentialOptions{Policy: policy(statement("qcs::cos:nowhere", "name/cos:*"))}, "InvalidParameter.ResouceError"},
		{sts.CredentialOptions{Policy: policy(statement("*"))}, "InvalidParameter.StrategyInvalid"},
		{sts.CredentialOptions{Policy: policy()}, "InvalidParameter.StrategyInvalid"},
		{sts.CredentialOptions{Policy: policy(statement("*", "*")), DurationSeconds: 7201}, "InvalidParameter.OverTimeError"},
		{sts.CredentialOptions{Policy: policy(statement("*", "*")), DurationSeconds: -1}, "InvalidParameter.ParamError"},
	} {
		_, err := stsClient(server.Root, "https").GetCredential(&wrong.options)
		stsRefused(t, err, wrong.code)
	}
}

func TestMintersThatAreRefused(t *testing.T) {
	options := &sts.CredentialOptions{Policy: policy(statement("*", "*"))}
	root, temporary := server.Root, mint(t, 1800, statement("*", "*"))
	for _, wrong := range []struct {
		key  stage.Key
		code string
	}{
		{stage.Key{ID: "AKID" + strings.Repeat("x", 32), Secret: root.Secret}, "AuthFailure.SecretIdNotFound"},
		{stage.Key{ID: root.ID, Secret: strings.Repeat("x", 32)}, "AuthFailure.SignatureFailure"},
		{temporary, "AuthFailure.TokenFailure"},
	} {
		_, err := stsClient(wrong.key, "http").GetCredential(options)
		stsRefused(t, err, wrong.code)
	}
	request := api.NewGetFederationTokenRequest()
	request.Name = common.StringPtr("go")
	request.Policy = common.StringPtr(url.QueryEscape(`{"version":"2.0","statement":[]}`))
	_, err := apiClient(t, temporary, "http", tc3, "POST").GetFederationToken(request)
	apiRefused(t, err, "FailedOperation.TempKeyNotAllowed")
}

func TestTheTokenServiceByTheGeneralSDK(t *testing.T) {
	for _, scheme := range schemes {
		for _, way := range [][2]string{{tc3, "POST"}, {tc3, "GET"}, {"HmacSHA1", "POST"}, {"HmacSHA256", "GET"}} {
			client := apiClient(t, server.Root, scheme, way[0], way[1])
			answer, err := client.GetCallerIdentity(api.NewGetCallerIdentityRequest())
			must(t, err)
			equal(t, *answer.Response.UserId, *answer.Response.AccountId)
			request := api.NewGetFederationTokenRequest()
			request.Policy = common.StringPtr(url.QueryEscape(`{"version":"2.0","statement":[]}`))
			_, err = client.GetFederationToken(request)
			apiRefused(t, err, "MissingParameter")
			request.Name = common.StringPtr("not a name")
			_, err = client.GetFederationToken(request)
			apiRefused(t, err, "InvalidParameter.ParamError")
			request.Name, request.Policy = common.StringPtr("go"), common.StringPtr("text")
			_, err = client.GetFederationToken(request)
			apiRefused(t, err, "InvalidParameter.StrategyFormatError")
			session, err := client.GetSessionToken(api.NewGetSessionTokenRequest())
			must(t, err)
			made := session.Response.Credentials
			key := stage.Key{ID: *made.TmpSecretId, Secret: *made.TmpSecretKey, Token: *made.Token}
			_, err = cosClient(key, newBucket(t), scheme).Bucket.Head(ctx)
			must(t, err)
			keys, err := client.QueryApiKey(api.NewQueryApiKeyRequest())
			must(t, err)
			equal(t, *keys.Response.IdKeys[0].SecretId, server.Root.ID)
		}
	}
}
