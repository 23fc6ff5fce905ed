# Gives its settings back.
exec jq -c '{config}'
