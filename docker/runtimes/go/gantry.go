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
	"encoding/base64"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"os/signal"
	"path/filepath"
	"runtime/debug"
	"strconv"
	"strings"
	"sync"
	"sync/atomic"
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

// Log writes one log entry. level: debug, info, warn or error; fields may be nil. Never fails.
func Log(level, message string, fields map[string]any) { Request{}.Log(level, message, fields) }

// Progress says how far the work is: done of total, numbers of any unit.
func Progress(done, total float64, message string) { Request{}.Progress(done, total, message) }

// Metric reports a number about the work: name and the names of at most 8 labels are [a-z][a-z0-9_]*.
func Metric(name string, value float64, labels map[string]string) {
	Request{}.Metric(name, value, labels)
}

// Log, Progress, Metric and Cancelled of a Request are for plugins with several invocations at work at once.
func (r Request) Log(level, message string, fields map[string]any) {
	if level != "debug" && level != "warn" && level != "error" {
		level = "info"
	}
	told := map[string]any{"level": level, "message": message, "fields": fields}
	if fields == nil {
		told["fields"] = map[string]any{}
	}
	if _, err := encode(fields); err != nil {
		told["fields"] = map[string]any{"unserialisable": err.Error()}
	}
	if isStream {
		r.notify("log", told)
	} else if encoded, err := encode(told); err == nil {
		_, _ = os.Stderr.Write(encoded)
	}
}

func (r Request) Progress(done, total float64, message string) {
	r.notify("progress", map[string]any{"done": done, "total": total, "message": message})
}

func (r Request) Metric(name string, value float64, labels map[string]string) {
	r.notify("metric", map[string]any{"name": name, "value": value, "labels": labels})
}

func (r Request) notify(method string, params map[string]any) {
	lock.Lock()
	putRun(r.run, params)
	lock.Unlock()
	if isStream {
		_ = write(map[string]any{"jsonrpc": "2.0", "method": method, "params": params})
	}
}

// StateStore is what the plugin remembers from run to run: JSON values by key. It needs `services: [state]` and protocol
// stream. A refusal is a *PluginError whose Code says why: CONFLICT, FULL, INVALID_PARAMS, UNAVAILABLE, NOT_DECLARED.
type StateStore struct{ run *inFlight }

// State is for plugins with one invocation at a time; Request.State says which of several asks.
var State StateStore

func (r Request) State() StateStore { return StateStore{r.run} }

// Absent, as a version, stands for a key that has no value.
const Absent = ""

// Get puts the value into a pointer, as json.Unmarshal does; false when there is none.
func (s StateStore) Get(key string, into any) (found bool, err error) {
	version, err := s.Read(key, into)
	return version != Absent, err
}

// Read is Get with the version, which is Absent when there is none.
func (s StateStore) Read(key string, into any) (version string, err error) {
	var answer struct {
		Value   json.RawMessage
		Version string
	}
	if err = ask(s.run, "state.get", map[string]any{"key": key}, &answer); err == nil && answer.Version != Absent {
		err = json.Unmarshal(answer.Value, into)
	}
	return answer.Version, err
}

// Set stores the value and gives its version. ifVersion: only over that version, or where nothing is (Absent); else CONFLICT.
func (s StateStore) Set(key string, value any, ifVersion ...string) (version string, err error) {
	var answer struct{ Version string }
	err = ask(s.run, "state.set", expecting(map[string]any{"key": key, "value": value}, ifVersion), &answer)
	return answer.Version, err
}

// Update stores what change makes of the value (nil: there is none), again and again until nobody else came between.
func (s StateStore) Update(key string, change func(value json.RawMessage) (any, error)) (stored any, err error) {
	for {
		var old json.RawMessage
		version, err := s.Read(key, &old)
		if err != nil {
			return nil, err
		}
		if stored, err = change(old); err == nil {
			_, err = s.Set(key, stored, version)
		}
		var refused *PluginError
		if !errors.As(err, &refused) || refused.Code != "CONFLICT" {
			return stored, err
		}
	}
}

// Delete is true when there was one. ifVersion as for Set.
func (s StateStore) Delete(key string, ifVersion ...string) (deleted bool, err error) {
	var answer struct{ Deleted bool }
	err = ask(s.run, "state.delete", expecting(map[string]any{"key": key}, ifVersion), &answer)
	return answer.Deleted, err
}

// StatePage is one page of keys; Next is what `after` is for the next one, empty at the end.
type StatePage struct {
	Keys []struct {
		Key     string
		Version string
		Bytes   int
	}
	Next string
}

// List gives the keys that begin with prefix and follow `after`, at most limit of them.
func (s StateStore) List(prefix, after string, limit int) (page StatePage, err error) {
	err = ask(s.run, "state.list", map[string]any{"prefix": prefix, "after": after, "limit": limit}, &page)
	return page, err
}

func expecting(params map[string]any, ifVersion []string) map[string]any {
	for _, version := range ifVersion {
		params["ifVersion"] = version
		if version == Absent {
			params["ifVersion"] = nil
		}
	}
	return params
}

