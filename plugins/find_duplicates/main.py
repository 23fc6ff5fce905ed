# Names that are installed in more than one version, from the list `parse_lockfile` made. Runs beside `licence_summary`.
from collections import defaultdict

from gantry import fail, run


def handle(request):
    installed = request.context["data"].get("installed")
    if installed is None:
        fail("nothing_parsed", "the data has no `installed` list: the hook `parse` has to run first")
    versions = defaultdict(set)
    for package in installed:
        versions[package["name"]].add(package["version"])
    return {
        "duplicates": [
            {"name": name, "versions": sorted(found)} for name, found in sorted(versions.items()) if len(found) > 1
        ]
    }


run(handle)
