# Gantry's SDK for the POSIX shell: `run handle` makes a function a plugin. Needs jq 1.6 or later.
# Sourcing it moves the real standard output aside: from then on what echo prints is a log line on stderr, and a result
# leaves only through `result`. The handler runs under `set -e`, in a subshell, with the request document on stdin. The
# host's first line decides whether it speaks protocol `json` or `stream`; there is one invocation at a time.
#
#   . /opt/gantry/gantry.sh
#   handle() { jq -c '{count: (.context.data | length)}' | result; }
#   run handle

exec 3>&1 1>&2
_gantry_is_stream='' _gantry_run='' _gantry_lf='
'

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

# log LEVEL MESSAGE [KEY=VALUE]…: writes one log entry. LEVEL is debug, info, warn or error.
log() {
  _gantry_level=$1 _gantry_message=$2
  shift 2
  _gantry_tell log '{
    level: (if ["debug", "info", "warn", "error"] | any(. == $level) then $level else "info" end),
    message: $message, fields: $pairs}' --arg level "$_gantry_level" --arg message "$_gantry_message" --args "$@"
}

# progress DONE [TOTAL [MESSAGE]]: says how far the work is, in numbers of any unit.
progress() {
  _gantry_tell progress '{done: ($done | tonumber)} + (if $total == "" then {} else {total: ($total | tonumber)} end)
    + (if $message == "" then {} else {message: $message} end)' \
    --arg done "$1" --arg total "${2:-}" --arg message "${3:-}" --args
}

# metric NAME VALUE [LABEL=VALUE]…: reports a number; NAME and the at most 8 LABELs are [a-z][a-z0-9_]*.
metric() {
  _gantry_name=$1 _gantry_value=$2
  shift 2
  _gantry_tell metric '{name: $name, value: ($value | tonumber), labels: $pairs}' \
    --arg name "$_gantry_name" --arg value "$_gantry_value" --args "$@"
}

# Under `json` only log entries are told, on stderr.
_gantry_tell() {
  _gantry_kind=$1 _gantry_told="$_gantry_pairs | $2"
  shift 2
  if [ -n "$_gantry_is_stream" ]; then
    jq -cn --arg kind "$_gantry_kind" --argjson of "{${_gantry_run:+\"id\":$_gantry_run}}" \
      "$_gantry_told"' | {jsonrpc: "2.0", method: $kind, params: (. + $of)}' "$@" >&3 || :
  elif [ "$_gantry_kind" = log ]; then jq -cn "$_gantry_told" "$@" >&2 || :; fi
}
_gantry_pairs='($ARGS.positional | map(capture("^(?<key>[^=]*)=?(?<value>.*)$"; "m")) | from_entries) as $pairs'

# state VERB …: what the plugin remembers from run to run, JSON values by key. Needs `services: [state]` and protocol `stream`.
#   get KEY                      prints the value; null when there is none
#   read KEY                     prints {"value", "version"}; both null when there is none
#   set KEY JSON [VERSION]       stores the value, prints its version; only over that VERSION; empty: only where nothing is
#   update KEY COMMAND [ARG]…    stores what COMMAND makes of the value on its stdin, until nobody else came between; prints it
#   delete KEY [VERSION]         prints whether there was one
#   list [PREFIX [AFTER [LIMIT]]]  prints a page: {"keys": [{"key", "version", "bytes"}], "next"}
# Where another version stands (CONFLICT), set and delete return 1. Any other refusal ends the handler with an error of its
# code: FULL, INVALID_PARAMS, UNAVAILABLE, NOT_DECLARED. One request at a time: background processes must not ask.
state() {
  _gantry_verb=$1 _gantry_key=${2:-}
  case $_gantry_verb in
  get) _gantry_ask state.get "$(jq -cn --arg key "$_gantry_key" '{$key}')" .value && _gantry_print ;;
  read) _gantry_ask state.get "$(jq -cn --arg key "$_gantry_key" '{$key}')" '{value, version}' && _gantry_print ;;
  set)
    _gantry_params=$(printf '%s' "${3:-}" | jq -cs --arg key "$_gantry_key" --arg has "${4+version}" --arg version "${4:-}" \
      'if length == 1 then {$key, value: .[0]} + '"$_gantry_expected"' else error("one JSON value is needed") end' 2>&1) ||
      fail INVALID_PARAMS "state set $_gantry_key: $_gantry_params"
    _gantry_ask state.set "$_gantry_params" .version && _gantry_print
    ;;
  delete)
    _gantry_params=$(jq -cn --arg key "$_gantry_key" --arg has "${3+version}" --arg version "${3:-}" '{$key} + '"$_gantry_expected")
    _gantry_ask state.delete "$_gantry_params" .deleted && _gantry_print
    ;;
  list)
    _gantry_params=$(jq -cn --arg prefix "$_gantry_key" --arg after "${3:-}" --arg limit "${4:-100}" \
      '{$prefix, $after, limit: ($limit | tonumber)}')
    _gantry_ask state.list "$_gantry_params" . && _gantry_print
    ;;
  update)
    shift 2
    while :; do
      _gantry_ask state.get "$(jq -cn --arg key "$_gantry_key" '{$key}')" '.version // "", .value'
      _gantry_new=$(printf '%s' "${_gantry_answered#*"$_gantry_lf"}" | "$@") || exit 1
      if state set "$_gantry_key" "$_gantry_new" "${_gantry_answered%%"$_gantry_lf"*}" >/dev/null; then break; fi
    done
    printf '%s\n' "$_gantry_new"
    ;;
  *) fail INVALID_PARAMS "state $_gantry_verb: get, read, set, update, delete or list" ;;
  esac
}
_gantry_expected='(if $has == "" then {} else {ifVersion: (if $version == "" then null else $version end)} end)'

