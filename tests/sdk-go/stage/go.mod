module daypass/sdk-go/stage

go 1.21
