// What Gantry calls: takes the request apart and lets package greeting do the work. Whatever is printed is a log line.
package main

import (
	"encoding/json"

	"gantry"

	"gantry.local/PLUGIN_NAME/greeting"
)

func main() { gantry.Run(handle) }

func handle(request gantry.Request) (any, error) {
	params := struct{ Name string }{Name: "world"}
	if err := json.Unmarshal(request.Context.Params, &params); err != nil {
		return nil, gantry.Fail("bad_params", err.Error(), false)
	}
	request.Log("info", "greeting", map[string]any{"name": params.Name})
	return map[string]any{"PLUGIN_NAME": greeting.Greet(params.Name)}, nil
}
