# Fails as its hook asks; crashes at `flaky` until its third attempt.
request=$(cat)
attempt=$(printf '%s' "$request" | jq -r .invocation.attempt)
case $(printf '%s' "$request" | jq -r .context.hook) in
  flaky) [ "$attempt" -ge 3 ] || exit 3 ;;
  hopeless) exit 3 ;;
  misused) exit 64 ;;
  publish)
    printf '%s' "$request" | jq -c '{decided: .context.results.approve["@approval"].data.decision}'
    exit 0
    ;;
esac
printf '{"attempts": %s}\n' "$attempt"
