# Writes a key that its neighbour writes, too.
cat >/dev/null
printf '%s\n' '{"same": "a", "own_a": 1}'
