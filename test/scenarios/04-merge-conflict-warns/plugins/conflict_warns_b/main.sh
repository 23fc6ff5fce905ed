# Writes a key that its neighbour writes, too.
cat >/dev/null
printf '%s\n' '{"same": "b", "own_b": 2}'
