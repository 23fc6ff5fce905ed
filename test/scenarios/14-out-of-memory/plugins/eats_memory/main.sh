# One process that keeps a line without an end in memory. Afterwards it writes one key.
request=$(cat)
[ "$(printf '%s' "$request" | jq -r .context.hook)" = after ] || exec tail /dev/zero
echo '{"n":1}'
