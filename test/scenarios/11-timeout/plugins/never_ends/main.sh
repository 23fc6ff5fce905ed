# Takes the request and never ends.
cat >/dev/null
exec sleep 1000000
