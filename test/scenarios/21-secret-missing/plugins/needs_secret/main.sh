# Must never be called.
cat >/dev/null
printf '%s\n' '{"called": true}'
