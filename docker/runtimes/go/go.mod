module gantry

go 1.21
