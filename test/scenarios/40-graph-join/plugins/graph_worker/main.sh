# Does what its hook is called, for all scenarios of graphs, conditions and items.
request=$(cat)
hook=$(printf '%s' "$request" | jq -r .context.hook)
[ "$hook" = slow ] && exec sleep 1000000
if [ "$hook" = each ] && [ "$(printf '%s' "$request" | jq -r .context.data)" = bad ]; then exit 3; fi
printf '%s' "$request" | jq -c '.context | . as $context |
  if .hook == "fetch" then {fetched: 1, list: ["a", "bad", "c"]}
  elif .hook == "left" or .hook == "right" then
    {(.hook): .data.fetched} + (if .run.pipeline == "graph_conflict" then {same: .hook} else {} end)
  elif .hook == "join" then {seen: (.data | keys), after: (.results | keys), statuses: [.results.each.graph_worker[]?.status]}
  elif .hook == "each" then {item: .data, at: .item.index, of: .item.count}
  elif .hook == "notify" then {told: .run.state, why: .run.failure.code, at: .run.failure.hook}
  else {told: .run.state, seen: (.results | keys)} end'
