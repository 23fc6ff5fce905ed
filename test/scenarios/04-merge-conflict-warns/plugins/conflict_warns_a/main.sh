# Writes two keys that its neighbour writes, too, one of them alike; afterwards says what it found.
exec jq -c 'if .context.hook == "write" then {same: "a", alike: [{x: 1, y: 2}], own_a: 1} else {seen: .context.data.same} end'
