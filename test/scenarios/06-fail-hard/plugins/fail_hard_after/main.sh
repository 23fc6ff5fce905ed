# Says what it can see of the failure.
exec jq -c '{seen: (.context.results.risky.fail_hard_bad | {status, data, error: .error.code})}'
