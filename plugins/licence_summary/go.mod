module licence_summary

go 1.21