// ArtifactStore holds named bytes of the run, which stay with it. It needs `services: [artifact]` and protocol stream.
// Refusals as those of StateStore.
type ArtifactStore struct{ run *inFlight }

// Artifact is for plugins with one invocation at a time; Request.Artifact says which of several asks.
var Artifact ArtifactStore

func (r Request) Artifact() ArtifactStore { return ArtifactStore{r.run} }

// StoredArtifact is what became of one.
type StoredArtifact struct {
	ID        string
	SizeBytes int64
	SHA256    string
}

const pieceBytes = 192 * 1024

// Put stores what the reader gives, over an artifact of that name. For a text: strings.NewReader(text).
func (a ArtifactStore) Put(name string, content io.Reader, contentType string) (stored StoredArtifact, err error) {
	input := bufio.NewReaderSize(content, pieceBytes)
	for isLast := false; !isLast && err == nil; {
		piece, broken := input.Peek(pieceBytes)
		chunk := base64.StdEncoding.EncodeToString(piece)
		_, _ = input.Discard(len(piece))
		if broken == nil {
			_, broken = input.Peek(1)
		}
		if broken != nil && broken != io.EOF {
			return stored, broken
		}
		isLast = broken == io.EOF
		part := map[string]any{"name": name, "contentType": contentType, "chunk": chunk, "last": isLast}
		err = ask(a.run, "artifact.put", part, &stored)
	}
	return stored, err
}

// Pieces calls each with the bytes of the run's artifact, piece by piece, until it gives an error.
func (a ArtifactStore) Pieces(name string, each func(piece []byte) error) error {
	for offset, isLast := 0, false; !isLast; {
		var answer struct {
			Chunk []byte
			Last  bool
		}
		if err := ask(a.run, "artifact.get", map[string]any{"name": name, "offset": offset}, &answer); err != nil {
			return err
		}
		if err := each(answer.Chunk); err != nil {
			return err
		}
		offset, isLast = offset+len(answer.Chunk), answer.Last
	}
	return nil
}

// Get gives all of its bytes. NOT_FOUND when the run has none of that name.
func (a ArtifactStore) Get(name string) (content []byte, err error) {
	err = a.Pieces(name, func(piece []byte) error {
		content = append(content, piece...)
		return nil
	})
	return content, err
}

type hostAnswer struct {
	Result json.RawMessage
	Error  *struct {
		Message string
		Data    struct{ Code string }
	}
}

// ask sends a request to the host and waits for its answer, with at most 16 of them at once.
func ask(run *inFlight, method string, params map[string]any, into any) error {
	if !isStream {
		return Fail("NOT_SUPPORTED", method+" needs `protocol: stream`", false)
	}
	turns <- struct{}{}
	defer func() { <-turns }()
	id, answered := expectAnswer(run, params)
	if answered == nil { // nobody would read the answer
		return Fail("NO_RUN", method+": only while a run is at work", false)
	}
	if err := write(map[string]any{"jsonrpc": "2.0", "id": id, "method": method, "params": params}); err != nil {
		_ = takeAnswer(id)
		return Fail("INVALID_PARAMS", method+": "+err.Error(), false)
	}
	answer := <-answered
	if answer.Error != nil {
		code := answer.Error.Data.Code
		if code == "" {
			code = "rpc_error"
		}
		return Fail(code, method+": "+answer.Error.Message, code == "UNAVAILABLE" || code == "BUSY")
	}
	return json.Unmarshal(answer.Result, into)
}

// putRun says in params whose they are: without a run, those of the only one at work. Under the lock.
func putRun(run *inFlight, params map[string]any) {
	for _, one := range runs {
		if run == nil && len(runs) == 1 {
			run = one
		}
	}
	if run != nil {
		params["id"] = run.id
	}
}

func expectAnswer(run *inFlight, params map[string]any) (id string, answered chan hostAnswer) {
	lock.Lock()
	defer lock.Unlock()
	putRun(run, params)
	if len(runs) > 0 {
		lastAsked++
		id, answered = "p"+strconv.Itoa(lastAsked), make(chan hostAnswer, 1)
		waiting[id] = answered
	}
	return id, answered
}

func takeAnswer(id string) chan hostAnswer {
	lock.Lock()
	defer lock.Unlock()
	answered := waiting[id]
	delete(waiting, id)
	return answered
}

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

var (
	isStream    bool
	armCancel   sync.Once
	cancelAsked atomic.Bool
	lock        sync.Mutex // of the output, of runs and of waiting
	runs        = map[string]*inFlight{}
	waiting     = map[string]chan hostAnswer{} // for answers of the host, by our id
	lastAsked   int
	turns       = make(chan struct{}, 16)
	tmp         string
)

type inFlight struct {
	id          json.RawMessage
	isCancelled atomic.Bool
}

// Cancelled is true once the host has asked the plugin to stop; it then has the grace period to return what it has.
// Under protocol json, a plugin that never asks is ended at once by SIGTERM: make the first call before the long work.
func Cancelled() bool { return Request{}.Cancelled() }

