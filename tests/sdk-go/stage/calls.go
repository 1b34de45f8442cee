package stage

import (
	"bytes"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"os"
	"strings"
)

// Noting is a transport that notes each action of the token service and the access management, and how it was
// answered, in the file that DAYPASS_CALLS names.
type Noting struct {
	// SDK is the one that calls.
	SDK string
	// Inner does the work.
	Inner http.RoundTripper
}

// RoundTrip sends the request.
func (noting Noting) RoundTrip(request *http.Request) (*http.Response, error) {
	action, err := actionOf(request)
	if err != nil {
		return nil, err
	}
	response, err := noting.Inner.RoundTrip(request)
	if err != nil {
		return nil, err
	}
	body, err := io.ReadAll(response.Body)
	response.Body.Close()
	if err != nil {
		return nil, err
	}
	response.Body = io.NopCloser(bytes.NewReader(body))
	return response, note(noting.SDK, action, outcome(body))
}

func actionOf(request *http.Request) (string, error) {
	for name, values := range request.Header {
		// One SDK spells names as it likes, past the usual form.
		if strings.EqualFold(name, "X-TC-Action") {
			return values[0], nil
		}
	}
	if request.Body == nil {
		return request.URL.Query().Get("Action"), nil
	}
	body, err := io.ReadAll(request.Body)
	if err != nil {
		return "", err
	}
	request.Body = io.NopCloser(bytes.NewReader(body))
	form, err := url.ParseQuery(request.URL.RawQuery + "&" + string(body))
	return form.Get("Action"), err
}

func outcome(body []byte) string {
	var answer struct {
		Response struct{ Error *struct{ Code string } }
	}
	if err := json.Unmarshal(body, &answer); err != nil {
		return "unreadable"
	}
	if answer.Response.Error != nil {
		return answer.Response.Error.Code
	}
	return "ok"
}

func note(sdk, action, outcome string) error {
	path := os.Getenv("DAYPASS_CALLS")
	if path == "" {
		return nil
	}
	file, err := os.OpenFile(path, os.O_APPEND|os.O_CREATE|os.O_WRONLY, 0o600)
	if err != nil {
		return err
	}
	defer file.Close()
	_, err = fmt.Fprintf(file, "%s\t%s\t%s\n", sdk, action, outcome)
	return err
}
