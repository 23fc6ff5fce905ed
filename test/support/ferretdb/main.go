// A server that speaks MongoDB's wire protocol, for tests on machines without a MongoDB: FerretDB, embedded, on SQLite files.
//
//	ferretdb <listen address> <folder>
//
// Prints "ready <address>" once it listens. Ends on SIGTERM, SIGINT or when its standard input closes, so that it cannot
// outlive the test that started it. Updates are not atomic under concurrency and there are no transactions.
package main

import (
	"context"
	"fmt"
	"io"
	"net"
	"os"
	"os/signal"
	"path/filepath"
	"syscall"
	"time"

	"github.com/FerretDB/FerretDB/ferretdb"
)

func main() {
	if len(os.Args) != 3 {
		fail("use: ferretdb <listen address> <folder>")
	}
	address, err := pickPort(os.Args[1])
	if err != nil {
		fail(err.Error())
	}
	folder, err := filepath.Abs(os.Args[2])
	if err != nil {
		fail(err.Error())
	}
	if err := os.MkdirAll(folder, 0o700); err != nil {
		fail(err.Error())
	}

	server, err := ferretdb.New(&ferretdb.Config{
		Listener:  ferretdb.ListenerConfig{TCP: address},
		Handler:   "sqlite",
		SQLiteURL: "file:" + folder + "/",
	})
	if err != nil {
		fail(err.Error())
	}

	ctx, stop := signal.NotifyContext(context.Background(), syscall.SIGTERM, syscall.SIGINT)
	ctx, cancel := context.WithCancel(ctx)
	go func() {
		_, _ = io.Copy(io.Discard, os.Stdin)
		cancel()
	}()
	go announce(ctx, address)

	err = server.Run(ctx)
	stop()
	if err != nil && ctx.Err() == nil {
		fail(err.Error())
	}
}

// pickPort turns port 0 into a free one: the embedded server does not tell which one it got.
func pickPort(address string) (string, error) {
	listener, err := net.Listen("tcp", address)
	if err != nil {
		return "", err
	}
	defer listener.Close()
	return listener.Addr().String(), nil
}

func announce(ctx context.Context, address string) {
	for ctx.Err() == nil {
		connection, err := net.DialTimeout("tcp", address, time.Second)
		if err == nil {
			connection.Close()
			fmt.Printf("ready %s\n", address)
			return
		}
		time.Sleep(20 * time.Millisecond)
	}
}

func fail(message string) {
	fmt.Fprintln(os.Stderr, "ferretdb: "+message)
	os.Exit(1)
}
