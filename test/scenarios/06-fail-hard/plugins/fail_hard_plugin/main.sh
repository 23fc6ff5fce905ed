# Fails as a shell script does; afterwards says what it can see of the failure.
request=$(cat)
if [ "$(printf '%s' "$request" | jq -r .context.hook)" = risky ]; then
  echo 'nothing works today' >&2
  exit 1
fi
printf '%s' "$request" | jq -c '{seen: (.context.results.risky.fail_hard_plugin | {status, data, error: .error.code})}'
