# Serves one pipeline.
cat >/dev/null
printf '%s\n' '{"named": 1}'