# artifact VERB NAME: named bytes of the run, which stay with it. Needs `services: [artifact]` and protocol `stream`; needs the
# program `base64`. Refusals as those of `state`.
#   put NAME [CONTENT_TYPE]   stores stdin, over an artifact of that name; prints {"id", "sizeBytes", "sha256"}
#   get NAME                  prints its bytes, piece by piece; `pieces` is the same
artifact() {
  _gantry_verb=$1 _gantry_key=${2:-}
  case $_gantry_verb in
  put)
    _gantry_params=$(jq -cn --arg name "$_gantry_key" --arg contentType "${3:-application/octet-stream}" '{$name, $contentType}')
    _gantry_next=$(_gantry_piece) _gantry_last=false
    while [ "$_gantry_last" = false ]; do
      _gantry_chunk=$_gantry_next _gantry_next=$(_gantry_piece)
      [ -n "$_gantry_next" ] || _gantry_last=true
      _gantry_ask artifact.put "${_gantry_params%?},\"chunk\":\"$_gantry_chunk\",\"last\":$_gantry_last}" '{id, sizeBytes, sha256}'
    done
    _gantry_print
    ;;
  get | pieces)
    _gantry_offset=0 _gantry_last=false
    while [ "$_gantry_last" = false ]; do
      _gantry_params=$(jq -cn --arg name "$_gantry_key" --arg offset "$_gantry_offset" '{$name, offset: ($offset | tonumber)}')
      # Base64 says how long the bytes are: four characters are three of them, but for the filling.
      _gantry_ask artifact.get "$_gantry_params" '(.chunk | length / 4 * 3 - ([match("=+$").length] | add // 0)), .last, .chunk'
      _gantry_size=${_gantry_answered%%"$_gantry_lf"*} _gantry_answered=${_gantry_answered#*"$_gantry_lf"}
      _gantry_last=${_gantry_answered%%"$_gantry_lf"*}
      [ "$_gantry_size" = 0 ] || printf '%s' "${_gantry_answered#*"$_gantry_lf"}" | base64 -d
      _gantry_offset=$((_gantry_offset + _gantry_size))
    done
    ;;
  *) fail INVALID_PARAMS "artifact $_gantry_verb: put or get" ;;
  esac
}

_gantry_piece() { head -c 196608 | base64 | tr -d '\n'; }

# _gantry_ask METHOD PARAMS FILTER: sends a request and reads what comes until its answer is there; what the filter makes of
# the result is then _gantry_answered. Returns 1 for CONFLICT; any other refusal ends the handler. Nobody else reads
# meanwhile: the loop of messages waits for the handler.
_gantry_ask() {
  [ -n "$_gantry_is_stream" ] || fail NOT_SUPPORTED "$1 needs \`protocol: stream\`"
  [ -n "$_gantry_run" ] || { echo "$1: only while a run is at work" && return 1; }
  read -r _gantry_asked 2>/dev/null </proc/sys/kernel/random/uuid || _gantry_asked=$$
  printf '{"jsonrpc":"2.0","id":"%s","method":"%s","params":{"id":%s,%s\n' "$_gantry_asked" "$1" "$_gantry_run" "${2#?}}" >&3
  _gantry_kind='' _gantry_of=''
  until [ "$_gantry_kind $_gantry_of" = "answer \"$_gantry_asked\"" ]; do
    { read -r _gantry_kind && read -r _gantry_of && read -r _gantry_nonce && read -r _gantry_length; } <&5 || exit 1
    _gantry_answered=$(head -c "$_gantry_length" <&5)
  done
  _gantry_answered=$(printf '%s' "$_gantry_answered" | jq -cr 'if .error
    then "\(.error.data.code // "rpc_error") \(.error.message | split("\n") | join(" "))"
    else "", (.result | '"$3"') end')
  _gantry_refused=${_gantry_answered%%"$_gantry_lf"*} _gantry_answered=${_gantry_answered#*"$_gantry_lf"}
  case $_gantry_refused in
  '') ;;
  'CONFLICT '*) return 1 ;;
  'UNAVAILABLE '* | 'BUSY '*) fail "${_gantry_refused%% *}" "$1: ${_gantry_refused#* }" retryable ;;
  *) fail "${_gantry_refused%% *}" "$1: ${_gantry_refused#* }" ;;
  esac
}

