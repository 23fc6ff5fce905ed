# Writes a key that its neighbour writes, too; afterwards says what it found.
exec jq -c 'if .context.hook == "write" then {same: "a", own_a: 1} else {seen: .context.data.same} end'
