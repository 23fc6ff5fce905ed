"""A stream plugin that says of itself what its first argument names: `answer` both, `large` 1 MiB of facts, `silent` nothing at all."""
import json
import sys

HOW = sys.argv[1]
ANSWERS = {
    "get_metadata": {"how": HOW, "text": "x" * (1024 * 1024 if HOW == "large" else 1)},
    "get_config_ui": {"schema": {"type": "object"}, "hints": {"how": HOW}},
}
CAPABILITIES = {"metadata": True, "configUi": True}

for line in sys.stdin:
    message = json.loads(line)
    method = message["method"]
    if method in ANSWERS and HOW == "silent":
        continue
    result = ANSWERS.get(method)
    if method == "initialize":
        result = {"protocol": "1.0", "ready": True, "capabilities": CAPABILITIES}
    if method == "run":
        result = {"nonce": message["params"]["invocation"]["nonce"], "status": "success", "data": {"how": HOW}}
    print(json.dumps({"jsonrpc": "2.0", "id": message["id"], "result": result}), flush=True)
