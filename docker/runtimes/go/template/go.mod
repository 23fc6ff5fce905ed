module gantry.local/PLUGIN_NAME

go 1.21
