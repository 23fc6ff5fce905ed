// Package gantry is Gantry's SDK for Go: Run(handle) makes a function a plugin. No dependencies, Go 1.21 or later.
//
// Importing it moves the real standard output aside: from then on what fmt.Print writes is a log line on stderr. One
// thing it cannot see: a handler that calls os.Exit. The host's first line decides whether it speaks json or stream.
//
//	func main() { gantry.Run(handle) }
//
//	func handle(request gantry.Request) (any, error) { return map[string]any{"hook": request.Context.Hook}, nil }
package gantry

import (
	"bufio"
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"runtime/debug"
	"strings"
	"syscall"
	"unicode/utf8"
)

// Request is what the host asks for. Members of free shape are raw JSON: give them to json.Unmarshal.
type Request struct {
	Protocol   string            `json:"protocol"`
	Method     string            `json:"method"`
	Invocation Invocation        `json:"invocation"`
	Context    *Context          `json:"context"`
	Config     json.RawMessage   `json:"config"`
	Secrets    map[string]string `json:"secrets"`
	run        *inFlight
}

// Handlers is all a plugin can have; only Run must be there, the others are called under protocol stream only.
type Handlers struct {
	Run        func(Request) (any, error)
	OnLoad     func(config json.RawMessage) error
	OnShutdown func() error
	Metadata   func() (any, error)
	ConfigUI   func() (any, error)
}

// Invocation identifies this attempt. Deadline is ISO 8601.
type Invocation struct {
	ID             string `json:"id"`
	Nonce          string `json:"nonce"`
	Attempt        int    `json:"attempt"`
	IdempotencyKey string `json:"idempotencyKey"`
	Deadline       string `json:"deadline"`
	TimeoutMs      int64  `json:"timeoutMs"`
	Traceparent    string `json:"traceparent"`
}

// Context is the state of the run. Results holds {"status", "data"} by hook and plugin.
type Context struct {
	Run struct {
		ID       string `json:"id"`
		Pipeline string `json:"pipeline"`
		Trigger  string `json:"trigger"`
	} `json:"run"`
	Hook    string                                `json:"hook"`
	Params  json.RawMessage                       `json:"params"`
	Data    json.RawMessage                       `json:"data"`
	Results map[string]map[string]json.RawMessage `json:"results"`
}

// Result is a full result, for a handler that wants to say more than its data. Status: success, skipped or error.
type Result struct {
	Status string       `json:"status"`
	Data   any          `json:"data,omitempty"`
	Reason string       `json:"reason,omitempty"`
	Error  *PluginError `json:"error,omitempty"`
}

// PluginError is a failure the plugin reports on purpose; made by Fail.
type PluginError struct {
	Code      string `json:"code"`
	Message   string `json:"message"`
	Retryable bool   `json:"retryable"`
}

func (e *PluginError) Error() string { return e.Code + ": " + e.Message }

// Fail makes the error that ends the invocation as failed: `return nil, gantry.Fail("bad_input", "no rows", false)`.
// code is a short stable word; retryable says whether another attempt can help.
func Fail(code, message string, retryable bool) error {
	return &PluginError{Code: code, Message: message, Retryable: retryable}
}

// Skipped is the result of a plugin that had nothing to do.
func Skipped(reason string) Result { return Result{Status: "skipped", Reason: reason} }

var resultFile = moveStdoutAside()

func moveStdoutAside() *os.File {
	real, err := syscall.Dup(1)
	if err != nil {
		return os.Stdout
	}
	syscall.CloseOnExec(real) // a child process cannot write into the protocol
	_ = syscall.Dup3(2, 1, 0)
	return os.NewFile(uintptr(real), "result")
}

