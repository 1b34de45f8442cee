// A role that somebody acts as, by the general SDK.
package sdkgo

import (
	"encoding/json"
	"testing"

	"github.com/tencentcloud/tencentcloud-sdk-go/tencentcloud/common"
	tchttp "github.com/tencentcloud/tencentcloud-sdk-go/tencentcloud/common/http"
	"github.com/tencentcloud/tencentcloud-sdk-go/tencentcloud/common/profile"
	api "github.com/tencentcloud/tencentcloud-sdk-go/tencentcloud/sts/v20180813"

	"daypass/sdk-go/stage"
)

// Calls an action of the access management by the SDK's client of any service.
func cam(t *testing.T, scheme, action string, parameters map[string]interface{}) map[string]interface{} {
	t.Helper()
	options := profile.NewClientProfile()
	options.HttpProfile.Scheme = scheme
	options.HttpProfile.Endpoint = "localhost:" + server.Port(scheme)
	client := common.NewCommonClient(common.NewCredential(server.Root.ID, server.Root.Secret), stage.Region, options)
	client.WithHttpTransport(stage.Noting{SDK: "Go", Inner: server.Transport()})
	request := tchttp.NewCommonRequest("cam", "2019-01-16", action)
	must(t, request.SetActionParameters(parameters))
	answer := tchttp.NewCommonResponse()
	must(t, client.Send(request, answer))
	var read struct{ Response map[string]interface{} }
	must(t, json.Unmarshal(answer.GetBody(), &read))
	return read.Response
}

func TestRoles(t *testing.T) {
	for _, scheme := range schemes {
		t.Run(scheme, func(t *testing.T) {
			bucket, name := newBucket(t), stage.Unique("role")
			account := "qcs::cam::uin/" + stage.OwnerUin
			trust := `{"version":"2.0","statement":[{"effect":"allow","action":["name/sts:AssumeRole"],` +
				`"principal":{"qcs":["` + account + `:root"]}}]}`
			cam(t, scheme, "CreateRole", map[string]interface{}{"RoleName": name, "PolicyDocument": trust})
			document, err := json.Marshal(policy(statement(inBucket(bucket, "*"), "name/cos:PutObject", "name/cos:GetObject")))
			must(t, err)
			made := cam(t, scheme, "CreatePolicy",
				map[string]interface{}{"PolicyName": stage.Unique("policy"), "PolicyDocument": string(document)})
			cam(t, scheme, "AttachRolePolicy",
				map[string]interface{}{"AttachRoleName": name, "PolicyId": made["PolicyId"]})
			tags(t, scheme, name)

			request := api.NewAssumeRoleRequest()
			request.RoleArn = common.StringPtr(account + ":roleName/" + name)
			request.RoleSessionName = common.StringPtr("go")
			request.SourceIdentity = common.StringPtr("gopher")
			request.Tags = []*api.Tag{{Key: common.StringPtr("team"), Value: common.StringPtr("photos")}}
			whole := assume(t, scheme, request)
			narrowed, err := json.Marshal(policy(statement(inBucket(bucket, "alice/*"), "name/cos:PutObject")))
			must(t, err)
			request.Policy = common.StringPtr(string(narrowed))
			part := assume(t, scheme, request)

			write(t, cosClient(part, bucket, scheme), "alice/k", "v")
			equal(t, read(t, cosClient(whole, bucket, scheme), "alice/k"), "v")
			_, err = cosClient(part, bucket, scheme).Object.Get(ctx, "alice/k", nil)
			refused(t, err, 403, "AccessDenied")
			caller, err := apiClient(t, whole, scheme, tc3, "POST").GetCallerIdentity(api.NewGetCallerIdentityRequest())
			must(t, err)
			equal(t, *caller.Response.Type, "CAMRole")

			cam(t, scheme, "DeleteRole", map[string]interface{}{"RoleName": name})
			_, err = cosClient(whole, bucket, scheme).Object.Get(ctx, "alice/k", nil)
			refused(t, err, 403, "InvalidAccessKeyId")
			_, err = apiClient(t, server.Root, scheme, tc3, "POST").AssumeRole(request)
			apiRefused(t, err, "ResourceNotFound.RoleNotFound")
		})
	}
}

// What the SDK of access management does not know yet.
func tags(t *testing.T, scheme, role string) {
	t.Helper()
	tag := map[string]string{"Key": "team", "Value": "photos"}
	cam(t, scheme, "TagRole", map[string]interface{}{"RoleName": role, "Tags": []interface{}{tag}})
	count := func() int {
		found := cam(t, scheme, "GetRole", map[string]interface{}{"RoleName": role})
		list, _ := found["RoleInfo"].(map[string]interface{})["Tags"].([]interface{})
		return len(list)
	}
	equal(t, count(), 1)
	cam(t, scheme, "UntagRole", map[string]interface{}{"RoleName": role, "TagKeys": []string{"team"}})
	equal(t, count(), 0)
}

func assume(t *testing.T, scheme string, request *api.AssumeRoleRequest) stage.Key {
	t.Helper()
	answer, err := apiClient(t, server.Root, scheme, tc3, "POST").AssumeRole(request)
	must(t, err)
	made := answer.Response.Credentials
	return stage.Key{ID: *made.TmpSecretId, Secret: *made.TmpSecretKey, Token: *made.Token}
}
