// Counts installed packages by licence, from the list `parse_lockfile` made. Runs beside `find_duplicates`.
package main

import (
	"encoding/json"

	"gantry"
)

type lockfile struct {
	Installed []struct {
		Licence string `json:"licence"`
	} `json:"installed"`
}

func main() { gantry.Run(handle) }

func handle(request gantry.Request) (any, error) {
	var parsed lockfile
	if err := json.Unmarshal(request.Context.Data, &parsed); err != nil {
		return nil, err
	}
	if parsed.Installed == nil {
		return nil, gantry.Fail("nothing_parsed", "the data has no `installed` list: the hook `parse` has to run first", false)
	}
	licences := map[string]int{}
	for _, installed := range parsed.Installed {
		licences[installed.Licence]++
	}
	return map[string]any{"licences": licences}, nil
}