_gantry_print() { printf '%s\n' "$_gantry_answered"; }

# cancelled: never true in this shell: one that runs was not asked to stop, because being asked to ends it.
cancelled() { return 1; }

# run HANDLER [on_load=NAME] [on_shutdown=NAME] [metadata=NAME] [config_ui=NAME]: serves the host with these functions,
# then ends the process. A handler that fails makes an error result. The others are called under `stream` only: on_load
# with the config on stdin and in this shell, so that what it sets stays; the last two hand in an object by `result`.
run() {
  _gantry_handler=$1
  shift
  for _gantry_pair in "$@"; do
    case $_gantry_pair in
    on_load=* | on_shutdown=* | metadata=* | config_ui=*) eval "_gantry_${_gantry_pair%%=*}=\${_gantry_pair#*=}" ;;
    *) echo "run: unknown $_gantry_pair" && exit 64 ;;
    esac
  done
  _gantry_head=''
  until case $_gantry_head in *"$_gantry_lf"*) ;; *) [ ${#_gantry_head} -gt 65536 ] ;; esac; do
    # One read of what is there: `read` would take byte after byte, and every other program more than the line.
    _gantry_more=$(dd bs=65536 count=1 2>/dev/null && echo x)
    [ "$_gantry_more" != x ] || break
    _gantry_head=$_gantry_head${_gantry_more%x}
  done
  case ${_gantry_head%%"$_gantry_lf"*} in
  *'"jsonrpc"'*)
    if printf '%s' "${_gantry_head%%"$_gantry_lf"*}" | jq -e 'has("jsonrpc")' >/dev/null 2>&1; then _gantry_stream; fi
    ;;
  esac
  _gantry_request=$(printf '%s' "$_gantry_head" && cat)
  [ -n "$_gantry_request" ] || exit 0 # the host closed an idle sandbox: nothing was asked
  _gantry_serve
  printf '%s\n' "$_gantry_answer" >&3
  case $_gantry_answer in
  '{"status":"error"'*) [ "$_gantry_status" -gt 0 ] && exit "$_gantry_status" || exit 1 ;;
  esac
  exit 0
}

# Makes _gantry_answer, the result document, of _gantry_request.
_gantry_serve() {
  _gantry_status=0
  if [ -n "$_gantry_is_stream" ]; then _gantry_refused=''; elif # there, the line has been read as JSON already
    ! _gantry_refused=$(printf '%s' "$_gantry_request" | jq -rs "$_gantry_check" 2>&1); then
    _gantry_refused="invalid_request the request is not a JSON document: $_gantry_refused"
  fi
  if [ -n "$_gantry_refused" ]; then
    _gantry_answer=$(_gantry_error "${_gantry_refused%% *}" "${_gantry_refused#* }" false)
    return
  fi
  set +e
  _gantry_answer=$(_gantry_handle "$_gantry_handler")
  _gantry_status=$?
  _gantry_answer=$(printf '%s' "$_gantry_answer" | jq -cs --argjson code "$_gantry_status" "$_gantry_shape" 2>&1) ||
    _gantry_answer=$(_gantry_error invalid_result "the result is not JSON: $_gantry_answer" false)
}

# Answers one JSON-RPC line after the other. One jq takes the lines apart for the whole time: method, id, nonce and length
# on lines of their own, then the params. `feeder` is the program that must end for the end of it all.
_gantry_stream() {
  _gantry_is_stream=1 _gantry_tmp=''
  [ $$ -ne 1 ] || _gantry_tmp=/tmp # outside of a sandbox it is not ours to empty
  {
    printf '{"method":"feeder","id":%s}\n%s' "$(exec sh -c 'echo "$PPID"')" "$_gantry_head"
    exec cat
  } | jq -Rrj --unbuffered "$_gantry_apart" | while read -r _gantry_method; do
    read -r _gantry_id && read -r _gantry_nonce && read -r _gantry_length || exit 1
    _gantry_request=$(head -c "$_gantry_length")
    _gantry_take
  done
  exit 0
}

