# Appends the hook's name to what earlier hooks left.
exec jq -c '{trace: ((.context.data.trace // []) + [.context.hook])}'
