# Writes one key.
cat >/dev/null
printf '%s\n' '{"n": 1}'
