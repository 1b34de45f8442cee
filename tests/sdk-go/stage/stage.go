// Package stage runs the program under test for both suites of this folder, and notes what was asked of it.
//
// It has no dependencies, since the suites are modules of their own: two generations of one SDK do not fit into one.
package stage

import (
	"bufio"
	"context"
	"crypto/rand"
	"crypto/tls"
	"crypto/x509"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"net"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"syscall"
	"time"
)

const (
	// AppID is the number of the account.
	AppID = "1250000000"
	// OwnerUin is the number of its root.
	OwnerUin = "100000000001"
	// Region is where the server says it stands.
	Region = "ap-guangzhou"

	readySeconds = 30
)

// Key is a permanent or, with a token, a temporary key.
type Key struct {
	ID, Secret, Token string
}

// Server is `daypass serve` on a fresh data directory and free ports, with a certificate of its own making.
type Server struct {
	Root                Key
	HTTPPort, HTTPSPort string
	folder              string
	process             *exec.Cmd
	authorities         *x509.CertPool
}

// Unique is a name that nothing else has.
func Unique(what string) string {
	bytes := make([]byte, 6)
	if _, err := rand.Read(bytes); err != nil {
		panic(err)
	}
	return what + "-" + hex.EncodeToString(bytes)
}

// Run starts a server, runs the tests with it, and returns the process's exit code.
func Run(tests func(*Server) int) int {
	// The SDKs would obey a proxy and send what is meant for the loopback interface elsewhere.
	for _, variable := range os.Environ() {
		name, _, _ := strings.Cut(variable, "=")
		if strings.HasSuffix(strings.ToLower(name), "_proxy") {
			os.Unsetenv(name)
		}
	}
	server, err := start()
	if err != nil {
		fmt.Fprintln(os.Stderr, "no server:", err)
		return 1
	}
	defer os.RemoveAll(server.folder)
	code := tests(server)
	if err := server.stop(); err != nil {
		fmt.Fprintln(os.Stderr, "the server did not end well:", err, server.log())
		return 1
	}
	return code
}

func start() (*Server, error) {
	folder, err := os.MkdirTemp("", "daypass-sdk-go-")
	if err != nil {
		return nil, err
	}
	server := &Server{folder: folder, Root: Key{ID: "AKID" + random(16), Secret: random(16)}}
	if err := server.makeCertificate(); err != nil {
		return nil, err
	}
	return server, server.serve()
}

func random(bytes int) string {
	text := make([]byte, bytes)
	if _, err := rand.Read(text); err != nil {
		panic(err)
	}
	return hex.EncodeToString(text)
}

func binary() string {
	if given := os.Getenv("DAYPASS_BIN"); given != "" {
		return given
	}
	return "../../target/release/daypass"
}

func (server *Server) makeCertificate() error {
	output, err := exec.Command(binary(), "tls", "init", "--dir", server.path("tls")).CombinedOutput()
	if err != nil {
		return fmt.Errorf("`daypass tls init`: %w: %s", err, output)
	}
	authority, err := os.ReadFile(server.path("tls/ca.pem"))
	if err != nil {
		return err
	}
	server.authorities = x509.NewCertPool()
	if !server.authorities.AppendCertsFromPEM(authority) {
		return fmt.Errorf("the authority's certificate cannot be read")
	}
	return nil
}

func (server *Server) serve() error {
	log, err := os.Create(server.path("server.log"))
	if err != nil {
		return err
	}
	server.process = exec.Command(binary(), "serve", "--data", server.path("data"), "--min-session-seconds", "1",
		"--listen", "127.0.0.1:0", "--tls-listen", "127.0.0.1:0",
		"--tls-cert", server.path("tls/cert.pem"), "--tls-key", server.path("tls/key.pem"))
	server.process.Env = append(os.Environ(), "DAYPASS_ROOT_SECRET_ID="+server.Root.ID,
		"DAYPASS_ROOT_SECRET_KEY="+server.Root.Secret, "DAYPASS_APPID="+AppID)
	server.process.Stderr = log
	output, err := server.process.StdoutPipe()
	if err != nil {
		return err
	}
	if err := server.process.Start(); err != nil {
		return err
	}
	unready := time.AfterFunc(readySeconds*time.Second, func() { _ = server.process.Process.Kill() })
	defer unready.Stop()
	line, err := bufio.NewReader(output).ReadString('\n')
	if err != nil {
		return fmt.Errorf("it did not get ready: %w: %s", err, server.log())
	}
	return server.readPorts(line)
}

func (server *Server) readPorts(line string) (err error) {
	var ready struct{ HTTP, HTTPS string }
	if err := json.Unmarshal([]byte(line), &ready); err != nil {
		return err
	}
	if _, server.HTTPPort, err = net.SplitHostPort(ready.HTTP); err != nil {
		return err
	}
	_, server.HTTPSPort, err = net.SplitHostPort(ready.HTTPS)
	return err
}

func (server *Server) stop() error {
	if err := server.process.Process.Signal(syscall.SIGTERM); err != nil {
		return err
	}
	return server.process.Wait()
}

func (server *Server) path(name string) string {
	return filepath.Join(server.folder, name)
}

func (server *Server) log() string {
	text, _ := os.ReadFile(server.path("server.log"))
	return string(text[max(0, len(text)-4000):])
}

// Port is the one that serves a scheme.
func (server *Server) Port(scheme string) string {
	if scheme == "https" {
		return server.HTTPSPort
	}
	return server.HTTPPort
}

// Transport connects to the server whatever host it is told, by the scheme's usual port; other ports are kept.
func (server *Server) Transport() *http.Transport {
	ports := map[string]string{"80": server.HTTPPort, "443": server.HTTPSPort}
	dial := func(ctx context.Context, network, address string) (net.Conn, error) {
		_, port, err := net.SplitHostPort(address)
		if err != nil {
			return nil, err
		}
		if ours, ok := ports[port]; ok {
			port = ours
		}
		return (&net.Dialer{}).DialContext(ctx, network, net.JoinHostPort("127.0.0.1", port))
	}
	return &http.Transport{DialContext: dial, TLSClientConfig: &tls.Config{RootCAs: server.authorities}}
}
