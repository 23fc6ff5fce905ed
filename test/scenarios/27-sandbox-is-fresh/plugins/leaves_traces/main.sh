# Says what it found, then leaves a file.
request=$(cat)
found=$(ls -A /tmp | wc -l)
echo trace >/tmp/trace
if echo trace 2>/dev/null >/plugin/trace; then writable=true; else writable=false; fi
printf '%s' "$request" | jq -c --argjson found "$found" --argjson writable "$writable" \
  '{(.context.hook): {found: $found, writable: $writable}}'