// Run serves the host with a handler or with Handlers, then ends the process. The handler returns a value that is a JSON
// object (the data of a successful result), a Result, or nil (success without data). An error or a panic becomes an error
// result. Under protocol stream, several invocations may be at work at once.
func Run[H func(Request) (any, error) | Handlers](given H) {
	handlers, isFull := any(given).(Handlers)
	if !isFull {
		handlers.Run = any(given).(func(Request) (any, error))
	}
	input := bufio.NewReaderSize(os.Stdin, 1<<16)
	first, _ := input.ReadBytes('\n')
	var members map[string]json.RawMessage
	if isStream = json.Unmarshal(first, &members) == nil && members["jsonrpc"] != nil; isStream {
		serveStream(handlers, input, first)
	}
	rest, err := io.ReadAll(input)
	received := append(first, rest...)
	if err == nil && len(bytes.TrimSpace(received)) == 0 {
		os.Exit(0) // the host closed an idle sandbox: nothing was asked
	}
	request, err := parse(received)
	answer := serve(handlers.Run, request, err)
	_, _ = resultFile.Write(answer)
	var written struct{ Status string }
	if _ = json.Unmarshal(answer, &written); written.Status == "error" {
		os.Exit(1)
	}
	os.Exit(0)
}

// serve gives the result document, with a line feed.
func serve(handle func(Request) (any, error), request Request, err error) (answer []byte) {
	if err == nil {
		var value any
		if value, err = call(handle, request); err == nil {
			answer, err = shape(value)
		}
	}
	if err != nil {
		answer, _ = encode(Result{Status: "error", Error: failureOf(err)})
	}
	return answer
}

func failureOf(err error) (failure *PluginError) {
	if errors.As(err, &failure) {
		return failure
	}
	fmt.Fprintln(os.Stderr, err)
	return &PluginError{Code: "exception", Message: err.Error()}
}

func call(handle func(Request) (any, error), request Request) (value any, err error) {
	defer func() {
		if panicked := recover(); panicked != nil {
			_, _ = os.Stderr.Write(debug.Stack())
			err = fmt.Errorf("panic: %v", panicked)
		}
	}()
	return handle(request)
}

func parse(received []byte) (request Request, err error) {
	var document map[string]json.RawMessage
	if !utf8.Valid(received) {
		return request, Fail("invalid_request", "the request is not a JSON document: it is not UTF-8", false)
	}
	if err = json.Unmarshal(received, &document); err != nil {
		return request, Fail("invalid_request", "the request is not a JSON document: "+err.Error(), false)
	}
	// The version is judged before the rest: a later version may have another shape.
	_ = json.Unmarshal(document["protocol"], &request.Protocol)
	if err = checkVersion(request.Protocol); err != nil {
		return request, err
	}
	if err = json.Unmarshal(received, &request); err != nil {
		return request, Fail("invalid_request", "the request has another shape: "+err.Error(), false)
	}
	if request.Method != "run" {
		return request, Fail("unsupported_method", fmt.Sprintf("this SDK answers `run`, not %q", request.Method), false)
	}
	if request.Context == nil {
		return request, Fail("invalid_request", "the request has no context object", false)
	}
	return request, nil
}

func checkVersion(protocol string) error {
	if major, _, _ := strings.Cut(protocol, "."); major != "1" {
		return Fail("unsupported_protocol", fmt.Sprintf("this SDK speaks protocol 1.x, the host %q", protocol), false)
	}
	return nil
}

func shape(value any) ([]byte, error) {
	encoded, err := encode(value)
	if err != nil {
		return nil, Fail("invalid_result", "the result cannot be sent: "+err.Error(), false)
	}
	if bytes.Equal(encoded, []byte("null\n")) {
		encoded = []byte("{}\n")
	}
	var members map[string]json.RawMessage
	if json.Unmarshal(encoded, &members) != nil {
		return nil, Fail("invalid_result", fmt.Sprintf("the plugin returned %T: return an object or nil", value), false)
	}
	status, isFull := members["status"]
	if !isFull {
		return encode(Result{Status: "success", Data: json.RawMessage(encoded)})
	}
	switch string(status) {
	case `"success"`, `"skipped"`, `"error"`:
		return encoded, nil
	}
	wrong := fmt.Sprintf("status is %s: it must be success, skipped or error", status)
	return nil, Fail("invalid_result", wrong, false)
}

func encode(value any) ([]byte, error) {
	var buffer bytes.Buffer
	encoder := json.NewEncoder(&buffer)
	encoder.SetEscapeHTML(false)
	err := encoder.Encode(value)
	return buffer.Bytes(), err
}
