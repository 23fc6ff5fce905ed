# The totals of the lockfile report, computed straight from a package-lock.json and sharing no code with the plugins.
def installed: .packages | to_entries | map(select((.key | test("node_modules/")) and (.value.link | not)));
def name: .value.name // (.key | sub("^.*node_modules/"; ""));
{
  packages: (installed | length),
  dev: ([installed[] | select(.value.dev == true)] | length),
  duplicated: (
    [installed[] | {name: name, version: .value.version}]
    | unique | group_by(.name) | map(select(length > 1)) | length
  )
}
