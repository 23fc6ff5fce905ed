# Gives its params back.
exec jq -c '{params: .context.params}'
