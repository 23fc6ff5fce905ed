// What a handler tells the host while it works, and protocol stream: JSON-RPC 2.0, one message per line, a goroutine per
// invocation.
package gantry

import (
	"bufio"
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"os/signal"
	"path/filepath"
	"sync"
	"sync/atomic"
	"syscall"
)

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
	if r.run != nil {
		params["id"] = r.run.id
	}
	if isStream {
		_ = write(map[string]any{"jsonrpc": "2.0", "method": method, "params": params})
	}
}

var (
	isStream    bool
	armCancel   sync.Once
	cancelAsked atomic.Bool
	lock        sync.Mutex // of the output and of runs
	runs        = map[string]*inFlight{}
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
		case message.ID != nil && message.Method != "":
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
