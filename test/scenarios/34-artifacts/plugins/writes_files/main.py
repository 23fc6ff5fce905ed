import io

from gantry import PluginError, artifact, run


def refused(change):
    try:
        return change()
    except PluginError as error:
        return error.code


def handle(request):
    first = artifact.put("table.csv", "day,rows\n1,7\n", "text/csv")
    again = artifact.put("table.csv", "day,rows\n1,8\n", "text/csv")
    million = artifact.put("million.bin", io.BytesIO(bytes(range(250)) * 4000))
    return {
        "sizes": [first["sizeBytes"], again["sizeBytes"], million["sizeBytes"], artifact.put("empty", b"")["sizeBytes"]],
        "sha256": million["sha256"],
        "path": refused(lambda: artifact.put("../table.csv", "x")),
        "type": refused(lambda: artifact.put("page.html", "x", "text/html; charset=utf-8")),
        "absent": refused(lambda: artifact.get("absent.csv")),
    }


run(handle)
