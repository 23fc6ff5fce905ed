# What Gantry calls: `handle` has the request on its stdin and hands its result to `result`. What is merely printed is a
# log line. jq is here; so is everything of a small Debian.
. /opt/gantry/gantry.sh

handle() {
  log info greeting
  jq -c '{"PLUGIN_NAME": "Hello, \(.context.params.name // "world")!"}' | result
}

run handle
