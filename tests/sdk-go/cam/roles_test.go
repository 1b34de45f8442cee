// The life of a role through the SDK of access management; this generation of it knows no tags of roles.
package cam

import (
	"strings"
	"testing"

	api "github.com/tencentcloud/tencentcloud-sdk-go/tencentcloud/cam/v20190116"

	"daypass/sdk-go/stage"
)

func TestRoles(t *testing.T) {
	for _, way := range ways {
		t.Run(strings.Join(way[:], " "), func(t *testing.T) {
			root := client(t, server.Root, way)
			name, id := role(t, root)
			policiesOfRole(t, root, name, id)
			settingsOfRole(t, root, name)
			remove := api.NewDeleteRoleRequest()
			remove.RoleName = name
			_, err := root.DeleteRole(remove)
			must(t, err)
			_, err = root.DeleteRole(remove)
			refused(t, err, "InvalidParameter.RoleNotExist")
		})
	}
}

func trust(who string) *string {
	return text(`{"version":"2.0","statement":[{"effect":"allow","action":["name/sts:AssumeRole"],` +
		`"principal":{"qcs":["qcs::cam::uin/` + stage.OwnerUin + `:` + who + `"]}}]}`)
}

// A new role, found by its name, by its id and in the list.
func role(t *testing.T, root *api.Client) (name, id *string) {
	create := api.NewCreateRoleRequest()
	create.RoleName, create.PolicyDocument, create.Description = text(stage.Unique("role")), trust("root"), text("说明")
	made, err := root.CreateRole(create)
	must(t, err)
	_, err = root.CreateRole(create)
	refused(t, err, "InvalidParameter.RoleNameInUse")
	name, id = create.RoleName, made.Response.RoleId
	for _, get := range []*api.GetRoleRequest{{RoleName: name}, {RoleId: id}} {
		full := api.NewGetRoleRequest()
		full.RoleName, full.RoleId = get.RoleName, get.RoleId
		found, err := root.GetRole(full)
		must(t, err)
		equal(t, *found.Response.RoleInfo.RoleId, *id)
		equal(t, *found.Response.RoleInfo.RoleName, *name)
		equal(t, *found.Response.RoleInfo.Description, "说明")
		equal(t, *found.Response.RoleInfo.PolicyDocument, *create.PolicyDocument)
	}
	list := api.NewDescribeRoleListRequest()
	list.Page, list.Rp = number(1), number(200)
	listed, err := root.DescribeRoleList(list)
	must(t, err)
	for _, found := range listed.Response.List {
		if *found.RoleId == *id {
			return name, id
		}
	}
	t.Fatal("the list of roles lacks the new one")
	return nil, nil
}

func policiesOfRole(t *testing.T, root *api.Client, name, id *string) {
	create := api.NewCreatePolicyRequest()
	create.PolicyName, create.PolicyDocument = text(stage.Unique("policy")), text(document)
	made, err := root.CreatePolicy(create)
	must(t, err)
	attach := api.NewAttachRolePolicyRequest()
	attach.AttachRoleName, attach.PolicyId = name, made.Response.PolicyId
	_, err = root.AttachRolePolicy(attach)
	must(t, err)
	attached := func() int {
		list := api.NewListAttachedRolePoliciesRequest()
		list.RoleId, list.Page, list.Rp = id, number(1), number(10)
		listed, err := root.ListAttachedRolePolicies(list)
		must(t, err)
		return len(listed.Response.List)
	}
	equal(t, attached(), 1)
	detach := api.NewDetachRolePolicyRequest()
	detach.DetachRoleId, detach.PolicyId = id, made.Response.PolicyId
	_, err = root.DetachRolePolicy(detach)
	must(t, err)
	equal(t, attached(), 0)

	bound := api.NewPutRolePermissionsBoundaryRequest()
	bound.RoleName, bound.PolicyId = name, signed(made.Response.PolicyId)
	_, err = root.PutRolePermissionsBoundary(bound)
	must(t, err)
	unbound := api.NewDeleteRolePermissionsBoundaryRequest()
	unbound.RoleName = name
	_, err = root.DeleteRolePermissionsBoundary(unbound)
	must(t, err)
}

// The SDK has the same number with and without a sign.
func signed(number *uint64) *int64 {
	value := int64(*number)
	return &value
}

func settingsOfRole(t *testing.T, root *api.Client, name *string) {
	update := api.NewUpdateAssumeRolePolicyRequest()
	update.RoleName, update.PolicyDocument = name, trust("uin/"+stage.OwnerUin)
	_, err := root.UpdateAssumeRolePolicy(update)
	must(t, err)
	update.PolicyDocument = trust("uin/1")
	_, err = root.UpdateAssumeRolePolicy(update)
	refused(t, err, "InvalidParameter.PrincipalQcsNotExist")
	describe := api.NewUpdateRoleDescriptionRequest()
	describe.RoleName, describe.Description = name, text("other")
	_, err = root.UpdateRoleDescription(describe)
	must(t, err)
	console := api.NewUpdateRoleConsoleLoginRequest()
	console.RoleName, console.ConsoleLogin = name, signed(number(0))
	_, err = root.UpdateRoleConsoleLogin(console)
	must(t, err)
	get := api.NewGetRoleRequest()
	get.RoleName = name
	found, err := root.GetRole(get)
	must(t, err)
	equal(t, *found.Response.RoleInfo.Description, "other")
}
