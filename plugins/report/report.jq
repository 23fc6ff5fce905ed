# stdin is the run's data; what this prints is the report. Null where an analysis did not run, never a made-up zero.
{
  totals: {
    packages: (.installed | length),
    dev: (.installed | map(select(.dev)) | length),
    duplicated: (if .duplicates then (.duplicates | length) else null end)
  },
  duplicates,
  licences
}