func (r Request) Cancelled() bool {
	if isStream {
		lock.Lock()
		defer lock.Unlock()
		isCancelled := len(runs) > 0
		for _, one := range runs {
			isCancelled = isCancelled && one.isCancelled.Load()
		}
		return isCancelled || r.run != nil && r.run.isCancelled.Load()
	}
	armCancel.Do(func() {
		signals := make(chan os.Signal, 1)
		signal.Notify(signals, syscall.SIGTERM)
		go func() {
			<-signals
			cancelAsked.Store(true)
		}()
	})
	return cancelAsked.Load()
}

func serveStream(handlers Handlers, input *bufio.Reader, line []byte) {
	if os.Getpid() == 1 {
		tmp = "/tmp" // outside of a sandbox it is not ours to empty
	}
	for err := error(nil); err == nil; line, err = input.ReadBytes('\n') {
		var message struct {
			ID     json.RawMessage
			Method string
			Params json.RawMessage
		}
		if wrong := json.Unmarshal(line, &message); wrong != nil {
			_ = write(map[string]any{"jsonrpc": "2.0", "id": nil, "error": map[string]any{"code": -32700, "message": wrong.Error()}})
			continue
		}
		switch {
		case message.Method == "run":
			startRun(handlers.Run, message.ID, message.Params)
		case message.Method == "cancel":
			var of struct{ ID json.RawMessage }
			_ = json.Unmarshal(message.Params, &of)
			lock.Lock()
			if one := runs[string(of.ID)]; one != nil {
				one.isCancelled.Store(true)
			}
			lock.Unlock()
		case message.ID != nil && message.Method == "":
			var id string
			var answer hostAnswer
			_, _ = json.Unmarshal(message.ID, &id), json.Unmarshal(line, &answer)
			if answered := takeAnswer(id); answered != nil {
				answered <- answer
			}
		case message.ID != nil:
			respond(handlers, message.ID, message.Method, message.Params)
		}
		if message.Method == "on_shutdown" {
			break
		}
	}
	os.Exit(0)
}

func startRun(handle func(Request) (any, error), id, params json.RawMessage) {
	request := Request{run: &inFlight{id: id}}
	err := json.Unmarshal(params, &request)
	if err != nil || request.Context == nil {
		err = Fail("invalid_request", fmt.Sprintf("the request has no context object or another shape (%v)", err), false)
	}
	lock.Lock()
	runs[string(id)] = request.run
	lock.Unlock()
	go func() {
		answer := serve(handle, request, err)
		lock.Lock()
		defer lock.Unlock()
		delete(runs, string(id))
		if tmp != "" && len(runs) == 0 {
			entries, _ := os.ReadDir(tmp)
			for _, entry := range entries { // before the answer, which says that the sandbox is clean
				_ = os.RemoveAll(filepath.Join(tmp, entry.Name()))
			}
		}
		nonce, _ := encode(request.Invocation.Nonce)
		frame := append([]byte(`{"jsonrpc":"2.0","id":`+string(id)+`,"result":`), answer[:len(answer)-2]...)
		_, _ = resultFile.Write(append(frame, `,"nonce":`+string(nonce[:len(nonce)-1])+"}}\n"...))
	}()
}

func respond(handlers Handlers, id json.RawMessage, method string, params json.RawMessage) {
	var asked struct {
		Protocol string
		Config   json.RawMessage
		Tmp      *string
	}
	_ = json.Unmarshal(params, &asked)
	var result any = map[string]any{}
	_, err := call(func(Request) (value any, err error) {
		switch method {
		case "initialize":
			if asked.Tmp != nil {
				tmp = *asked.Tmp
			}
			result, err = map[string]any{"protocol": "1.0", "ready": true, "capabilities": map[string]any{
				"cancel": true, "concurrency": true, "reuse": []string{"warm"}, "onLoad": handlers.OnLoad != nil,
				"onShutdown": handlers.OnShutdown != nil, "metadata": handlers.Metadata != nil, "configUi": handlers.ConfigUI != nil,
			}}, checkVersion(asked.Protocol)
		case "on_load":
			if handlers.OnLoad != nil {
				err = handlers.OnLoad(asked.Config)
			}
		case "on_shutdown":
			if handlers.OnShutdown != nil {
				err = handlers.OnShutdown()
			}
		case "get_metadata", "get_config_ui":
			give := handlers.Metadata
			if method == "get_config_ui" {
				give = handlers.ConfigUI
			}
			if give != nil {
				result, err = give()
			}
		default:
			err = errUnknownMethod
		}
		return nil, err
	}, Request{})
	reply := map[string]any{"jsonrpc": "2.0", "id": id, "result": result}
	if err == nil {
		err = write(reply)
	}
	if err != nil {
		delete(reply, "result")
		failed := map[string]any{"code": -32000, "message": err.Error(), "data": map[string]any{"code": failureOf(err).Code}}
		if err == errUnknownMethod {
			failed["code"] = -32601
		}
		reply["error"] = failed
		_ = write(reply)
	}
}

var errUnknownMethod = errors.New("unknown method")

func write(message map[string]any) error {
	encoded, err := encode(message)
	if err == nil {
		lock.Lock()
		defer lock.Unlock()
		_, err = resultFile.Write(encoded)
	}
	return err
}
