// Package greeting is the work itself, without a word about Gantry: `go test ./greeting` tests it anywhere.
package greeting

// Greet says hello.
func Greet(name string) string { return "Hello, " + name + "!" }
