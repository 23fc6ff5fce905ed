# Says what it saw, writes into a shared branch, and removes a key.
exec jq -c '{left: (.context.data | keys), shared: {left: 1}, gone: null}'
