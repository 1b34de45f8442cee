// The access management through its SDK: every answer has the types that the SDK expects, or it would not read it.
package cam

import (
	"net/http"
	"os"
	"strings"
	"testing"

	api "github.com/tencentcloud/tencentcloud-sdk-go/tencentcloud/cam/v20190116"
	"github.com/tencentcloud/tencentcloud-sdk-go/tencentcloud/common"
	sdkerrors "github.com/tencentcloud/tencentcloud-sdk-go/tencentcloud/common/errors"
	"github.com/tencentcloud/tencentcloud-sdk-go/tencentcloud/common/profile"

	"daypass/sdk-go/stage"
)

const document = `{"version":"2.0","statement":[{"effect":"allow","action":["cos:GetObject"],"resource":["*"]}]}`

var (
	server *stage.Server
	text   = common.StringPtr
	number = common.Uint64Ptr
	// What may be combined: how it is signed, and whether it travels in a body.
	ways = [][2]string{
		{"TC3-HMAC-SHA256", "POST"}, {"TC3-HMAC-SHA256", "GET"}, {"HmacSHA1", "POST"}, {"HmacSHA256", "GET"},
	}
)

func TestMain(m *testing.M) {
	os.Exit(stage.Run(func(started *stage.Server) int {
		server = started
		return m.Run()
	}))
}

func client(t *testing.T, key stage.Key, way [2]string) *api.Client {
	t.Helper()
	options := profile.NewClientProfile()
	options.SignMethod, options.HttpProfile.ReqMethod = way[0], way[1]
	options.HttpProfile.Scheme = "https"
	options.HttpProfile.Endpoint = "localhost:" + server.Port("https")
	made, err := api.NewClient(common.NewTokenCredential(key.ID, key.Secret, key.Token), stage.Region, options)
	must(t, err)
	var transport http.RoundTripper = stage.Noting{SDK: "Go", Inner: server.Transport()}
	made.WithHttpTransport(transport)
	return made
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

func refused(t *testing.T, err error, code string) {
	t.Helper()
	refusal, ok := err.(*sdkerrors.TencentCloudSDKError)
	if !ok || refusal.Code != code || refusal.RequestId == "" {
		t.Fatalf("%v instead of %s", err, code)
	}
}

func TestUsersAndTheirPolicies(t *testing.T) {
	for _, way := range ways {
		t.Run(strings.Join(way[:], " "), func(t *testing.T) {
			root := client(t, server.Root, way)
			uin, key := user(t, root)
			policy := policyOf(t, root, uin)
			stranger := client(t, key, way)
			_, err := stranger.ListUsers(api.NewListUsersRequest())
			refused(t, err, "AuthFailure.UnauthorizedOperation")
			remove(t, root, policy, uin)
		})
	}
}

// A new user with an access key.
func user(t *testing.T, root *api.Client) (*uint64, stage.Key) {
	add := api.NewAddUserRequest()
	add.Name, add.Remark, add.UseApi = text("gopher"), text("说明"), number(1)
	made, err := root.AddUser(add)
	must(t, err)
	_, err = root.AddUser(add)
	refused(t, err, "InvalidParameter.SubUserNameInUse")
	get := api.NewGetUserRequest()
	get.Name = add.Name
	found, err := root.GetUser(get)
	must(t, err)
	equal(t, *found.Response.Uin, *made.Response.Uin)
	equal(t, *found.Response.Remark, "说明")
	all, err := root.ListUsers(api.NewListUsersRequest())
	must(t, err)
	equal(t, len(all.Response.Data), 1)
	keys := api.NewListAccessKeysRequest()
	keys.TargetUin = made.Response.Uin
	listed, err := root.ListAccessKeys(keys)
	must(t, err)
	equal(t, *listed.Response.AccessKeys[0].AccessKeyId, *made.Response.SecretId)
	return made.Response.Uin, stage.Key{ID: *made.Response.SecretId, Secret: *made.Response.SecretKey}
}

// A new policy, attached to the user.
func policyOf(t *testing.T, root *api.Client, uin *uint64) *uint64 {
	create := api.NewCreatePolicyRequest()
	create.PolicyName, create.PolicyDocument = text("gopher-may"), text(document)
	made, err := root.CreatePolicy(create)
	must(t, err)
	_, err = root.CreatePolicy(create)
	refused(t, err, "FailedOperation.PolicyNameInUse")
	id := made.Response.PolicyId
	get := api.NewGetPolicyRequest()
	get.PolicyId = id
	found, err := root.GetPolicy(get)
	must(t, err)
	equal(t, *found.Response.PolicyDocument, document)
	list := api.NewListPoliciesRequest()
	list.Keyword, list.Scope = text("gopher-may"), text("Local")
	listed, err := root.ListPolicies(list)
	must(t, err)
	equal(t, *listed.Response.List[0].PolicyId, *id)
	attach := api.NewAttachUserPolicyRequest()
	attach.PolicyId, attach.AttachUin = id, uin
	_, err = root.AttachUserPolicy(attach)
	must(t, err)
	equal(t, attachedTo(t, root, uin), 1)
	return id
}

func attachedTo(t *testing.T, root *api.Client, uin *uint64) int {
	t.Helper()
	list := api.NewListAttachedUserPoliciesRequest()
	list.TargetUin = uin
	attached, err := root.ListAttachedUserPolicies(list)
	must(t, err)
	return len(attached.Response.List)
}

func remove(t *testing.T, root *api.Client, policy, uin *uint64) {
	detach := api.NewDetachUserPolicyRequest()
	detach.PolicyId, detach.DetachUin = policy, uin
	_, err := root.DetachUserPolicy(detach)
	must(t, err)
	equal(t, attachedTo(t, root, uin), 0)
	drop := api.NewDeletePolicyRequest()
	drop.PolicyId = []*uint64{policy}
	_, err = root.DeletePolicy(drop)
	must(t, err)
	_, err = root.DeletePolicy(drop)
	refused(t, err, "ResourceNotFound.PolicyIdNotFound")
	discard := api.NewDeleteUserRequest()
	discard.Name = text("gopher")
	_, err = root.DeleteUser(discard)
	refused(t, err, "OperationDenied.HaveKeys")
	discard.Force = number(1)
	_, err = root.DeleteUser(discard)
	must(t, err)
	_, err = root.DeleteUser(discard)
	refused(t, err, "ResourceNotFound.UserNotExist")
}
