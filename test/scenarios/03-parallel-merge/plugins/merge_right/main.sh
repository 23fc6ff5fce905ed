# Says what it saw and writes beside its neighbour.
exec jq -c '{right: (.context.data | keys), shared: {right: 2}}'
