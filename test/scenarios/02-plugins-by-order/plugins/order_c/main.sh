# Appends its word to what plugins of a lower order left.
exec jq -c '{trace: ((.context.data.trace // []) + ["c"])}'