_gantry_take() {
  case $_gantry_method in
  feeder) _gantry_feeder=$_gantry_id ;;
  broken) _gantry_reply error '{"code":-32700,"message":"the line is no JSON-RPC message"}' ;;
  notification | answer) ;; # a `cancel`: the host ends a plugin that does not act on it; or nobody waits any more
  run)
    _gantry_run=$_gantry_id
    _gantry_serve
    _gantry_run=''
    for _gantry_left in ${_gantry_tmp:+"$_gantry_tmp"/* "$_gantry_tmp"/.[!.]* "$_gantry_tmp"/..?*}; do
      if [ -e "$_gantry_left" ] || [ -L "$_gantry_left" ]; then rm -rf -- "$_gantry_left" || :; fi
    done # before the answer, which says that the sandbox is clean
    _gantry_reply result "${_gantry_answer%?},\"nonce\":$_gantry_nonce}"
    ;;
  initialize)
    if _gantry_answer=$(printf '%s' "$_gantry_request" | jq -er 'select(.protocol | test("^1[.]")) | .tmp // ""'); then
      _gantry_tmp=${_gantry_answer:-$_gantry_tmp}
      _gantry_reply result "$(jq -cn --arg l "${_gantry_on_load:-}" --arg s "${_gantry_on_shutdown:-}" \
        --arg m "${_gantry_metadata:-}" --arg u "${_gantry_config_ui:-}" "$_gantry_capabilities")"
    else
      _gantry_failed -32000 'this SDK speaks protocol 1.x' unsupported_protocol
    fi
    ;;
  on_load | on_shutdown)
    eval "_gantry_function=\${_gantry_$_gantry_method:-:}"
    if "$_gantry_function" <<END; then _gantry_reply result '{}'; else _gantry_failed -32000 "$_gantry_function failed" exception; fi
$(printf '%s' "$_gantry_request" | jq -c '.config // {}')
END
    [ "$_gantry_method" = on_load ] || { kill -s PIPE "$_gantry_feeder" && exit 0; }
    ;;
  get_metadata | get_config_ui)
    eval "_gantry_function=\${_gantry_${_gantry_method#get_}:-}"
    if _gantry_answer=$([ -z "$_gantry_function" ] || "$_gantry_function" 4>&1 1>&2 </dev/null) &&
      _gantry_answer=$(printf '%s' "${_gantry_answer:-"{}"}" | jq -c .); then _gantry_reply result "$_gantry_answer"; else
      _gantry_failed -32000 "$_gantry_function failed" exception
    fi
    ;;
  *) _gantry_failed -32601 'unknown method' unknown_method ;;
  esac
}

_gantry_reply() { printf '{"jsonrpc":"2.0","id":%s,"%s":%s}\n' "$_gantry_id" "$1" "$2" >&3; }

_gantry_failed() { _gantry_reply error "{\"code\":$1,\"message\":\"$2\",\"data\":{\"code\":\"$3\"}}"; }

# The handler's own stdout becomes stderr; descriptor 4, where `result` writes, is what the caller captures; from 5 come
# the answers to what it asks.
_gantry_handle() {
  {
    printf '%s' "$_gantry_request" 2>/dev/null | (
      [ -n "$_gantry_is_stream" ] || exec 3>&- 5<&-
      set -e
      "$1"
    )
  } 5<&0 4>&1 1>&2
}

_gantry_error() {
  jq -cn --arg code "$1" --arg message "$2" --argjson retryable "$3" \
    '{status: "error", error: {code: $code, message: $message, retryable: $retryable}}'
}

_gantry_apart='
  (try fromjson catch null) as $line
  | if ($line | type) != "object" then ["broken", null, null, {}]
    elif $line | has("id") | not then ["notification", null, null, {}]
    elif $line | has("method") | not then ["answer", $line.id, null, $line]
    elif ($line.method | type) != "string" or ($line.method | test("^[a-z_]+$") | not) then ["unknown", $line.id, null, {}]
    else [$line.method, $line.id, $line.params.invocation?.nonce?, $line.params // {}] end
  | (if .[0] == "run" then {protocol: "1.0", method: "run"} else {} end + .[3] | tojson) as $params
  | "\(.[0])\n\(.[1] | tojson)\n\(.[2] | tojson)\n\($params | utf8bytelength)\n\($params)"'

_gantry_capabilities='{protocol: "1.0", ready: true, capabilities: {cancel: false, concurrency: false, reuse: ["warm"],
  onLoad: ($l != ""), onShutdown: ($s != ""), metadata: ($m != ""), configUi: ($u != "")}}'

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
