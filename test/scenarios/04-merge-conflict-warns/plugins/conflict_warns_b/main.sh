# Writes two keys that its neighbour writes, too, one of them alike.
cat >/dev/null
printf '%s\n' '{"same": "b", "alike": [{"y": 2, "x": 1}], "own_b": 2}'
