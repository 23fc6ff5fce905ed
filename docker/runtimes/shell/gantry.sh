# Gantry's SDK for the POSIX shell: `run handle` makes a function a plugin. Needs jq 1.6 or later.
# Sourcing it moves the real standard output aside: from then on what echo prints is a log line on stderr, and a result
# leaves only through `result`. The handler runs under `set -e`, in a subshell, with the request document on stdin.
#
#   . /opt/gantry/gantry.sh
#   handle() { jq -c '{count: (.context.data | length)}' | result; }
#   run handle

exec 3>&1 1>&2

# result [JSON]: hands in the result document, from the argument or from stdin. An object without `status` is the data of
# a successful result.
result() {
  if [ $# -gt 0 ]; then printf '%s\n' "$1" >&4; else cat >&4; fi
}

# skipped REASON: the result of a plugin that had nothing to do. Ends the handler.
skipped() {
  jq -cn --arg reason "$1" '{status: "skipped", reason: $reason}' >&4
  exit 0
}

# fail CODE MESSAGE [retryable]: ends the handler as failed. CODE is a short stable word.
fail() {
  _gantry_error "$1" "$2" "$([ "${3:-}" = retryable ] && echo true || echo false)" >&4
  exit 1
}

# log LEVEL MESSAGE [KEY=VALUE]…: writes one log line. LEVEL is debug, info, warn or error.
log() {
  _gantry_level=$1 _gantry_message=$2
  shift 2
  jq -cn --arg level "$_gantry_level" --arg message "$_gantry_message" '{
    level: (if ["debug", "info", "warn", "error"] | any(. == $level) then $level else "info" end),
    message: $message,
    fields: ($ARGS.positional | map(capture("^(?<key>[^=]*)=?(?<value>.*)$"; "m")) | from_entries)
  }' --args "$@" >&2 || :
}

# cancelled: never true in this shell, because SIGTERM ends a shell plugin at once: one that runs was not asked to stop.
cancelled() { return 1; }

# run HANDLER: serves the host with the function HANDLER, then ends the process. A handler that fails makes an error
# result and exit code 1.
run() {
  _gantry_request=$(cat)
  [ -n "$_gantry_request" ] || exit 0 # the host closed an idle sandbox: nothing was asked
  if ! _gantry_refused=$(printf '%s' "$_gantry_request" | jq -rs "$_gantry_check" 2>&1); then
    _gantry_refused="invalid_request the request is not a JSON document: $_gantry_refused"
  fi
  if [ -n "$_gantry_refused" ]; then
    _gantry_error "${_gantry_refused%% *}" "${_gantry_refused#* }" false >&3
    exit 1
  fi
  set +e
  _gantry_answer=$(_gantry_handle "$1")
  _gantry_status=$?
  _gantry_answer=$(printf '%s' "$_gantry_answer" | jq -cs --argjson code "$_gantry_status" "$_gantry_shape" 2>&1) ||
    _gantry_answer=$(_gantry_error invalid_result "the result is not JSON: $_gantry_answer" false)
  printf '%s\n' "$_gantry_answer" >&3
  case $_gantry_answer in
  '{"status":"error"'*) [ "$_gantry_status" -gt 0 ] && exit "$_gantry_status" || exit 1 ;;
  esac
  exit 0
}

# The handler's own stdout becomes stderr; descriptor 4, where `result` writes, is what the caller captures.
_gantry_handle() {
  printf '%s' "$_gantry_request" 2>/dev/null | (
    set -e
    "$1"
  ) 4>&1 1>&2 3>&-
}

_gantry_error() {
  jq -cn --arg code "$1" --arg message "$2" --argjson retryable "$3" \
    '{status: "error", error: {code: $code, message: $message, retryable: $retryable}}'
}

# Prints nothing for a good request, else "<code> <message>".
_gantry_check='
  if length != 1 then "invalid_request the request is not one JSON document"
  else .[0] | if type != "object" then "invalid_request the request is not a JSON object"
    elif (.protocol | type) != "string" or (.protocol | split(".")[0]) != "1"
      then "unsupported_protocol this SDK speaks protocol 1.x, the host \(.protocol | tojson)"
    elif .method != "run" then "unsupported_method this SDK answers `run`, not \(.method | tojson)"
    elif (.context | type) != "object" then "invalid_request the request has no context object"
    else "" end
  end'

# Turns what the handler handed in (an array of documents) and its exit code into the one result.
_gantry_shape='
  def failed($code; $message): {status: "error", error: {code: $code, message: $message, retryable: false}};
  def checked: if any(..; type == "number" and (isnan or isinfinite))
    then failed("invalid_result"; "the result cannot be sent: it holds a number that is not finite, which JSON cannot say")
    else . end;
  if length > 1 then failed("invalid_result"; "the plugin handed in \(length) results: it must be one")
  elif length == 0 and $code == 0 then failed("early_exit"; "the plugin ended before it handed in a result")
  elif $code != 0 and (length == 0 or .[0].status? != "error")
    then failed("exception"; "the handler failed with exit code \($code)")
  else .[0] | if . == null then {status: "success", data: {}}
    elif type != "object" then failed("invalid_result"; "the plugin returned \(type): return an object")
    elif has("status") | not then {status: "success", data: .} | checked
    elif .status == "success" or .status == "skipped" or .status == "error" then {status} + . | checked
    else failed("invalid_result"; "status is \(.status | tojson): it must be success, skipped or error") end
  end'
