# Gives the data back under one key, and some of it at the top.
exec jq -c '{copy: .context.data, constructor: 99}'
