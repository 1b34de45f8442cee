module daypass/sdk-go/cam

go 1.21

require (
	daypass/sdk-go/stage v0.0.0
	github.com/tencentcloud/tencentcloud-sdk-go v1.0.162
)

replace daypass/sdk-go/stage => ../stage
