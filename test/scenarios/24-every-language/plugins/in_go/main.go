// Counts the letters of a word.
package main

import (
	"encoding/json"

	"gantry"
)

func main() { gantry.Run(handle) }

func handle(request gantry.Request) (any, error) {
	var data struct {
		Word string `json:"word"`
	}
	if err := json.Unmarshal(request.Context.Data, &data); err != nil {
		return nil, err
	}
	return map[string]any{"go": map[string]any{"letters": len(data.Word)}}, nil
}
